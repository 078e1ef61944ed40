"""Which files set a person's variables, and in which syntax."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tlsmith.truststores.base import Host
from tlsmith.truststores.quoting import assignments

SYSTEMD_FILE, FISH_FILE = "environment.d/50-tlsmith.conf", "fish/conf.d/tlsmith.fish"


@dataclass(frozen=True)
class Syntax:
    """How a kind of file sets variables, where a file they lead to can be read.

    Args:
        start: what asks for that; {file} is the file as a variable's value.
    """

    shell: str
    start: str = ""
    stop: str = ""

    def body(self, values: Mapping[str, str], file: str) -> str:
        """Return the lines that set `values`; none where `file` cannot be read."""
        lines = assignments(values, self.shell)
        if not self.start:
            return lines
        # The path, quoted as the shell has it.
        line = assignments({"X": file}, self.shell).rstrip("\n")
        quoted = line[line.index("'") :]
        return f"{self.start.replace('{file}', quoted)}\n{lines}{self.stop}\n"


_SH = Syntax("sh", "if [ -r {file} ]; then", "fi")
_FISH = Syntax("fish", "if test -r {file}", "end")
_SYSTEMD = Syntax("systemd")


def syntax_of(place: str) -> Syntax:
    """Return how the file at `place` sets variables."""
    if place.endswith(".fish"):
        return _FISH
    return _SYSTEMD if place.endswith(".conf") else _SH


def profile_places(host: Host, *, existing: bool = False) -> list[str]:
    """Return the files that should set a person's variables, each file once.

    Args:
        existing: only, and all, those that are there.
    """
    wanted = _candidates(host)
    if existing:
        wanted = {place: os.path.isfile(place) for place in wanted}
    found: dict[str, str] = {}
    for place, is_wanted in wanted.items():
        if is_wanted:
            found.setdefault(os.path.realpath(place), place)
    return list(found.values())


def targets_of_all(host: Host) -> frozenset[str]:
    """Return every file that we may ever write, links followed."""
    return frozenset(os.path.realpath(place) for place in _candidates(host))


def _candidates(host: Host) -> dict[str, bool]:
    """Return each file that may set a person's variables, and whether it should."""
    settings = host.environment.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(settings):
        settings = host.at_home(".config")
    zsh = host.environment.get("ZDOTDIR", "")
    zsh = os.path.join(zsh if os.path.isabs(zsh) else host.home, ".zshenv")
    fish = os.path.join(settings, FISH_FILE)
    return {
        host.at_home(".profile"): True,
        # Each that is there keeps bash from reading those behind it.
        host.at_home(".bash_profile"): os.path.exists(host.at_home(".bash_profile")),
        host.at_home(".bash_login"): os.path.exists(host.at_home(".bash_login")),
        zsh: os.path.exists(zsh) or host.runner.find("zsh") is not None,
        fish: os.path.isdir(os.path.join(settings, "fish"))
        or host.runner.find("fish") is not None,
        os.path.join(settings, SYSTEMD_FILE): os.path.isdir(
            host.path("/usr/lib/systemd/user")
        ),
    }
