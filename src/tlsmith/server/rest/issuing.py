"""Endpoints that issue certificates: one, many, and one again."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Raw

from tlsmith.authority.issuance import Prepared, record_certificate
from tlsmith.authority.issued import Issued, issued_of, recorded
from tlsmith.authority.wanted import Wanted, renewal_of
from tlsmith.core.durations import parse_duration
from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.core.keys import fingerprint, generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.requested import read_request
from tlsmith.core.subject import parse_subject
from tlsmith.core.view import view_certificate
from tlsmith.errors import ConflictError, InputError, TLSmithError
from tlsmith.server.reply import problem_body
from tlsmith.server.rest import answers, messages
from tlsmith.server.rest.certificates import one_record
from tlsmith.server.rest.endpoint import Answer, Call, Endpoint, Pending, json_answer
from tlsmith.server.rest.faults import problem_of
from tlsmith.storage.certificates import GOOD

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey, PublicKey
    from tlsmith.storage import Transaction

# Making one of these takes up to seconds: too long for five hundred in one request.
_SLOW = ("rsa2048", "rsa3072", "rsa4096")


class _Asked(NamedTuple):
    """What is wanted, and the key that was made for it."""

    wanted: Wanted
    key: PrivateKey | None


def _issue(call: Call) -> Pending:
    return _issued(call, _asked(call.body))


def _issued(call: Call, asked: _Asked) -> Pending:
    prepared = call.authority.prepare(asked.wanted, call.actor)

    is_new = False

    def record(transaction: Transaction) -> Answer:
        nonlocal is_new
        number = record_certificate(transaction, prepared, call.actor)
        issued, is_new = issued_of(number, prepared), True
        facts = issued_facts(issued, asked.key)
        kept = None if asked.key is None else _without_key([issued])
        return json_answer(facts, 201)._replace(kept=kept)

    def note() -> None:
        if is_new:
            call.authority.observer.issued(prepared.new.profile)

    return Pending(call.begin(record), note)


def _issue_many(call: Call) -> Pending:
    asked = [_asked_in_batch(call, one) for one in call.body.certificates]
    prepared = [_prepared(call, one) for one in asked]

    profiles: list[str] = []

    def record(transaction: Transaction) -> Answer:
        done = [recorded(transaction, one, call.actor) for one in prepared]
        profiles[:] = [one.profile for one in done if isinstance(one, Issued)]
        pairs = zip(done, asked, strict=True)
        results = [_result(call, one, of) for one, of in pairs]
        with_key = [
            one
            for one, of in zip(done, asked, strict=True)
            if isinstance(one, Issued) and isinstance(of, _Asked) and of.key is not None
        ]
        kept = _without_key(with_key) if with_key else None
        return json_answer({"results": results})._replace(kept=kept)

    def note() -> None:
        for profile in profiles:
            call.authority.observer.issued(profile)

    return Pending(call.begin(record), note)


def _renew(call: Call) -> Pending:
    old, renewal = one_record(call), call.body
    given = (renewal.csr, renewal.generate, renewal.same_key or None)
    if sum(one is not None for one in given) != 1:
        raise InputError(
            "the new certificate's key is to be said in one way",
            code="which-key",
            hint="give one of csr, generate and same_key",
        )
    if old.status != GOOD or old.certificate is None:
        raise ConflictError(
            f"the certificate {old.serial_number:x} is not good",
            code="revoked",
            hint="issue a new one: POST /certificates",
        )
    key: PrivateKey | None = None
    if renewal.csr is not None:
        public_key: PublicKey = read_request(_csr(renewal.csr)).public_key
    elif renewal.generate is not None:
        key = generate_private_key(renewal.generate)
        public_key = key.public_key()
    else:
        public_key = _key_of(old.certificate)
    wanted = renewal_of(old, public_key, _lifetime(renewal.lifetime))
    return _issued(call, _Asked(wanted, key))


def _key_of(certificate: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(view_certificate(certificate).public_key_info)


def _asked(body: messages.NewCertificate) -> _Asked:
    """Return what a request wants, a key made for it where that is wanted."""
    if (body.csr is None) == (body.generate is None):
        raise InputError(
            "a certificate is made of a csr, or of names and a key to generate",
            code="which-key",
            hint="give csr, or names and generate",
        )
    names = parse_names(body.names) if body.names else ()
    # Whether its common name may be had is for the profile to say.
    subject = None if body.subject is None else parse_subject(body.subject, None)
    key: PrivateKey | None = None
    if body.csr is not None:
        request = read_request(_csr(body.csr))
        wanted = Wanted(
            names or request.names,
            request.public_key,
            subject=request.subject if subject is None else subject,
            asked=request.asked,
        )
    else:
        if not names and subject is None:
            parse_names([])
        key = generate_private_key(str(body.generate))
        wanted = Wanted(names, key.public_key(), subject=subject)
    if body.lifetime is not None and body.not_after is not None:
        raise InputError("both lifetime and not_after", hint="give one of them")
    wanted = wanted._replace(
        profile=body.profile,
        lifetime=_lifetime(body.lifetime),
        not_after=body.not_after,
        clamp=body.clamp,
        issuer=body.issuer,
    )
    return _Asked(wanted, key)


def _asked_in_batch(call: Call, body: messages.NewCertificate) -> _Asked | TLSmithError:
    try:
        if body.generate in _SLOW:
            raise InputError(
                f"a key of kind {body.generate} is not made in a batch",
                code="slow-key",
                hint="make it where it is used, and send its CSR; or ask for p256",
            )
        return _asked(body)
    except TLSmithError as error:
        return error


def _prepared(call: Call, asked: _Asked | TLSmithError) -> Prepared | TLSmithError:
    if isinstance(asked, TLSmithError):
        return asked
    try:
        return call.authority.prepare(asked.wanted, call.actor)
    except TLSmithError as error:
        return error


def _result(
    call: Call, done: Issued | TLSmithError, asked: _Asked | TLSmithError
) -> dict[str, Any]:
    if isinstance(done, TLSmithError):
        store = call.authority.storage.url
        problem = problem_of(done, store, call.actor.request_id)
        return {"problem": Raw(problem.body)}
    key = asked.key if isinstance(asked, _Asked) else None
    return {"certificate": issued_facts(done, key)}


def issued_facts(issued: Issued, key: PrivateKey | None = None) -> dict[str, Any]:
    """Return the facts of a certificate that was just issued."""
    facts: dict[str, Any] = {
        "id": issued.number,
        "serial_number": f"{issued.serial_number:x}",
        "names": issued.names,
        "profile": issued.profile,
        "not_before": issued.not_before.isoformat(),
        "not_after": issued.not_after.isoformat(),
        "fingerprint_sha256": fingerprint(issued.chain[0]),
        "chain": encode_chain(issued.chain).decode("ascii"),
    }
    if key is not None:
        facts["private_key"] = encode_private_key(key).decode("ascii")
    return facts


def _without_key(issued: Sequence[Issued]) -> tuple[int, bytes]:
    """Return what a replay gets: private keys are not kept to be answered again."""
    serials = [f"{one.serial_number:x}" for one in issued]
    body = problem_body(
        409,
        f"the certificate {serials[0]} was issued by this request before, and its "
        "private key answered then",
        code="key-answered-once",
        hint="if that answer was lost: revoke the certificate, and ask for another",
        serial_number=serials[0],
        names=serials if len(serials) > 1 else [],
    )
    return 409, body


def _csr(text: str) -> bytes:
    """Return a CSR that is PEM, or DER in base64."""
    if "-----BEGIN" in text:
        return text.encode("utf-8")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(
            "csr: neither PEM nor base64",
            code="bad-request",
            hint="send the file as it is, or: openssl req -outform DER | base64",
        ) from error


def _lifetime(given: str | int | None) -> timedelta | None:
    if given is None:
        return None
    return timedelta(days=given) if isinstance(given, int) else parse_duration(given)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/certificates",
        _issue,
        "Issue a certificate",
        "issuer",
        answers.IssuedCertificate,
        status=201,
        body=messages.NewCertificate,
        once=True,
    ),
    Endpoint(
        "POST",
        "/certificates/batch",
        _issue_many,
        "Issue up to 500 certificates; some may be refused",
        "issuer",
        answers.Batch,
        body=messages.NewCertificates,
        once=True,
    ),
    Endpoint(
        "POST",
        "/certificates/{serial_number}/renew",
        _renew,
        "Issue a certificate again: the same names and profile",
        "issuer",
        answers.IssuedCertificate,
        status=201,
        body=messages.Renewal,
        place=messages.BySerialNumber,
        once=True,
    ),
)
