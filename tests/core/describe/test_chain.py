from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from chains import Pair, certify, family
from core.describe.forge import CONSTRAINTS, ca_with, codes, explicit, leaf
from strategies import key_of_kind
from tlsmith.core import der
from tlsmith.core.describe.certificate import read_certificate
from tlsmith.core.describe.chain import Chain, Member, read_chain
from tlsmith.core.keys import generate_private_key

HOUSE = family()
LEAF, MIDDLE, ROOT = HOUSE.leaf, HOUSE.intermediate, HOUSE.root
OTHER = certify("Other root", generate_private_key(), ca=True)
OTHER_LEAF = certify("other.test", generate_private_key(), OTHER)
ALONE = certify("alone.test", generate_private_key())


def chain(*pairs: Pair, **more: Any) -> Chain:
    members = [
        Member(10 + index, read_certificate(pair.der))
        for index, pair in enumerate(pairs)
    ]
    anchors = [read_certificate(one.der) for one in more.pop("anchors", ())]
    return read_chain(members, anchors, **more)


@pytest.mark.parametrize(
    ("pairs", "path", "complete", "expected"),
    [
        ([LEAF], [0], None, []),
        ([LEAF, MIDDLE], [0, 1], None, []),
        ([LEAF, MIDDLE, ROOT], [0, 1, 2], True, ["root-included"]),
        ([ALONE], [0], True, []),
        (
            [LEAF, ROOT, MIDDLE],
            [0, 2, 1],
            True,
            ["root-included", "chain-out-of-order"],
        ),
        ([MIDDLE, LEAF], [1, 0], None, ["end-entity-not-first"]),
        ([LEAF, ROOT], [0], False, ["chain-incomplete", "extra-certificate"]),
        ([LEAF, OTHER], [0], False, ["chain-incomplete", "extra-certificate"]),
        ([LEAF, MIDDLE, LEAF], [0, 1], None, ["duplicate-certificate"]),
        ([LEAF, MIDDLE, OTHER_LEAF], [0, 1], None, ["extra-certificate"]),
        ([LEAF, OTHER_LEAF], [0], None, ["extra-certificate"]),
        # CAs alone are something to trust, and have no order.
        ([MIDDLE], [0], None, []),
        ([ROOT], [0], True, []),
        ([ROOT, MIDDLE], [1, 0], True, ["root-included"]),
        ([ROOT, OTHER], [], None, []),
    ],
)
def test_certificates_that_came_together_are_put_in_order(
    pairs: Sequence[Pair], path: list[int], complete: bool | None, expected: list[str]
) -> None:
    found = chain(*pairs)
    assert (found.path, found.complete) == (path, complete)
    assert codes(found.findings) == expected


def test_findings_name_the_object_they_are_about() -> None:
    found = chain(LEAF, OTHER)
    assert [one.item for one in found.findings] == [10, 11]
    missing = found.findings[0].message
    assert "CN=Intermediate of app.test, is not among" in missing


def test_an_order_that_does_not_matter_is_not_judged() -> None:
    assert codes(chain(ROOT, LEAF, MIDDLE, ordered=False).findings) == []


def test_a_trusted_root_completes_a_chain() -> None:
    found = chain(LEAF, MIDDLE, anchors=[OTHER, ROOT])
    assert (found.complete, found.anchor) == (True, "CN=Root of app.test")
    assert found.facts()["trusted_root"] == "CN=Root of app.test"
    assert chain(ROOT, anchors=[ROOT]).anchor == "CN=Root of app.test"
    impostor = certify("Root of app.test", generate_private_key(), ca=True)
    assert chain(LEAF, MIDDLE, anchors=[impostor]).complete is None


def test_a_certificate_that_is_cut_short_has_no_anchor() -> None:
    member = Member(0, read_certificate(LEAF.der[:-1]))
    found = read_chain([member], [read_certificate(ROOT.der)])
    assert found.anchor is None


def test_the_chain_starts_with_the_certificate_of_the_key() -> None:
    found = chain(LEAF, OTHER_LEAF, key_item=11)
    assert found.path == [1]
    assert "end-entity-not-first" in codes(found.findings)
    assert chain(ROOT, MIDDLE, key_item=10).path == [0]
    assert chain(LEAF, MIDDLE, key_item=99).path == [0, 1]


def test_an_issuer_with_the_right_name_and_another_key_breaks_the_chain() -> None:
    impostor = certify("Intermediate of app.test", generate_private_key(), ca=True)
    found = chain(LEAF, impostor)
    assert found.complete is False
    assert codes(found.findings) == ["wrong-signature", "extra-certificate"]
    assert "which has the name of its issuer" in found.findings[0].message


def test_every_link_of_the_path_is_judged() -> None:
    key = key_of_kind("p256")
    weak = certify("Weak", key, ROOT)
    below = certify("below.test", generate_private_key(), Pair(weak.certificate, key))
    found = chain(below, weak, ROOT)
    assert "issuer-not-a-ca" in codes(found.findings)


def test_names_are_held_against_every_ca_above() -> None:
    only_example = der.sequence(explicit(0, der.sequence(der.context(2, b"example"))))
    members = [
        Member(0, read_certificate(leaf())),
        Member(1, read_certificate(ca_with(CONSTRAINTS, only_example, critical=True))),
    ]
    found = read_chain(members)
    assert codes(found.findings) == ["root-included", "name-constraints"]
    assert found.findings[1].item == 0


def test_the_facts_name_objects_by_their_number() -> None:
    assert chain(LEAF, ROOT, MIDDLE).facts() == {
        "path": [10, 12, 11],
        "complete": True,
        "in_order": False,
        "root_included": True,
        "trusted_root": None,
        "links": [
            {"certificate": 10, "issuer": 12, "signature": "good"},
            {"certificate": 11, "issuer": 11, "signature": "good"},
            {"certificate": 12, "issuer": 11, "signature": "good"},
        ],
    }
    alone = chain(LEAF).facts()
    assert alone["links"][0]["issuer"] is None
    assert chain(ROOT, OTHER).facts()["root_included"] is False


def test_two_that_signed_one_another_do_not_go_round_for_ever() -> None:
    one, two = generate_private_key(), generate_private_key()
    first = certify("First", one, ca=True)
    second = certify("Second", two, first, ca=True)
    crossed = certify("First", one, second, ca=True)
    found = chain(crossed, second)
    assert found.path in ([0, 1], [1, 0], [])
    assert found.links[0].issuer == 1
    assert found.links[1].issuer == 0
    leaf = certify("leaf.test", generate_private_key(), second)
    assert chain(leaf, second, crossed).path == [0, 1, 2]
