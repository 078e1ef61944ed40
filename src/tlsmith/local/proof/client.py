"""A client: a program that connects to a TLS server, and what it reads roots from."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

# What a program of ours exits with where what it needs is not installed.
NOT_HERE = 77
PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
# An HTTP request, for those that send what they are given.
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


class Client(NamedTuple):
    """A program that asks a server for a page, if it accepts its certificate.

    Args:
        command: its arguments, the first the program; {url}, {host}, {port} and
            {scratch}, a folder of its own, are filled in.
        store: where its roots are when no variable says otherwise: "system", "java",
            "nss", or "own" for those it brings along.
        variables: those that say which roots it reads; the first that is set wins.
        message: what to show of what it says when it does not accept; group 1.
        typed: its standard input.
        settings: variables to start it with, filled in as well.
        place: the store's own place, where there are several: a keystore, a profile.
        stays: it shows an error and stays: it is ended once the server has seen it.
        prepare: makes what it needs in its {scratch} folder, for the {url}.
    """

    name: str
    command: tuple[str, ...]
    store: str
    variables: tuple[str, ...] = ()
    message: str = r"(.+)"
    typed: bytes = b""
    settings: tuple[tuple[str, str], ...] = ()
    place: str = ""
    stays: bool = False
    prepare: Callable[[str, str], None] | None = None

    def words(self, port: int, host: str, scratch: str) -> list[str]:
        """Return its command, filled in."""
        return [_fill(word, port, host, scratch) for word in self.command]

    def surroundings(self, port: int, host: str, scratch: str) -> dict[str, str]:
        """Return the variables to start it with, filled in."""
        return {
            name: _fill(value, port, host, scratch) for name, value in self.settings
        }


def url_of(host: str, port: int) -> str:
    """Return the address of a page on our server."""
    return f"https://{host}:{port}/"


def program(name: str) -> str:
    """Return where a program of ours is."""
    return os.path.join(PROGRAMS, name)


def _fill(word: str, port: int, host: str, scratch: str) -> str:
    return (
        word.replace("{port}", str(port))
        .replace("{url}", url_of(host, port))
        .replace("{host}", host)
        .replace("{scratch}", scratch)
    )
