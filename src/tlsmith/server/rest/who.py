"""Who makes a request: by a token, or by the client certificate of the connection."""

from __future__ import annotations

import contextlib
import logging
import re
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority.access import actor_of_certificate, actor_of_token
from tlsmith.authority.actor import Actor
from tlsmith.errors import AccessError, InputError, StorageError
from tlsmith.server.envelope import too_many
from tlsmith.server.logs import event
from tlsmith.server.rate import RateLimit
from tlsmith.server.rest.faults import UNKNOWN
from tlsmith.storage.audit import Act, append

if TYPE_CHECKING:
    from tlsmith.authority.service import Authority

_LOG = logging.getLogger("tlsmith.server.rest")
# RFC 6750 section 2.1; ours are all of this form.
_BEARER = re.compile(rb"bearer +([A-Za-z0-9_-]{16,128})", re.IGNORECASE)
_CHALLENGE = b'Bearer realm="tlsmith"'
# Records of refusals a minute: from one address, and of all together.
_EACH, _ALL = 4, 60


class Caller(NamedTuple):
    """What a connection and the head of a request say of who it is.

    Args:
        authorization: every field of that name.
        certificate: DER, of a client that proved to have its key; or None.
    """

    address: str
    authorization: tuple[bytes, ...]
    certificate: bytes | None
    request_id: str


class Doorkeeper:
    """Tells who somebody is, and notes in the audit log who was refused.

    Args:
        failures: after how many failed authentications an address is turned away.
    """

    def __init__(self, authority: Authority, failures: RateLimit) -> None:
        self._authority = authority
        self._failures = failures
        self._each, self._all = RateLimit(_EACH), RateLimit(_ALL)
        self._unrecorded = 0

    def admit(self, caller: Caller, role: str, what: str) -> Actor:
        """Return who it is, who has this role or a greater one.

        Args:
            what: they want to do, for messages.

        Raises:
            AccessError: they are unknown, or have a lesser role.
            RequestRefusedError: they are unknown, and their address failed too often.
                Who is known is let in: many may share an address with who is not.
        """
        actor = None
        try:
            actor = self._identify(caller)
            actor.require(role, what)
        except AccessError as error:
            if error.code in UNKNOWN:
                wait = self._failures.spend(caller.address)
                if wait:
                    raise too_many(wait) from error
                error.fields = (_challenge(error),)  # type: ignore[attr-defined]
            self.note(error, caller, actor)
            raise
        return actor

    def _identify(self, caller: Caller) -> Actor:
        authority = self._authority
        if caller.authorization:
            found = _BEARER.fullmatch(caller.authorization[0].strip())
            if found is None or len(caller.authorization) > 1:
                raise AccessError("not a token of tlsmith", code="bad-token")
            token = found[1].decode("ascii")
            with authority.storage.read() as connection:
                return actor_of_token(
                    connection, token, authority.clock(), caller.request_id
                )
        if caller.certificate is None:
            raise AccessError(
                "nothing says who asks",
                code="no-credentials",
                hint="send Authorization: Bearer TOKEN, or use a client certificate",
            )
        try:
            with authority.storage.read() as connection:
                return actor_of_certificate(
                    connection,
                    caller.certificate,
                    authority.clock(),
                    caller.request_id,
                )
        except InputError as error:
            raise AccessError(
                "the client certificate cannot be read", code="bad-certificate"
            ) from error

    def note(self, error: AccessError, caller: Caller, actor: Actor | None) -> None:
        """Put a refusal into the audit log; of many, some, and how many there were."""
        name = actor.name if actor is not None else "unknown"
        event(
            _LOG,
            logging.WARNING,
            "access-refused",
            client=caller.address,
            actor=name,
            code=error.code,
        )
        if self._each.spend(caller.address) or self._all.spend("all"):
            self._unrecorded += 1
            return
        detail = {"address": caller.address, "unrecorded_before": self._unrecorded}
        self._unrecorded = 0
        act = Act(name, "access.refused", error.code, detail, caller.request_id)
        now = self._authority.clock()
        # Who is refused is told so, even where that cannot be written down.
        with contextlib.suppress(StorageError):
            self._authority.writer.submit(lambda tx: append(tx, act, now))


def _challenge(error: AccessError) -> tuple[bytes, bytes]:
    """Return the field that RFC 6750 section 3 asks for."""
    invalid = b', error="invalid_token"' if error.code == "bad-token" else b""
    return b"www-authenticate", _CHALLENGE + invalid
