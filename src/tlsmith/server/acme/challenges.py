"""Challenges: asked for by clients, validated by us (RFC 8555 sections 7.5.1 and 8).

A quick validation is waited for, so that its outcome is the answer. What takes longer
goes on, and how its attempts end is kept, for clients that ask meanwhile; if this
process should end, another takes over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tlsmith.acme import problems
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.jwk import load_account_key
from tlsmith.acme.messages import ChallengeResponse
from tlsmith.authority.acme.authorizations import Task, challenge_of
from tlsmith.errors import ACMEProblem, TLSmithError
from tlsmith.server.acme.reply import Reply, link, retry_after
from tlsmith.server.acme.views import challenge_body
from tlsmith.server.acme.waiting import result_of
from tlsmith.server.logs import event
from tlsmith.server.problems import UNFORESEEN, fault_of
from tlsmith.storage.acme.authorizations import (
    INVALID,
    PENDING,
    PROCESSING,
    VALID,
    AuthorizationRecord,
    ChallengeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tlsmith.authority.acme.service import ACMEService
    from tlsmith.server.acme.call import Call
    from tlsmith.server.acme.urls import URLs
    from tlsmith.server.ports import Meter
    from tlsmith.storage.acme.accounts import AccountRecord

# Seconds that an answer waits for the outcome, and that a client is to wait.
_PATIENCE, _SOON = 0.5, 1
# Seconds that the end waits for a store which may be away.
_LAST_PATIENCE = 2.0
# Seconds between attempts: a server may be a little late with its response.
PAUSES = (1.0, 3.0)
_LOG = logging.getLogger("tlsmith.server.acme")


class OutcomePort(Protocol):
    """How a challenge was met."""

    @property
    def persist_until(self) -> int | None:
        """Unix time until which the record that met it holds; None for no end."""
        ...


class ValidatorPort(Protocol):
    """What validates; see `tlsmith.validation`."""

    async def validate(
        self,
        type: str,
        identifier: Identifier,
        wildcard: bool,
        token: str,
        thumbprint: str,
        account_url: str,
    ) -> OutcomePort:
        """Return where the challenge was met, or raise why it was not."""
        ...


class _Running(NamedTuple):
    """A validation under way, and of which challenge it is."""

    type: str
    work: asyncio.Task[AuthorizationRecord]


class Challenges:
    """The challenges that this process validates.

    Args:
        pauses: seconds between the attempts at one.
    """

    def __init__(
        self,
        service: ACMEService,
        validator: ValidatorPort,
        meter: Meter,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._service = service
        self._validator = validator
        self._meter = meter
        self._pauses = tuple(pauses)
        self._running: dict[str, _Running] = {}
        # How those that take longer stand in the store.
        self._kept: dict[str, AuthorizationRecord] = {}

    async def respond(self, call: Call, record: AuthorizationRecord) -> Reply:
        """Begin to validate, as the client asks to, and answer with how it stands.

        Raises:
            ACMEProblem: malformed.
        """
        type_ = call.ids[1]
        if record.status == PENDING:
            challenge_of(record, type_)
        elif type_ not in self._service.settings.challenges:
            raise problems.malformed("there is no such challenge", status=404)
        if not call.is_reading:
            call.read(ChallengeResponse)
            if record.status == PENDING:
                self._refuse_another(record, type_)
                record = await self._begun(call, Task(record, type_))
            # Or given up meanwhile.
            if record.status not in (PENDING, VALID, INVALID):
                raise problems.malformed(
                    f"the authorization is {record.status}: nothing proves it any "
                    "more; make a new order"
                )
        return self._reply(call, record, type_)

    def _refuse_another(self, record: AuthorizationRecord, type_: str) -> None:
        """Refuse a challenge while another of its authorization is tried.

        Raises:
            ACMEProblem: malformed.
        """
        tried = {one.type for one in record.challenges if one.status == PROCESSING}
        if running := self._running.get(record.id):
            tried.add(running.type)
        if tried - {type_}:
            raise problems.malformed(
                f"{', '.join(sorted(tried))} is being tried for this authorization: "
                "one at a time"
            )

    async def _begun(self, call: Call, task: Task) -> AuthorizationRecord:
        number = task.authorization.id
        running = self._running.get(number)
        work = running.work if running else self.start(task, call.holder, call.urls)
        done, _ = await asyncio.wait({work}, timeout=_PATIENCE)
        if done:
            return work.result()
        kept = self._kept.get(number)
        if kept is None:
            kept = await result_of(self._service.keep_running(task, None))
            if number in self._running:
                self._kept.setdefault(number, kept)
        return kept

    def start(
        self, task: Task, account: AccountRecord, urls: URLs
    ) -> asyncio.Task[AuthorizationRecord]:
        """Validate in the background."""
        number = task.authorization.id
        work = self._validated(task, account, urls)
        running = asyncio.create_task(work, name=f"validate {number}")
        self._running[number] = _Running(task.type, running)
        running.add_done_callback(lambda done: self._ended(number, done))
        return running

    def _ended(self, number: str, done: asyncio.Task[AuthorizationRecord]) -> None:
        self._running.pop(number, None)
        self._kept.pop(number, None)
        if not done.cancelled() and done.exception() is not None:
            event(_LOG, logging.ERROR, "validation-lost", error=done.exception())

    async def _validated(
        self, task: Task, account: AccountRecord, urls: URLs
    ) -> AuthorizationRecord:
        """Try until it is valid, or was tried often enough; keep how it ended."""
        for pause in (*self._pauses, None):
            found = await self._attempt(task, account, urls)
            outcome = found.type if isinstance(found, ACMEProblem) else "valid"
            self._meter.count("acme-validation", f"{task.type} {outcome}")
            if not isinstance(found, ACMEProblem):
                met = self._service.succeed(task, found.persist_until)
                return await result_of(met)
            if pause is None:
                return await result_of(self._service.fail(task, found))
            kept = await result_of(self._service.keep_running(task, found))
            if kept.status != PENDING:
                return kept
            self._kept[task.authorization.id] = kept
            task = Task(kept, task.type)
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt decides")

    async def _attempt(
        self, task: Task, account: AccountRecord, urls: URLs
    ) -> OutcomePort | ACMEProblem:
        """Return how the challenge was met, or why it was not."""
        record = task.authorization
        try:
            return await self._validator.validate(
                task.type,
                Identifier(record.type, record.value),
                record.wildcard,
                record.token,
                load_account_key(account.jwk).thumbprint,
                urls.account(account.id),
            )
        except ACMEProblem as problem:
            return problem
        except TLSmithError as error:
            event(_LOG, logging.ERROR, "validation-failed", error=error)
            return problems.server_internal(fault_of(error) or UNFORESEEN)

    def _reply(self, call: Call, record: AuthorizationRecord, type_: str) -> Reply:
        challenge = _shown(record, type_)
        names = call.service.settings.caa_identities
        body = challenge_body(call.urls, record, challenge, names)
        fields = [link(call.urls.authorization(record.id), "up")]
        if challenge.status == PROCESSING:
            fields.append(retry_after(_SOON))
        return Reply(200, body, fields=tuple(fields))

    async def take_over(self, urls: URLs) -> None:
        """Validate what a process that ended left unfinished."""
        for record, account in await asyncio.to_thread(self._service.left_running):
            types = [one.type for one in record.challenges if one.status == PROCESSING]
            if types and record.id not in self._running:
                self.start(Task(record, types[0]), account, urls)

    async def close(self) -> None:
        """Leave what runs to others, which need not wait until its lease is over."""
        left = list(self._kept)
        works = [running.work for running in self._running.values()]
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        if left:
            with contextlib.suppress(TLSmithError, TimeoutError):
                async with asyncio.timeout(_LAST_PATIENCE):
                    await result_of(self._service.give_back(left))


def _shown(record: AuthorizationRecord, type_: str) -> ChallengeRecord:
    """Return a challenge; of an authorization that is over, the one that ended it."""
    for one in record.challenges:
        if one.type == type_:
            return one
    # Another challenge of the same authorization was met, or was not, meanwhile.
    status = PENDING if record.status == VALID else INVALID
    return ChallengeRecord(type_, status)
