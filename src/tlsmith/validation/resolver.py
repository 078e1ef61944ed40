"""Names looked up: through resolvers of one's own, or the way the system does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from socket import AF_INET, AF_INET6, SOCK_STREAM, inet_ntop
from typing import NamedTuple

from tlsmith.acme import problems
from tlsmith.errors import MissingExtraError
from tlsmith.validation._dns_exchange import ROUNDS, Manner, NoAnswerError, Server, ask
from tlsmith.validation._dns_message import (
    AAAA,
    CAA,
    CNAME,
    NAME_ERROR,
    NO_ERROR,
    RCODES,
    TXT,
    A,
    Answer,
    BadMessageError,
    Question,
    name_on_wire,
    parse_text,
    text_of,
)
from tlsmith.validation.hosts_file import HostsFile

# Of aliases that follow each other; more than any sane zone has.
_MOST_ALIASES = 10
# Seconds for which a server that did not answer is asked after the others.
_IN_DISGRACE = 30.0


class Found(NamedTuple):
    """What a look-up found.

    Args:
        wire: the name that has it: another than was asked for where that is an alias.
        records: data as on the wire, of each type asked for.
        exists: whether there is such a name, with whatever records.
        server: who says so.
    """

    wire: bytes
    records: tuple[tuple[bytes, ...], ...]
    exists: bool
    server: str

    @property
    def name(self) -> str:
        return text_of(self.wire)

    def missing(self, asked: str, what: str) -> str:
        """Say that the name has none of what was looked for."""
        whose = asked if self.name == asked else f"{asked}, an alias of {self.name},"
        why = "" if self.exists else ", as there is no such name (NXDOMAIN)"
        return f"{whose} has no {what}{why}, says the resolver {self.server}"


class Resolver:
    """Looks names up.

    Args:
        servers: (host, port) of resolvers, asked in this order; none for the system's.
        hosts: the machine's own list, where the system's way is taken.
        rounds: seconds to wait each time a server is asked.
    """

    def __init__(
        self,
        servers: Sequence[Server] = (),
        hosts: HostsFile | None = None,
        rounds: tuple[float, ...] = ROUNDS,
    ) -> None:
        self._rounds = rounds
        self._silent_until: dict[Server, float] = {}
        self._servers = tuple(servers)
        self._hosts = hosts or HostsFile()

    async def addresses(self, host: str, source: str | None = None) -> list[str]:
        """Return the addresses of a host, IPv6 first.

        Raises:
            ACMEProblem: dns: it has none, or that cannot be told.
        """
        if not self._servers:
            return await self._addresses_of_system(host)
        found = await self.look_up(host, (AAAA, A), source)
        six, four = found.records
        addresses = [inet_ntop(AF_INET6, each) for each in six if len(each) == 16]
        addresses += [inet_ntop(AF_INET, each) for each in four if len(each) == 4]
        if not addresses:
            raise problems.dns(
                f"{found.missing(host, 'address (A or AAAA record)')}: add one, or ask "
                "for a certificate of a name that has one"
            )
        return list(dict.fromkeys(addresses))

    async def texts(
        self, name: str, source: str | None = None
    ) -> tuple[Found, list[bytes]]:
        """Return what was found at a name, and the texts of its TXT records."""
        found = await self.look_up(name, (TXT,), source)
        try:
            return found, [parse_text(data) for data in found.records[0]]
        except BadMessageError as error:
            raise problems.dns(
                f"the TXT record of {name} that the resolver {found.server} gives is "
                f"broken: {error}"
            ) from error

    async def caa(self, name: str) -> Found:
        """Return what was found at a name, its CAA records as they are."""
        return await self.look_up(name, (CAA,))

    async def look_up(
        self, name: str, types: tuple[int, ...], source: str | None = None
    ) -> Found:
        """Look a name's records of some types up, following aliases.

        Raises:
            ACMEProblem: dns: no server tells.
        """
        try:
            wire = name_on_wire(name)
        except BadMessageError as error:
            raise problems.dns(str(error)) from error
        seen = {wire}
        while True:
            questions = [Question(wire, kind) for kind in types]
            server, answers = await self._ask(questions, source)
            wire, records = _followed(wire, types, answers, seen)
            exists = any(answer.rcode == NO_ERROR for answer in answers.values())
            # At the end of its aliases, unless the server left following them to us.
            if any(records) or not exists or wire == questions[0].name:
                asked_for = tuple(tuple(each) for each in records)
                return Found(wire, asked_for, exists, server)

    async def _ask(
        self, questions: list[Question], source: str | None
    ) -> tuple[str, dict[Question, Answer]]:
        """Return the first server that tells, and what.

        Where one type of several is answered with records, that is enough.
        """
        failures = []
        servers = self._in_order()
        # Where there is another to ask, one is given up a round earlier.
        rounds = self._rounds[:-1] if len(servers) > 1 else self._rounds
        for server in servers:
            try:
                manner = Manner(_source_for(server, source), rounds)
                answers = await ask(server, questions, manner)
            except NoAnswerError as error:
                self._silent_until[server] = time.monotonic() + _IN_DISGRACE
                failures.append(f"{_shown(server)} {error}")
                continue
            good = {
                question: answer
                for question, answer in answers.items()
                if answer.rcode in (NO_ERROR, NAME_ERROR)
            }
            if len(good) == len(questions) or any(
                answer.records for answer in good.values()
            ):
                return _shown(server), good
            failures.append(f"{_shown(server)} {_failure(answers)}")
        asked = " and ".join(str(question) for question in questions)
        raise problems.dns(
            f"cannot look up {asked}: the resolver {', '.join(failures)}: check the "
            "name servers of the domain, then try again"
        )

    def _in_order(self) -> Sequence[Server]:
        """Return the servers, those last that have just let us down."""
        servers = self._servers or _system_servers()
        if not self._silent_until:
            return servers
        now = time.monotonic()
        self._silent_until = {
            server: until for server, until in self._silent_until.items() if until > now
        }
        return sorted(servers, key=self._silent_until.__contains__)

    async def _addresses_of_system(self, host: str) -> list[str]:
        found = self._hosts.addresses(host)
        if not found:
            loop = asyncio.get_running_loop()
            try:
                told = await loop.getaddrinfo(host + ".", None, type=SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                raise problems.dns(
                    f"{host} has no address that this server's system could find "
                    f"({_gai_reason(error)}): add an A or AAAA record, or set "
                    "--acme-resolver to a resolver that knows the name"
                ) from error
            found = [str(each[4][0]) for each in told]
        # IPv6 first, otherwise as they are.
        return sorted(dict.fromkeys(found), key=lambda address: ":" not in address)


def _followed(
    name: bytes,
    types: tuple[int, ...],
    answers: dict[Question, Answer],
    seen: set[bytes],
) -> tuple[bytes, list[list[bytes]]]:
    """Follow a name's aliases as far as they are known, and return what is there.

    Args:
        seen: names there were before; followed ones are added.
    """
    known = [record for answer in answers.values() for record in answer.records]
    aliases = {record.owner: record.data for record in known if record.type == CNAME}
    while name in aliases:
        alias = aliases[name]
        if alias in seen or len(seen) > _MOST_ALIASES:
            raise problems.dns(
                f"the aliases (CNAME) of {text_of(name)} lead in a circle, or are more "
                f"than {_MOST_ALIASES}: let them end at a name with the records"
            )
        seen.add(alias)
        name = alias
    return name, [
        [each.data for each in known if each.owner == name and each.type == kind]
        for kind in types
    ]


def _source_for(server: Server, source: str | None) -> str | None:
    """Return the address to ask a server from, where it can be reached from there."""
    host = server[0]
    if source is None or (":" in host) != (":" in source):
        return None
    return None if host.startswith("127.") or host == "::1" else source


def _failure(answers: dict[Question, Answer]) -> str:
    rcodes = {answer.rcode for answer in answers.values()} - {NO_ERROR, NAME_ERROR}
    if not rcodes:
        return "did not answer everything"
    names = [RCODES.get(rcode, f"code {rcode}") for rcode in sorted(rcodes)]
    return f"answered {' and '.join(names)}"


def _shown(server: Server) -> str:
    host, port = server
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _gai_reason(error: OSError | UnicodeError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _system_servers() -> list[Server]:
    """Return the resolvers the system is configured with, as they are now."""
    try:
        import dns.resolver
    except ImportError as error:
        raise MissingExtraError(
            "server", needed_for="looking up DNS records"
        ) from error
    try:
        configured = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        raise problems.dns(
            "this server's system has no DNS resolver configured: set --acme-resolver"
        ) from error
    return [(str(each), configured.port) for each in configured.nameservers]
