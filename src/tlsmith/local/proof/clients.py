"""Every client that is on this machine."""

from __future__ import annotations

from collections import Counter

from tlsmith.local.proof.browsers import browser_clients
from tlsmith.local.proof.client import Client
from tlsmith.local.proof.engine import present
from tlsmith.local.proof.runtimes import cargo_client, java_clients, python_clients
from tlsmith.local.proof.tools import TOOLS
from tlsmith.truststores.base import Host
from tlsmith.truststores.java import java_homes


def clients_here(host: Host) -> list[Client]:
    """Return every client of a person, those that take longest first.

    Starting early what takes long is what makes the whole shorter.
    """
    found = [
        *browser_clients(host),
        *java_clients(java_homes(host)),
        *present(
            [cargo_client(host.home, host.environment), *TOOLS],
            host.environment.get("PATH", ""),
        ),
        *python_clients(host.environment),
    ]
    return _distinct(found)


def _distinct(clients: list[Client]) -> list[Client]:
    """Return the clients with the program beside each name that occurs twice."""
    counts = Counter(client.name for client in clients)
    return [
        client
        if counts[client.name] == 1
        else client._replace(name=f"{client.name} ({client.command[0]})")
        for client in clients
    ]
