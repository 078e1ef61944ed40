from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from core.describe.forge import (
    AKI,
    BASIC,
    CA_EXTENSIONS,
    CA_NAME,
    CONSTRAINTS,
    SAN,
    SKI,
    USAGE,
    ca,
    ca_with,
    codes,
    explicit,
    extension,
    leaf,
    name,
    validity,
    with_extension,
)
from strategies import NOW, key_of_kind
from tlsmith.core import der
from tlsmith.core.describe.certificate import Certificate, read_certificate
from tlsmith.core.describe.links import (
    Link,
    find_links,
    judge_constraints,
    judge_link,
    key_identifier,
)

DAY = timedelta(days=1)


def links(*certificates: bytes) -> Sequence[Link]:
    return find_links([read_certificate(one) for one in certificates])


def test_who_signed_whom_is_found_whatever_the_order() -> None:
    assert links(leaf(), ca()) == [Link(1, "good"), Link(1, "good")]
    assert links(ca(), leaf()) == [Link(0, "good"), Link(0, "good")]


def test_an_issuer_that_is_not_here_is_said_not_to_be() -> None:
    assert links(leaf()) == [Link(None, "issuer not here")]


def test_a_signature_of_another_key_of_that_name_is_wrong() -> None:
    """As after a root was made again with its old name."""
    stale = ca(key=key_of_kind("p256"), signer=key_of_kind("p256"))
    assert links(leaf(), stale)[0] == Link(1, "wrong")
    assert links(leaf(), stale, ca())[0] == Link(2, "good")


def test_a_certificate_that_is_here_twice_signs_itself_each_time() -> None:
    root = ca()
    assert links(root, root) == [Link(0, "good"), Link(1, "good")]


def test_a_signature_nobody_can_check_is_told_of() -> None:
    link = links(leaf(outer=der.sequence(der.object_identifier("1.2.3"))), ca())[0]
    assert link.issuer == 1
    assert "not supported" in link.signature


def test_a_signature_that_is_cut_off_is_unreadable() -> None:
    assert links(leaf()[:-1], ca())[0] == Link(None, "unreadable")


def test_a_certificate_under_its_own_name_may_be_of_another_key() -> None:
    """A CA that changed its key signs the new one's with the old."""
    identifiers = {
        SKI: extension(SKI, der.octet_string(b"new")),
        AKI: extension(AKI, der.sequence(der.context(0, b"old"))),
    }
    rolled = ca(key=key_of_kind("p256"), extensions=CA_EXTENSIONS | identifiers)
    assert links(rolled) == [Link(None, "issuer not here")]
    assert links(rolled, ca())[0] == Link(1, "good")
    assert links(ca(key=key_of_kind("p256"))) == [Link(0, "wrong")]


def test_what_nobody_can_check_says_more_than_what_is_wrong() -> None:
    odd = leaf(outer=der.sequence(der.object_identifier("1.2.3")))
    stale = ca(key=key_of_kind("p256"), signer=key_of_kind("p256"))
    assert links(odd, stale, ca())[0].issuer == 1


def test_a_certificate_without_a_subject_signs_nothing() -> None:
    assert links(leaf(), b"\x30\x05")[0] == Link(None, "issuer not here")


def judged(certificate: bytes, issuer: bytes, depth: int = 0) -> list[str]:
    pair = read_certificate(certificate), read_certificate(issuer)
    return codes(list(judge_link(*pair, depth)))


@pytest.mark.parametrize(
    ("certificate", "issuer", "depth", "expected"),
    [
        (leaf(), ca(), 0, []),
        (leaf(), ca_with(BASIC, None), 0, ["issuer-not-a-ca"]),
        (leaf(), ca(extensions=b"", version=b""), 0, []),
        (leaf(), ca_with(USAGE, None), 0, []),
        (
            leaf(),
            ca_with(USAGE, der.bit_string(b"\x80", 7)),
            0,
            ["issuer-may-not-sign"],
        ),
        (
            leaf(),
            ca_with(BASIC, der.sequence(der.TRUE, der.integer(0))),
            0,
            [],
        ),
        (
            leaf(),
            ca_with(BASIC, der.sequence(der.TRUE, der.integer(0))),
            1,
            ["path-length"],
        ),
        (leaf(), ca_with(SKI, der.octet_string(b"x")), 0, ["key-identifier-mismatch"]),
        (with_extension(AKI, None), ca(), 0, []),
        (with_extension(AKI, der.sequence()), ca(), 0, []),
        (with_extension(AKI, b"\5\0"), ca(), 0, []),
        (
            leaf(validity=validity(NOW, NOW + 9999 * DAY)),
            ca(),
            0,
            ["outlives-issuer"],
        ),
        (leaf(validity=der.sequence()), ca(), 0, []),
        (leaf(), ca(validity=der.sequence()), 0, []),
    ],
)
def test_an_issuer_is_judged(
    certificate: bytes, issuer: bytes, depth: int, expected: list[str]
) -> None:
    assert judged(certificate, issuer, depth) == expected


def test_a_key_identifier_is_read() -> None:
    assert key_identifier(read_certificate(leaf())) == b"ca".hex()
    assert key_identifier(read_certificate(leaf(extensions=b""))) is None


def constrained(
    permitted: Sequence[bytes] = (), excluded: Sequence[bytes] = ()
) -> Certificate:
    parts = [
        explicit(number, *(der.sequence(one) for one in bases))
        for number, bases in enumerate((permitted, excluded))
        if bases
    ]
    return read_certificate(ca_with(CONSTRAINTS, der.sequence(*parts), critical=True))


def named(*names: bytes) -> Certificate:
    return read_certificate(with_extension(SAN, der.sequence(*names)))


def dns(text: str) -> bytes:
    return der.context(2, text.encode())


TEN = der.context(7, b"\x0a\0\0\0\xff\0\0\0")


@pytest.mark.parametrize(
    ("names", "issuer", "outside"),
    [
        ([dns("app.test")], constrained([dns("test")]), None),
        ([dns("app.example")], constrained([dns("test")]), "app.example"),
        ([dns("bad.test")], constrained([], [dns("bad.test")]), "bad.test"),
        ([der.context(7, b"\x0a\1\2\3")], constrained([TEN]), None),
        ([der.context(7, b"\x0b\1\2\3")], constrained([TEN]), "11.1.2.3"),
        ([der.context(1, b"a@x.test")], constrained([der.context(1, b"x.test")]), None),
        (
            [der.context(1, b"a@y.test")],
            constrained([der.context(1, b"x.test")]),
            "a@y.test",
        ),
        (
            [der.context(6, b"https://y.test/")],
            constrained([der.context(6, b"x.test")]),
            "https://y.test/",
        ),
        # What nothing here can judge is not judged.
        ([der.context(8, b"\x2a\3")], constrained([dns("test")]), None),
        (
            [der.context(1, b"a@y.test")],
            constrained([der.context(1, b"b@y.test")]),
            None,
        ),
        ([der.context(7, b"\x0a")], constrained([TEN]), None),
        ([dns("a.test")], constrained([der.context(7, b"\x0a\0\0\1\xff\0\0\0")]), None),
        ([explicit(4, CA_NAME)], constrained([explicit(4, name())]), None),
        ([dns("app.test")], read_certificate(ca()), None),
    ],
)
def test_names_outside_the_constraints_are_told_of(
    names: list[bytes], issuer: Certificate, outside: str | None
) -> None:
    found = list(judge_constraints(named(*names), issuer))
    assert codes(found) == (["name-constraints"] if outside else [])
    if outside:
        assert found[0].message == f"CN=ca may not sign for {outside}"


def test_of_many_names_outside_a_few_are_shown() -> None:
    many = named(*(dns(f"{index}.example") for index in range(9)))
    (found,) = judge_constraints(many, constrained([dns("test")]))
    assert found.message.endswith("4.example, ...")
