"""A DNS server over UDP and TCP for tests, with records set while it runs.

    with DNSServer() as dns:
        dns.set("www.test", "A", "127.0.0.1")
        dns.set("_acme-challenge.www.test", "TXT", "one", "two")

As a program, which tells its ports on a line of standard output, and whose records
ACME clients' hooks set with curl as they would pebble-challtestsrv's:

    python tests/dns_server.py --port 8053 --control-port 8055 --ipv4 127.0.0.1
    curl -d '{"host":"_acme-challenge.www.test.", "value":"..."}' \
        http://127.0.0.1:8055/set-txt
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

_MOST_ALIASES = 20


def _key(name: str) -> str:
    return name.rstrip(".").lower()


class DNSServer:
    """Answers like a resolver: follows aliases, and knows only what it was told.

    What behaves oddly is set by name: `failing` (to an rcode such as "SERVFAIL"),
    `silent`, `truncated` (over UDP: come again over TCP), `unreadable` (answers bytes
    that are no DNS). Each is a set or dict of names in lower case without a final dot.

    Args:
        host: address to listen on.
        port: of both UDP and TCP; 0 for a free one.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host, self.port = host, port
        self.default_ipv4 = self.default_ipv6 = ""
        self.failing: dict[str, str] = {}
        self.silent: set[str] = set()
        self.truncated: set[str] = set()
        self.unreadable: set[str] = set()
        # Leave following aliases to who asks, as some forwarders do.
        self.follows_aliases = True
        # Old servers do not know EDNS, and say FORMERR.
        self.knows_edns = True
        # Called with each UDP answer, gives what is sent instead, in order.
        self.tamper: Callable[[bytes], list[bytes]] = lambda wire: [wire]
        # The same for TCP; what is shorter than it was ends the connection.
        self.tamper_tcp: Callable[[bytes], bytes] = lambda wire: wire
        # Called with the address each UDP query comes from.
        self.on_client: Callable[[Any], object] = lambda _: None
        # (name, type, "udp" or "tcp") of each query, the latest ones.
        self.queries: deque[tuple[str, str, str]] = deque(maxlen=10_000)
        self._records: dict[str, dict[str, list[list[str]]]] = {}
        self._ready: dict[bytes, bytes] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._sockets: list[socket.socket] = []

    # Records.

    def set(self, name: str, kind: str, *values: str) -> None:
        """Let a name have these records of a type and no others; none for none."""
        self.sequence(name, kind, list(values))

    def sequence(self, name: str, kind: str, *turns: list[str]) -> None:
        """Let a name have other records at each query, the last ones from then on."""
        self._records.setdefault(_key(name), {})[kind] = [list(turn) for turn in turns]
        self._ready.clear()

    def add(self, name: str, kind: str, *values: str) -> None:
        """Give a name further records of a type."""
        self.set(name, kind, *self.held(name, kind), *values)

    def clear(self, name: str, kind: str | None = None) -> None:
        """Take a name's records of a type, or all, away."""
        if kind is None:
            self._records.pop(_key(name), None)
        else:
            records = self._records.get(_key(name), {})
            records.pop(kind, None)
            if not records:
                self._records.pop(_key(name), None)
        self._ready.clear()

    def held(self, name: str, kind: str) -> list[str]:
        """Return the records of a type a name has."""
        return list(self._records.get(_key(name), {}).get(kind, [[]])[-1])

    def flush(self) -> None:
        """Let what was set by attributes count for queries answered before."""
        self._ready.clear()

    def forget(self) -> None:
        """Forget everything that was set."""
        self._records.clear()
        for odd in (self.failing, self.silent, self.truncated, self.unreadable):
            odd.clear()
        self.default_ipv4 = self.default_ipv6 = ""
        self.follows_aliases = self.knows_edns = True
        self.tamper = lambda wire: [wire]
        self.tamper_tcp = lambda wire: wire
        self.on_client = lambda _: None
        self.queries.clear()
        self._ready.clear()

    def asked(self, name: str) -> list[str]:
        """Return the types a name was asked for, in order."""
        return [kind for host, kind, _ in list(self.queries) if host == _key(name)]

    # Running.

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    def start(self) -> Self:
        self._bind()
        started = threading.Event()
        self._loop.call_soon(started.set)
        self._thread.start()
        started.wait(10)
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)
        return self

    def stop(self) -> None:
        async def end() -> None:
            self._server.close()
            self._transport.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _bind(self) -> None:
        """Take a port that is free for both UDP and TCP."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        for attempt in range(50):
            stream = socket.create_server((self.host, self.port), family=family)
            datagrams = socket.socket(family, socket.SOCK_DGRAM)
            try:
                datagrams.bind((self.host, stream.getsockname()[1]))
            except OSError:
                stream.close()
                datagrams.close()
                if self.port or attempt == 49:
                    raise
                continue
            self.port = stream.getsockname()[1]
            self._sockets = [stream, datagrams]
            return

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _serve(self) -> None:
        stream, datagrams = self._sockets
        stream.setblocking(False)
        datagrams.setblocking(False)
        self._server = await asyncio.start_server(self._converse, sock=stream)
        self._transport, _ = await self._loop.create_datagram_endpoint(
            lambda: _Datagrams(self), sock=datagrams
        )

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                answer = self.answer(await reader.readexactly(size), "tcp")
                if answer is not None:
                    sent = self.tamper_tcp(answer)
                    writer.write(len(answer).to_bytes(2, "big") + sent)
                    if len(sent) < len(answer):
                        writer.close()
                        await writer.wait_closed()
                        return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    # Answers.

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        """Return the answer to a query, None for silence."""
        ready = self._ready.get(wire[2:]) if transport == "udp" else None
        if ready is not None:
            return wire[:2] + ready
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = _key(question.name.to_text())
        kind = dns.rdatatype.to_text(question.rdtype)
        self.queries.append((name, kind, transport))
        if name in self.silent:
            return None
        if name in self.unreadable:
            # One record, which ends where it begins.
            asked = wire[12 : 16 + len(question.name.to_wire())]
            return wire[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + asked + b"\xc0"
        response = dns.message.make_response(query, recursion_available=True)
        if query.edns >= 0 and not self.knows_edns:
            response.use_edns(False)
            response.set_rcode(dns.rcode.FORMERR)
        elif name in self.failing:
            response.set_rcode(dns.rcode.from_text(self.failing[name]))
        elif transport == "udp" and name in self.truncated:
            response.flags |= dns.flags.TC
        else:
            self._fill(response, name, kind)
        return self._fit(response, query, transport)

    def _fit(
        self, response: dns.message.Message, query: dns.message.Message, transport: str
    ) -> bytes:
        if transport == "tcp":
            return response.to_wire(max_size=65535)
        largest = max(512, query.payload) if query.edns >= 0 else 512
        wire = response.to_wire(max_size=65535)
        if len(wire) > largest:
            response = dns.message.make_response(query, recursion_available=True)
            response.flags |= dns.flags.TC
            wire = response.to_wire()
        return wire

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        owner = name
        for _ in range(_MOST_ALIASES):
            aliases = self._turn(owner, "CNAME") if kind != "CNAME" else []
            if not aliases:
                break
            response.answer.append(_rrset(owner, "CNAME", aliases))
            owner = _key(aliases[0])
            if not self.follows_aliases:
                return
        values = self._turn(owner, kind) or self._default(kind)
        if values:
            response.answer.append(_rrset(owner, kind, values))
        elif not self._exists(owner):
            response.set_rcode(dns.rcode.NXDOMAIN)

    def _turn(self, name: str, kind: str) -> list[str]:
        turns = self._records.get(name, {}).get(kind, [[]])
        return turns.pop(0) if len(turns) > 1 else turns[0]

    def _exists(self, name: str) -> bool:
        if self.default_ipv4 or self.default_ipv6:
            return True
        return any(
            known == name or known.endswith("." + name) for known in self._records
        )

    def _default(self, kind: str) -> list[str]:
        value = {"A": self.default_ipv4, "AAAA": self.default_ipv6}.get(kind)
        return [value] if value else []

    def keep(self, query: bytes, answer: bytes) -> None:
        """Keep an answer for the next who asks, so that loads can be put on others."""
        if len(self._ready) < 10_000:
            self._ready[query[2:]] = answer[2:]


class QuickDNSServer(DNSServer):
    """Keeps its answers, and no list of queries: for benchmarks."""

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        answer = super().answer(wire, transport)
        if answer is not None and transport == "udp":
            self.keep(wire, answer)
        return answer


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DNSServer) -> None:
        self._server = server

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self._server.on_client(address)
        answer = self._server.answer(data, "udp")
        if answer is not None:
            for wire in self._server.tamper(answer):
                self._transport.sendto(wire, address)


def _rrset(name: str, kind: str, values: list[str]) -> dns.rrset.RRset:
    texts = [_txt(value) if kind == "TXT" else value for value in values]
    if kind == "CNAME":
        texts = [value.rstrip(".") + "." for value in values]
    return dns.rrset.from_text_list(name + ".", 1, "IN", kind, texts)


def _txt(value: str) -> str:
    """Return a TXT record's text, in strings of 255 bytes; as it is where quoted."""
    if value.startswith('"'):
        return value
    data = value.encode()
    parts = [data[at : at + 255] for at in range(0, len(data), 255)] or [b""]
    return " ".join(
        '"' + "".join(f"\\{byte:03}" for byte in part) + '"' for part in parts
    )


# The program -----------------------------------------------------------------------


def control(server: DNSServer, path: str, asked: dict[str, Any]) -> bool:
    """Do what pebble-challtestsrv does at this path; tell whether there is such a one.

    `add-txt` and `add-a` add, `set-txt` too, as there; `clear-...` takes all away.
    """
    host = str(asked.get("host", ""))
    verb, _, what = path.strip("/").partition("-")
    kind = what.upper()
    if verb == "set" and what in ("default-ipv4", "default-ipv6"):
        setattr(server, what.replace("-", "_"), str(asked.get("ip", "")))
        server.flush()
    elif path == "/set-servfail":
        server.failing[_key(host)] = "SERVFAIL"
        server.flush()
    elif path == "/clear-servfail":
        server.failing.pop(_key(host), None)
        server.flush()
    elif verb == "clear" and kind in _VALUES:
        server.clear(host, kind)
    elif path == "/set-cname":
        server.set(host, "CNAME", str(asked["target"]))
    elif verb in ("add", "set") and kind in _VALUES:
        values = _VALUES[kind](asked)
        held = server.held(host, kind)
        server.add(host, kind, *(value for value in values if value not in held))
    elif path == "/forget":
        server.forget()
    else:
        return False
    return True


_VALUES: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "A": lambda asked: list(asked["addresses"]),
    "AAAA": lambda asked: list(asked["addresses"]),
    "TXT": lambda asked: [str(asked["value"])],
    "CNAME": lambda asked: [str(asked["target"])],
    "CAA": lambda asked: [
        f'{each.get("flags", 0)} {each["tag"]} "{each["value"]}"'
        for each in asked["policies"]
    ],
}


def control_server(server: DNSServer, host: str, port: int) -> ThreadingHTTPServer:
    """Return an HTTP server, not yet running, whose paths set records."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", 0))
            try:
                asked = json.loads(self.rfile.read(size) or b"{}")
                status = 200 if control(server, self.path, asked) else 404
            except (ValueError, KeyError, TypeError, AttributeError):
                status = 400
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return ThreadingHTTPServer((host, port), Handler)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="of DNS, UDP and TCP")
    parser.add_argument("--control-port", type=int, default=0, help="of HTTP")
    parser.add_argument("--ipv4", default="", help="address of every name")
    parser.add_argument("--ipv6", default="", help="address of every name")
    asked = parser.parse_args(arguments)
    with QuickDNSServer(asked.host, asked.port) as server:
        server.default_ipv4, server.default_ipv6 = asked.ipv4, asked.ipv6
        http = control_server(server, asked.host, asked.control_port)
        ports = {"port": server.port, "control_port": http.server_address[1]}
        print(json.dumps(ports), flush=True)
        http.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
