"""Passphrases: from a prompt, a file or the environment, never from an argument."""

import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import click

from tlsmith.errors import PassphraseError
from tlsmith.files import read_file


class PassphraseSource(NamedTuple):
    """Where a passphrase is to come from; at most one of the three.

    Args:
        prefix: what its options start with, as in --in-passphrase-file.
    """

    file: str | None = None
    variable: str | None = None
    prompt: bool = False
    prefix: str = ""

    @property
    def is_named(self) -> bool:
        """Whether the person said where it is."""
        return self.file is not None or self.variable is not None or self.prompt

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
                hint=f"give one of {self.options}",
            )
        if self.file is not None:
            return _checked(_first_line(read_file(self.file)), f"file {self.file!r}")
        if self.variable is not None:
            value = os.environ.get(self.variable, "")
            # The bytes as they are, whether or not they are text.
            return _checked(os.fsencode(value), f"variable {self.variable!r}")
        if self.prompt:
            return ask_passphrase(purpose, confirm=confirm, prefix=self.prefix)
        return None

    @property
    def options(self) -> str:
        """The options that name a source."""
        return ", ".join(
            f"--{self.prefix}passphrase-{way}" for way in ("file", "env", "prompt")
        )


def passphrase_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the three ways to give a passphrase to a command."""
    return _add_options(command, "", "the passphrase")


def input_passphrase_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the three ways to give the passphrase of what is read: --in-passphrase-*."""
    return _add_options(command, "in-", "the passphrase of what is read")


def _add_options(
    command: Callable[..., Any], prefix: str, what: str
) -> Callable[..., Any]:
    for option in (
        click.option(
            f"--{prefix}passphrase-prompt", is_flag=True, help=f"Ask for {what}."
        ),
        click.option(
            f"--{prefix}passphrase-env",
            metavar="NAME",
            help=f"Environment variable that holds {what}.",
        ),
        click.option(
            f"--{prefix}passphrase-file",
            metavar="FILE",
            help=f"File whose first line is {what}.",
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


def ask_passphrase(purpose: str, *, confirm: bool = False, prefix: str = "") -> bytes:
    """Ask for a passphrase on the terminal.

    Args:
        purpose: what it is for, such as "the new key".
        confirm: ask twice.
        prefix: of the options that would do instead.

    Raises:
        PassphraseError: there is no terminal, or nothing was typed.
    """
    if not sys.stdin.isatty():
        raise PassphraseError(
            f"no terminal to ask for the passphrase of {purpose}",
            hint=f"use --{prefix}passphrase-file or --{prefix}passphrase-env",
        )
    value: str = click.prompt(
        f"Passphrase for {purpose}",
        hide_input=True,
        confirmation_prompt=confirm,
        err=True,
    )
    return _checked(value.encode(), "the prompt")
