from __future__ import annotations

import pytest

from core.describe.forge import algorithm, codes, leaf, look, message, oid
from core.describe.samples import PEOPLE, every_der, p12, pem_of
from strategies import NOW
from tlsmith.core import der
from tlsmith.core.describe.described import Context
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.objects import describe_objects

EVERY = every_der()


@pytest.mark.parametrize("expected", [*EVERY], ids=" ".join)
def test_every_kind_has_someone_who_describes_it(expected: tuple[str, str]) -> None:
    kind, form = expected
    (described, *_) = describe_objects(
        [Found(kind, form, EVERY[expected])], Context(NOW), 10
    )
    assert described.found.kind == kind
    assert described.facts


def test_what_is_inside_follows_what_holds_it() -> None:
    found = [
        Found("pkcs12", "der", p12(None)),
        Found("certificate", "der", PEOPLE.root.der),
    ]
    objects = describe_objects(found, Context(NOW), 100)
    assert [one.inside for one in objects] == [None, 0, 0, 0, 0, None]
    assert len(describe_objects(found, Context(NOW), 3)) == 3
    assert len(describe_objects(found * 5, Context(NOW), 3)) == 3


def test_a_key_that_cannot_be_used_is_told_of() -> None:
    curve = algorithm("1.2.840.10045.2.1", oid("1.2.840.10045.3.1.7"))
    off = der.sequence(curve, der.bit_string(b"\4" + b"\1" * 64))
    assert "bad-key" in codes(look(leaf(spki=off)))
    assert "bad-key" not in codes(look(leaf()))


def test_openpgp_and_the_unknown_are_named() -> None:
    report = look(PEOPLE.leaf.pem + pem_of(b"x", "PGP PUBLIC KEY BLOCK"))
    assert "gpg --show-keys" in message(report, "openpgp")
    report = look(PEOPLE.leaf.pem + pem_of(b"x", "ODD THING"))
    assert "ODD THING" in message(report, "unknown-object")


def test_an_entry_that_says_what_is_wrong_is_not_unknown_too() -> None:
    report = look(b"kind: Secret\ndata:\n  tls.crt: d29yZHM=\n")
    assert codes(report) == ["nothing-known"]
