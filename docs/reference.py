"""Write docs/commands.md: every command's own help. A test compares the two.

Run it after changing a command: `.venv/bin/python docs/reference.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from tlsmith.cli.commands import overview
from tlsmith.cli.run import CONTEXT, tlsmith

TARGET = Path(__file__).with_name("commands.md")


def commands(
    group: click.Group, context: click.Context
) -> Iterator[tuple[click.Command, click.Context]]:
    """Yield every command below `group`, with its context, in the order shown."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        below = click.Context(command, context, info_name=name, **CONTEXT)
        yield command, below
        if isinstance(command, click.Group):
            yield from commands(command, below)


def every_command() -> list[tuple[click.Command, click.Context]]:
    """Return every command of `tlsmith`, with its context."""
    context = click.Context(tlsmith, info_name="tlsmith", **CONTEXT)
    return list(commands(tlsmith, context))


def render() -> str:
    """Return the text of docs/commands.md."""
    parts = [
        "# Commands",
        "Written by `docs/reference.py` from the commands' own help.",
        f"```text\n{overview().rstrip()}\n```",
    ]
    for command, context in every_command():
        parts.append(f"## `{context.command_path}`")
        parts.append(f"```text\n{command.get_help(context).rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
