"""What the options of `tlsmith trust` say, common to its commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from tlsmith.cli.trust_host import chosen_host
from tlsmith.truststores import Host, Outcome, Root, TrustStore
from tlsmith.truststores.changes import of_use
from tlsmith.truststores.outcome import absent


@dataclass(frozen=True)
class Choice:
    """What the options say, common to all three commands.

    Args:
        names: of stores; empty for all.
        root_file: None for the local CA's root.
        env: the person's environment as well.
        registries: those whose folders are to be made, HOST or HOST:PORT.
    """

    names: tuple[str, ...]
    root_file: str | None
    as_json: bool
    env: bool = False
    dry_run: bool = False
    yes: bool = False
    directory: str | None = None
    registries: tuple[str, ...] = ()

    def host(self) -> Host:
        """Return the machine that is meant, or the image."""
        return chosen_host(self.names, self.directory, env=self.env)


def choice_options(*, dry_run: bool) -> Callable[[Any], Any]:
    """Return what gives a command these options."""
    options = [
        click.option(
            "--store",
            "names",
            multiple=True,
            metavar="NAME",
            help="Only this store: debian, alpine, rhel, arch, suse, macos, windows, "
            "wsl, java, nss, firefox, docker, env; system is the system's own, "
            "whichever it is. May be repeated.",
        ),
        click.option(
            "--root",
            "root_file",
            metavar="FILE",
            help="A root certificate instead of the local CA's.",
        ),
        click.option(
            "--env",
            is_flag=True,
            help="The variables of your programs too: shell profiles, systemd's "
            "environment.d, Windows' user environment.",
        ),
        click.option(
            "--dir",
            "directory",
            metavar="ROOTFS",
            help="An unpacked image or chroot instead of this machine: its system's "
            "store and its Javas. Nothing in it is run.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print facts as JSON."),
    ]
    if dry_run:
        options += [
            click.option(
                "--dry-run", is_flag=True, help="Say what would be done, and stop."
            ),
            click.option("--yes", is_flag=True, help="Ask nothing: the answer is yes."),
        ]

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def missing(
    choice: Choice, stores: Sequence[TrustStore], roots: Sequence[Root]
) -> list[Outcome]:
    """Return an outcome for each store that was named and is not on this machine."""
    there = {
        word
        for store, _ in of_use(stores, roots)
        for word in (store.name, store.family)
    }
    return [
        absent(name, root)
        for name in choice.names
        if name not in there
        for root in roots
    ]
