"""The options of `tlsmith scan`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from tlsmith.scan.finding import SEVERITIES
from tlsmith.scan.reporters import FORMATS

_Command = TypeVar("_Command", bound=Callable[..., Any])
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def _size(_: click.Context, option: click.Parameter, value: str) -> int:
    """Return the bytes that `1M` or the like means."""
    found = re.fullmatch(r"(\d+)([kmg]?)i?b?", value.strip().lower())
    if found is None or int(found[1]) == 0:
        raise click.BadParameter(f"{value!r} is not a size such as 1M", param=option)
    return int(found[1]) * _UNITS[found[2]]


class _Paths(click.Argument):
    """The paths, which are no part of how the commands below are called."""

    def get_usage_pieces(self, _: click.Context) -> list[str]:
        return []


_OPTIONS = (
    click.argument("paths", metavar="[PATH]...", nargs=-1, cls=_Paths),
    click.option(
        "--format", "form", type=click.Choice(FORMATS), help="How to tell findings."
    ),
    click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
    click.option("--output", metavar="FILE", help="Write the findings into this file."),
    click.option(
        "--fail-on",
        type=click.Choice([*SEVERITIES, "never"]),
        help="Exit with 1 from this severity on.  [default: low]",
    ),
    click.option(
        "--min-severity",
        type=click.Choice(SEVERITIES),
        help="Leave out what is less severe.",
    ),
    click.option(
        "--rule",
        "only",
        metavar="ID",
        multiple=True,
        help="Ask this rule only; `python-*` is several. May be repeated.",
    ),
    click.option(
        "--exclude-rule",
        "without",
        metavar="ID",
        multiple=True,
        help="Do not ask this rule. May be repeated.",
    ),
    click.option(
        "--exclude",
        metavar="GLOB",
        multiple=True,
        help="Leave these files out, written as in .gitignore. May be repeated.",
    ),
    click.option(
        "--max-size",
        metavar="SIZE",
        default="1M",
        show_default=True,
        callback=_size,
        help="Leave larger files out.",
    ),
    click.option(
        "--no-ignore", is_flag=True, help="Read what .gitignore leaves out as well."
    ),
    click.option(
        "--jobs",
        metavar="N",
        type=click.IntRange(min=1, max=256),
        help="How many processes to use; as many as there are cores if not given.",
    ),
    click.option(
        "--no-cache",
        is_flag=True,
        help="Judge files again that have not changed since the last scan.",
    ),
    click.option(
        "--changed-since", metavar="REV", help="Only files changed since this revision."
    ),
    click.option("--staged", is_flag=True, help="Only what is staged for a commit."),
    click.option(
        "--history", is_flag=True, help="Every commit, not only what is there now."
    ),
    click.option(
        "--env",
        is_flag=True,
        help="This environment, and the configuration of this person and machine.",
    ),
    click.option(
        "--process", is_flag=True, help="Environments and command lines of processes."
    ),
    click.option(
        "--stdin-name",
        metavar="NAME",
        default="-",
        help="What standard input is called, which tells its language.",
    ),
    click.option(
        "--baseline", metavar="FILE", help="Tell only what this file does not know."
    ),
    click.option(
        "--write-baseline", metavar="FILE", help="Write what is found into a baseline."
    ),
    click.option("--fix", is_flag=True, help="Mend what can safely be mended."),
    click.option("--dry-run", is_flag=True, help="With --fix: show, change nothing."),
    click.option("--yes", is_flag=True, help="With --fix: do not ask."),
    click.option(
        "--prove",
        metavar="URL",
        help="Connect, and tell whether it works with verification on.",
    ),
    click.option("--config", metavar="FILE", help="Take the settings from this file."),
    click.option("--no-config", is_flag=True, help="Look for no settings."),
    click.option(
        "--show-suppressed", is_flag=True, help="Tell what comments leave alone too."
    ),
    click.option("--verbose", is_flag=True, help="Name each file that was skipped."),
)


def scan_options(command: _Command) -> _Command:
    """Give a command the argument and options of a scan, in their order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
