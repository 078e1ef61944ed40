"""Passphrases: from a prompt, a file or the environment, never from an argument."""

import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import click

from tlsmith.errors import PassphraseError
from tlsmith.files import read_file


class PassphraseSource(NamedTuple):
    """Where a passphrase is to come from; at most one of the three."""

    file: str | None = None
    variable: str | None = None
    prompt: bool = False

    def read(self, purpose: str, *, confirm: bool = False) -> bytes | None:
        """Return the passphrase, or None where no source was named.

        Args:
            purpose: what the prompt says it is for, such as "the new key".
            confirm: ask twice, for a passphrase that is new.

        Raises:
            PassphraseError: it is empty, unset, or two sources were named.
        """
        if sum((self.file is not None, self.variable is not None, self.prompt)) > 1:
            raise PassphraseError(
                "more than one source of a passphrase",
                hint="give one of --passphrase-file, --passphrase-env, "
                "--passphrase-prompt",
            )
        if self.file is not None:
            return _checked(_first_line(read_file(self.file)), f"file {self.file!r}")
        if self.variable is not None:
            value = os.environ.get(self.variable, "")
            return _checked(value.encode(), f"variable {self.variable!r}")
        if self.prompt:
            return _ask(purpose, confirm=confirm)
        return None


def passphrase_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the three ways to give a passphrase to a command."""
    for option in (
        click.option(
            "--passphrase-prompt", is_flag=True, help="Ask for the passphrase."
        ),
        click.option(
            "--passphrase-env",
            metavar="NAME",
            help="Environment variable that holds the passphrase.",
        ),
        click.option(
            "--passphrase-file",
            metavar="FILE",
            help="File whose first line is the passphrase.",
        ),
    ):
        command = option(command)
    return command


def _first_line(data: bytes) -> bytes:
    return data.split(b"\n", 1)[0].removesuffix(b"\r")


def _checked(value: bytes, source: str) -> bytes:
    if not value:
        raise PassphraseError(
            f"the passphrase in {source} is empty or not set",
            hint="put the passphrase there, on one line",
        )
    return value


def _ask(purpose: str, *, confirm: bool) -> bytes:
    if not sys.stdin.isatty():
        raise PassphraseError(
            f"no terminal to ask for the passphrase of {purpose}",
            hint="use --passphrase-file or --passphrase-env",
        )
    value: str = click.prompt(
        f"Passphrase for {purpose}",
        hide_input=True,
        confirmation_prompt=confirm,
        err=True,
    )
    return _checked(value.encode(), "the prompt")
