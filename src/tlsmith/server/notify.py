"""Telling systemd how it goes (sd_notify)."""

from __future__ import annotations

import os
import socket


def notify(*lines: str) -> None:
    """Send lines such as "READY=1" to whoever supervises us, if anybody does."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if not where or not hasattr(socket, "AF_UNIX"):
        return
    if where.startswith("@"):  # the abstract name space
        where = "\0" + where[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        try:
            channel.sendto("\n".join(lines).encode(), where)
        except OSError:
            return  # nobody listens any more: our work goes on


def watchdog_seconds() -> float | None:
    """Return how often systemd wants to hear from us, or None."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal():
        return None
    return int(microseconds) / 1_000_000 / 2
