"""Every client that is on this machine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tlsmith.local.proof.browsers import browser_clients
from tlsmith.local.proof.cargo import cargo_client
from tlsmith.local.proof.client import Client
from tlsmith.local.proof.runtimes import java_clients, on_path, python_clients
from tlsmith.local.proof.tools import TOOLS
from tlsmith.truststores.base import Host
from tlsmith.truststores.java import java_homes


def clients_here(host: Host) -> list[Client]:
    """Return every client of a person, those that take longest first.

    Starting early what takes long is what makes the whole shorter.
    """
    path = host.environment.get("PATH", "")
    found = [
        *browser_clients(host),
        *java_clients(java_homes(host)),
        *every_one([cargo_client(host.home, host.environment), *TOOLS], path),
        *python_clients(host.environment),
    ]
    return _distinct(found)


def every_one(tools: Iterable[Client], path: str) -> list[Client]:
    """Return each tool that is on PATH, as often as there are different ones."""
    return [
        tool._replace(command=(place, *tool.command[1:]))
        for tool in tools
        for place in on_path(path, _named(tool.command[0]))
    ]


def _named(program: str) -> re.Pattern[str]:
    return re.compile(re.escape(program) + r"(?:\.(?:exe|cmd))?")


def _distinct(clients: list[Client]) -> list[Client]:
    """Return the clients with the program beside each name that occurs twice."""
    counts = Counter(client.name for client in clients)
    return [
        client
        if counts[client.name] == 1
        else client._replace(name=f"{client.name} ({client.command[0]})")
        for client in clients
    ]
