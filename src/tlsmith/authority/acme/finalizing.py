"""Finalizing: the certificate of an order whose names are proved (RFC 8555 7.4)."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tlsmith.acme import problems
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.jwk import thumbprint_of
from tlsmith.authority.acme.context import ACMEContext, actor_of
from tlsmith.authority.acme.permission import binding_of, profile_of, refuse_names
from tlsmith.authority.issuance import Prepared, record_certificate
from tlsmith.authority.wanted import Wanted
from tlsmith.core.asked import AskedExtensions
from tlsmith.core.attributes import parse_attributes
from tlsmith.core.der import header
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.requested import RequestedCertificate, read_request
from tlsmith.errors import AccessError, ACMEProblem, InputError, ProfileError
from tlsmith.storage.acme.accounts import is_no_account
from tlsmith.storage.acme.authorizations import (
    VALID,
    AuthorizationRecord,
)
from tlsmith.storage.acme.known import (
    known_authorization,
    tell_certificate,
    tell_order,
)
from tlsmith.storage.acme.orders import READY, OrderRecord, make_valid, status_at
from tlsmith.storage.certificates import record_of_new
from tlsmith.storage.moments import to_day

if TYPE_CHECKING:
    from tlsmith.storage import Transaction
    from tlsmith.storage.acme.accounts import AccountRecord

# RFC 2986 has it begin as every DER SEQUENCE does: PEM does not.
_SEQUENCE = b"\x30"
# dNSName in a subjectAltName (RFC 5280 section 4.2.1.6).
_DNS_TAG = 0x82


class Finalizer:
    """Finalizes orders, each by one request at a time."""

    def __init__(self, context: ACMEContext) -> None:
        self._context = context
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def is_running(self, order_id: str) -> bool:
        """Tell whether an order is being finalized by this process."""
        return order_id in self._running

    def refuse_unfit(self, order: OrderRecord, csr: bytes) -> None:
        """Refuse an order that is not ready, and a request that is not in order.

        Raises:
            ACMEProblem: orderNotReady, badCSR.
        """
        _refuse_unready(order)
        _refuse_other_names(order, _read(self._context, csr))

    def finalize(
        self, account: AccountRecord, order: OrderRecord, csr: bytes, request_id: str
    ) -> Future[OrderRecord]:
        """Issue an order's certificate.

        Args:
            csr: DER, of the client.

        Raises, or the future does:
            ACMEProblem: orderNotReady, badCSR, unauthorized, rejectedIdentifier.
        """
        _refuse_unready(order)
        with self._lock:
            if order.id in self._running:
                raise problems.order_not_ready("the order is being finalized")
            self._running.add(order.id)
        context = self._context
        try:
            requested = _read(context, csr)
            prepared = self._prepare(account, order, csr, requested)
            thumbprint = thumbprint_of(requested.public_key, requested.public_key_info)
            actor = actor_of(account, request_id)

            def act(transaction: Transaction) -> OrderRecord:
                if thumbprint and not is_no_account(transaction, thumbprint):
                    raise problems.bad_csr(  # RFC 8555 section 11.1
                        "csr: the key is an account's: a certificate needs another"
                    )
                now, number = context.now(), transaction.certificates + 1
                # What was given up since it was looked at made the order fail.
                if not make_valid(transaction, order.id, number, now):
                    status = status_at(transaction, order.id, now)
                    raise problems.order_not_ready(f"the order is {status} by now")
                with _told():
                    record_certificate(transaction, prepared, actor)
                day = to_day(prepared.new.issued_at)
                transaction.tally(day, "acme-order-valid")
                made = order._replace(status=VALID, certificate_id=number)
                tell_order(transaction, made)
                tell_certificate(transaction, record_of_new(number, prepared.new))
                return made

            future = context.begin(act)
        except BaseException:
            self._running.discard(order.id)
            raise
        future.add_done_callback(lambda done: self._ended(order.id, prepared, done))
        return future

    def _ended(self, order_id: str, prepared: Prepared, done: Future[Any]) -> None:
        self._running.discard(order_id)
        if done.exception() is None:
            self._context.authority.observer.issued(prepared.new.profile)

    def _prepare(
        self,
        account: AccountRecord,
        order: OrderRecord,
        csr: bytes,
        requested: RequestedCertificate,
    ) -> Prepared:
        context = self._context
        now = context.now()
        _refuse_other_names(order, requested)
        _refuse_final_dots(order, csr)
        proofs = [
            one
            for number in order.authorizations
            if (one := known_authorization(context.storage, number)) is not None
        ]
        _refuse_unproved(order, proofs, now)
        binding = binding_of(context.storage, account)
        profile = profile_of(context, account, binding, order.profile)
        wanted = Wanted(
            requested.names,
            requested.public_key,
            profile.name,
            requested.subject,
            _asked(requested.asked),
            not_after=order.not_after,
            clamp=order.not_after is None,
            public_key_info=requested.public_key_info,
        )
        try:
            with _told():
                prepared = context.authority.prepare(wanted, actor_of(account))
        except ACMEProblem:
            # The policy may be another since the order, and the request as it was.
            names = [Identifier(*one) for one in order.identifiers]
            refuse_names(context, profile, binding, names)
            raise
        return prepared._replace(why=_why(account, order, proofs))


def _refuse_unready(order: OrderRecord) -> None:
    if order.status != READY:
        raise problems.order_not_ready(
            f"the order is {order.status}: it can be finalized while it is ready"
        )


def _read(context: ACMEContext, csr: bytes) -> RequestedCertificate:
    """Return what a request asks for, all of it in order.

    Raises:
        ACMEProblem: badCSR.
    """
    if csr[:1] != _SEQUENCE:
        raise problems.bad_csr("csr: not the DER of a certification request (RFC 2986)")
    try:
        return read_request(csr, blocklist=context.authority.blocklist)
    except ProfileError as error:
        raise problems.bad_csr(f"csr: {'; '.join(error.reasons)}") from error
    except InputError as error:
        raise problems.bad_csr(f"csr: {error.message}") from error


def _refuse_other_names(order: OrderRecord, requested: RequestedCertificate) -> None:
    """Refuse a request for other names than the order's (section 7.4).

    Raises:
        ACMEProblem: badCSR.
    """
    ordered = set(order.identifiers)
    asked = {(name.kind, name.value) for name in requested.names}
    differences = [
        f"{verb}: {', '.join(sorted(value for _, value in names))}"
        for verb, names in (
            ("not ordered", asked - ordered),
            ("missing", ordered - asked),
        )
        if names
    ]
    values = {value for _, value in ordered}
    for part in parse_attributes(requested.subject):
        if part.oid == COMMON_NAME and part.text.lower() not in values:
            differences.append(f"common name not ordered: {part.text}")
    if differences:
        raise problems.bad_csr(f"csr: names {'; '.join(differences)}")


def _refuse_final_dots(order: OrderRecord, csr: bytes) -> None:
    """Refuse names with a dot at their end, which reading a request takes off.

    They are not what was ordered, nor what RFC 5280 section 4.2.1.6 allows.

    Raises:
        ACMEProblem: badCSR.
    """
    lowered = csr.lower()
    for kind, value in order.identifiers:
        name = value.encode("ascii") + b"."
        # Hardly ever: so the length, which has no case, is looked at afterwards.
        if kind == "dns" and name in lowered and _has_name(csr, name):
            raise problems.bad_csr(f"csr: {value}. is not {value}, which was ordered")


def _has_name(csr: bytes, name: bytes) -> bool:
    """Tell whether a request has a DNS name, in whatever case."""
    element = re.escape(header(_DNS_TAG, len(name)))
    return re.search(element + b"(?i:%b)" % re.escape(name), csr) is not None


def _asked(asked: AskedExtensions) -> AskedExtensions:
    """Return what a request asks for beside names that is minded.

    Clients put usages into requests that they have no need of, and every other ACME
    server passes over; the profile says what the certificate is for.
    """
    if asked.is_ca:
        raise problems.bad_csr("csr: it asks to be a CA")
    return AskedExtensions(must_staple=asked.must_staple)


def _refuse_unproved(
    order: OrderRecord, proofs: Sequence[AuthorizationRecord], now: datetime
) -> None:
    """Refuse where an authorization was given up, or has expired, since.

    Raises:
        ACMEProblem: unauthorized.
    """
    lost = [
        f"{one.value} ({one.status_at(now)})"
        for one in proofs
        if one.status_at(now) != VALID
    ]
    if lost or len(proofs) != len(order.authorizations):
        raise problems.unauthorized(
            f"no longer authorized: {', '.join(lost) or 'a name'}; make a new order"
        )


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Have what the authority refuses be told as the client knows it."""
    try:
        yield
    except ProfileError as error:
        reasons = "; ".join(error.reasons) or error.message
        raise problems.bad_csr(reasons) from error
    except AccessError as error:
        raise problems.rejected_identifier(error.message) from error


def _why(
    account: AccountRecord, order: OrderRecord, proofs: Sequence[AuthorizationRecord]
) -> dict[str, object]:
    """Return what the audit log says of a certificate that ACME issued."""
    facts: dict[str, object] = {
        "order": order.id,
        "proved": {
            f"*.{one.value}" if one.wildcard else one.value: one.proof
            or one.challenges[0].type
            for one in proofs
        },
    }
    if account.binding is not None:
        facts["eab"] = account.binding
    return facts
