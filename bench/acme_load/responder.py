"""The network that servers look at: a resolver, and a web server for http-01.

Every name has one address, a loopback one, where a web server answers any token with
the key authorization of the account whose number the name carries. So nothing is to be
told to it, and what servers validate is real.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket

from .account import Account
from .loop import Loop

# Of this process, so that nothing else listens there.
ADDRESS = f"127.77.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"

_ASKED = re.compile(
    rb"GET (?:http://[^/ ]+)?/\.well-known/acme-challenge/([\w-]+) .*?"
    rb"\r\nhost: *n\d+\.a(\d+)\.",
    re.IGNORECASE | re.DOTALL,
)
_A = b"\x00\x01"
_RECORD = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + socket.inet_aton(
    ADDRESS
)


def name_for(number: int, account: Account) -> str:
    """Return the name of an order, which tells the responder whose it is."""
    return f"n{number:07}.a{account.number}.corp.example"


class Resolver:
    """Answers every A with one address, and everything else with nothing."""

    def __init__(self, loop: Loop) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, _port(53)))
        self.address = "{}:{}".format(*self._socket.getsockname())
        loop.add(self._socket.fileno(), self._read)

    def _read(self) -> None:
        query, client = self._socket.recvfrom(1500)
        end = query.index(0, 12) + 5
        found = query[end - 4 : end - 2] == _A
        head = (
            query[:2] + b"\x81\x80\x00\x01\x00" + bytes([found]) + b"\x00\x00\x00\x00"
        )
        answer = head + query[12:end] + (_RECORD if found else b"")
        self._socket.sendto(answer, client)


class Responder:
    """Answers challenges of http-01 (RFC 8555 section 8.3)."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._thumbprints: list[str] = []
        self._listening = socket.create_server((ADDRESS, _port(80)), backlog=1024)
        self._listening.setblocking(False)
        self.port: int = self._listening.getsockname()[1]
        self.answered = 0
        loop.add(self._listening.fileno(), self._accept)

    def new_account(self) -> Account:
        account = Account(len(self._thumbprints))
        self._thumbprints.append(account.thumbprint)
        return account

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            client, _ = self._listening.accept()
            client.setblocking(False)
            # Mostly the request has come with the connection.
            if self._answer(client):
                client.close()
            else:
                self._loop.add(client.fileno(), lambda: self._read(client))

    def _read(self, client: socket.socket) -> None:
        if self._answer(client):
            self._loop.remove(client.fileno())
            client.close()

    def _answer(self, client: socket.socket) -> bool:
        """Answer if the request is there, and tell whether the connection is over."""
        try:
            # One small packet, as every server here sends it.
            request = client.recv(4096)
        except BlockingIOError:
            return False
        asked = _ASKED.match(request)
        if asked:
            token, account = asked[1].decode("ascii"), int(asked[2])
            body = f"{token}.{self._thumbprints[account]}"
            self.answered += 1
            client.send(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body.encode("ascii"))
            )
        return True


def _port(usual: int) -> int:
    """Return a port: the usual one, which some servers insist on, if root runs this."""
    return usual if os.geteuid() == 0 else 0
