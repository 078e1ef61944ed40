"""Which machine or image `tlsmith trust` works on, and what to say of it."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from tlsmith.cli.output import say, warn
from tlsmith.cli.trust_environment import is_meant
from tlsmith.truststores import Host, Outcome, current_host, image_host
from tlsmith.truststores.image import FAMILIES
from tlsmith.truststores.registry import choose
from tlsmith.truststores.systems import advice

# Daemons, and what is there while they run.
_LATE_READERS = (
    ("containerd", "/run/containerd/containerd.sock"),
    ("docker", "/run/docker.sock"),
)


def chosen_host(names: Sequence[str], directory: str | None, *, env: bool) -> Host:
    """Return this machine, or the image in `directory`.

    Args:
        names: of stores; empty for all.
        env: the variables of a person's programs are meant too.

    Raises:
        UsageError: what is meant is not an image's.
        InputError: there is no such image.
    """
    if directory is None:
        return current_host()
    if is_meant(names, env=env):
        raise click.UsageError(
            "--env sets variables of yours, and --dir is about an image: "
            "`tlsmith env --shell docker` prints those for an image"
        )
    foreign = [kind for kind in choose(names) if kind.family not in FAMILIES]
    if names and foreign:
        raise click.UsageError(
            f"{foreign[0].name!r} is a person's store: an image has those of its "
            "system and of Java"
        )
    return image_host(directory, current_host())


def tell_of_unknown_system(host: Host) -> None:
    """Say so where the system's own store is none that we know, with what to do."""
    found = None if host.image else advice(host)
    if found is not None:
        name, hint = found
        warn(f"tlsmith does not know the trust store of {name}: {hint}")


def say_who_reads_it_late(outcomes: Sequence[Outcome], host: Host) -> None:
    """Tell of daemons that read the system's store at their start alone."""
    is_system = {kind.name for kind in choose(["system"])}
    if host.image or not any(o.changed and o.store in is_system for o in outcomes):
        return
    running = [name for name, sign in _LATE_READERS if os.path.exists(host.path(sign))]
    if running:
        say(
            f"{' and '.join(running)} read the system's store at their start: "
            f"systemctl restart {' '.join(running)}"
        )
