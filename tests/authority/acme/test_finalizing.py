"""Finalizing: one certificate an order, whatever happens at once (RFC 8555 7.4)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from acme_life import Life, certificate_key, csr, new_key, refused
from authorities import ADMINISTRATOR, Clock, TestCA
from tlsmith.acme.base64url import encode_base64url
from tlsmith.acme.jwk import parse_jwk
from tlsmith.authority.acme.accounts import revoke_account
from tlsmith.authority.acme.bindings import Bounds, create_binding, take_binding_back
from tlsmith.errors import ACMEProblem
from tlsmith.storage.acme.orders import OrderRecord

_SHORT = """
[profiles.short]
extends = "server"
max_lifetime = "6h"
default_lifetime = "4h"
"""


def together(*acts: object) -> list[OrderRecord | ACMEProblem]:
    """Do several things at once; return what came of each."""
    barrier = Barrier(len(acts))

    def do(act: object) -> OrderRecord | ACMEProblem:
        barrier.wait(20)
        try:
            return act()  # type: ignore[operator, no-any-return]
        except ACMEProblem as problem:
            return problem

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(do, acts))


def test_threads_that_finalize_at_once_issue_one(life: Life) -> None:
    for _ in range(6):
        order = life.ready("a.test")
        done = together(*[lambda: life.finalize(order)] * 6)  # noqa: B023
        assert sum(isinstance(one, OrderRecord) for one in done) == 1
        kinds = {one.type for one in done if isinstance(one, ACMEProblem)}
        assert kinds == {"orderNotReady"}
    assert len(life.issues()) == 6


def test_replicas_that_finalize_at_once_issue_one(life: Life, ca: TestCA) -> None:
    """Two services over one store, each with a writer of its own."""
    other = life.beside(ca.again())
    for _ in range(6):
        order = life.ready("a.test")
        acts = [lambda: life.finalize(order), lambda: other.finalize(order)] * 3  # noqa: B023
        done = together(*acts)
        (winner,) = [one for one in done if isinstance(one, OrderRecord)]
        assert {one.type for one in done if isinstance(one, ACMEProblem)} == {
            "orderNotReady"
        }
        assert life.now(order) == other.now(order) == winner
    orders = [said["order"] for said in life.issues()]
    assert len(orders) == len(set(orders)) == 6
    other.service.close()
    other.authority.close()


def test_an_order_is_processing_while_it_is_finalized(life: Life) -> None:
    order = life.ready("a.test")
    future = life.service.finalize(life.account, order, csr("a.test"), "")
    assert future.result(20).status == "valid"
    assert not life.service.is_finalizing(order.id)
    refused(life.finalize, order)
    assert not life.service.is_finalizing(order.id)


def test_what_is_refused_leaves_the_order_ready(life: Life) -> None:
    order = life.ready("a.test")
    assert refused(life.finalize, order, csr("b.test")).type == "badCSR"
    assert not life.service.is_finalizing(order.id)
    assert life.finalize(order).status == "valid"


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("b.test",),
        ("a.test", "b.test", "c.test"),
        ("a.test",),
        ("*.a.test", "b.test"),
        ("192.0.2.1", "a.test", "b.test"),
    ],
)
def test_a_request_has_the_names_of_the_order(
    small_life: Life, names: tuple[str, ...]
) -> None:
    order = small_life.ready("a.test", "b.test")
    assert refused(small_life.finalize, order, csr(*names)).type == "badCSR"
    assert small_life.issues() == []


_LONG = ".".join(["a" * 49] * 3 + ["test"])
_LONGEST = ".".join(["b" * 49] * 5 + ["tst"])
# A final dot makes it 65 bytes, which is an "A"; its upper case is one of 97.
_LETTER = "c" * 59 + ".test"


@pytest.mark.parametrize(
    ("ordered", "asked"),
    [
        ("a.test", "a.test."),
        ("a.test", "A.Test."),
        ("*.a.test", "*.A.test."),
        (_LONG, f"{_LONG}."),
        (_LONG, f"{_LONG.upper()}."),
        (_LONGEST, f"{_LONGEST}."),
        (_LETTER, f"{_LETTER}."),
        (_LETTER, f"{_LETTER.upper()}."),
        # Of 127 bytes, and with the dot of one whose length takes two.
        ("d" * 61 + "." + "d" * 60 + ".test", "d" * 61 + "." + "d" * 60 + ".test."),
    ],
)
def test_a_name_with_a_final_dot_was_not_ordered(
    small_life: Life, ordered: str, asked: str
) -> None:
    order = small_life.ready("other.test", ordered)
    problem = refused(small_life.finalize, order, csr("other.test", asked))
    assert problem.type == "badCSR"
    assert f"{ordered}. is not {ordered}" in problem.message
    assert small_life.issues() == []
    # In other letters alone it is what was ordered.
    done = small_life.finalize(order, csr("other.test", asked[:-1]))
    assert done.status == "valid"


def test_a_name_that_begins_like_another_has_no_final_dot(small_life: Life) -> None:
    longer = f"{_LETTER}.{'d' * 27}.test"
    assert (len(_LETTER) + 1, len(longer)) == (ord("A"), ord("a"))
    done = small_life.issued(_LETTER, longer)
    assert done.status == "valid"


@pytest.mark.parametrize(
    "der", [b"", b"\x30", b"\x30\x00", b"-----BEGIN", b"\x30" * 99]
)
def test_what_is_no_request_is_told(small_life: Life, der: bytes) -> None:
    order = small_life.ready("a.test")
    problem = refused(small_life.service.finalize, small_life.account, order, der, "")
    assert problem.type == "badCSR"


def test_the_accounts_own_key_is_not_certified(small_life: Life) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    x, y = (
        encode_base64url(each.to_bytes(32, "big")) for each in (numbers.x, numbers.y)
    )
    jwk = parse_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})
    small_life.account = small_life.register(jwk)
    order = small_life.ready("a.test")
    problem = refused(small_life.finalize, order, csr("a.test", key=key))
    assert (problem.type, "account" in problem.message) == ("badCSR", True)


def test_the_account_is_deactivated_meanwhile(life: Life) -> None:
    order = life.ready("a.test")
    life.service.deactivate_account(life.account, "").result(20)
    assert refused(life.finalize, order).type in ("orderNotReady", "unauthorized")
    assert life.now(order).status == "invalid"
    assert life.issues() == []


def test_the_account_is_revoked_by_an_operator_meanwhile(
    life: Life, clock: Clock
) -> None:
    order = life.ready("a.test")
    with life.authority.storage.write() as transaction:
        revoke_account(transaction, life.account.id, ADMINISTRATOR, clock())
    refused(life.finalize, order)
    assert life.now(order).status == "invalid"
    assert "the account was revoked" in (life.now(order).error or "")
    assert life.issues() == []


def test_the_external_account_is_taken_back_meanwhile(life: Life, clock: Clock) -> None:
    storage = life.authority.storage
    with storage.write() as transaction:
        made = create_binding(transaction, "web", Bounds(), ADMINISTRATOR, clock())
    assert made.mac_key is not None
    bound = life.beside()
    bound.account = life.register(binding=(made.id, made.mac_key))
    order, done = bound.ready("a.test"), bound.issued("b.test")
    untouched = life.ready("a.test")
    with storage.write() as transaction:
        take_binding_back(transaction, made.id, ADMINISTRATOR, clock())
    assert refused(bound.finalize, order).type == "unauthorized"
    assert bound.now(order).status == "invalid"
    assert bound.now(done).status == "valid"
    assert refused(bound.order, "a.test").type == "unauthorized"
    assert life.finalize(untouched).status == "valid"


def test_a_key_that_was_blocked_is_not_certified(life: Life) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    first = life.finalize(life.ready("a.test"), csr("a.test", key=key))
    record = life.certificate(first)
    life.service.revoke(record.certificate or b"", 1, life.account, "").result(20)
    order = life.ready("a.test")
    problem = refused(life.finalize, order, csr("a.test", key=key))
    assert (problem.type, "blocked" in problem.message) == ("badCSR", True)
    assert life.finalize(order).status == "valid"


def test_certificates_of_hours_are_issued(small_ca: TestCA, clock: Clock) -> None:
    text = small_ca.authority.policy().encode()
    small_ca.authority.set_policy(_SHORT, ADMINISTRATOR)
    try:
        life = Life(small_ca.authority)
        assert "short" in life.service.profiles()
        done = life.issued("a.test", profile="short")
        record = life.certificate(done)
        assert record.profile == "short"
        assert record.not_after - clock() <= timedelta(hours=4)
        assert record.not_before <= clock() < record.not_after
        until = clock() + timedelta(hours=9)
        problem = refused(life.order, "a.test", profile="short", not_after=until)
        assert problem.type == "malformed"
        clock.forward(hours=3)
        assert life.issued("a.test", profile="short").status == "valid"
    finally:
        small_ca.authority.set_policy(text, ADMINISTRATOR)


def test_the_certificate_is_for_the_key_and_names_asked_for(life: Life) -> None:
    names = ("a.test", "*.b.test", "192.0.2.1", "2001:db8::1")
    done = life.issued(*names)
    loaded = x509.load_der_x509_certificate(life.certificate(done).certificate or b"")
    assert loaded.public_key() == certificate_key().public_key()
    found = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert {str(each.value) for each in found.value} == set(names)


def test_an_unknown_profile_is_refused_when_it_is_ordered(small_life: Life) -> None:
    problem = refused(small_life.order, "a.test", profile="none-such")
    assert problem.type == "invalidProfile"
    assert new_key().thumbprint != new_key().thumbprint
