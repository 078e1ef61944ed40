from __future__ import annotations

import base64

import pytest

from chains import certify, family
from core.describe.forge import (
    CLIENT,
    LEAF_EXTENSIONS,
    PURPOSES,
    ca,
    codes,
    extension,
    facts,
    leaf,
    look,
    oid,
)
from core.describe.samples import p12, pem_of
from tlsmith.core import der
from tlsmith.core.keys import generate_private_key

HOUSE = family()
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"


def with_purpose(dotted: str) -> bytes:
    purposes = extension(PURPOSES, der.sequence(oid(dotted)))
    return leaf(extensions={**LEAF_EXTENSIONS, PURPOSES: purposes})


@pytest.mark.parametrize(
    ("data", "role"),
    [
        (leaf(), "end entity, TLS server"),
        (with_purpose(CLIENT), "end entity, TLS client"),
        (with_purpose(OCSP_SIGNING), "end entity, OCSP responder"),
        (with_purpose("1.2.3"), "end entity"),
        (ca(), "root CA"),
        (ca()[:-1], "CA"),
        (HOUSE.intermediate.der, "intermediate CA"),
    ],
)
def test_a_certificate_has_a_role(data: bytes, role: str) -> None:
    assert facts(data)["role"] == role


def test_each_certificate_says_who_signed_it() -> None:
    found = look(HOUSE.pem).facts()["objects"]
    assert [one["signed_by"] for one in found] == [1, 2, 2]
    assert [one["self_signed"] for one in found] == [False, False, True]
    assert [one["signature"] for one in found] == ["good"] * 3


def test_a_trusted_root_is_named_as_the_signer() -> None:
    found = facts(HOUSE.intermediate.der, anchors=[HOUSE.root.der])
    assert found["signature"] == "good"
    assert found["trusted_root"] == "CN=Root of app.test"
    assert found["signed_by"] is None


def secret(**data: bytes) -> bytes:
    lines = "".join(
        f"  {key.replace('_', '.')}: {base64.b64encode(value).decode()}\n"
        for key, value in data.items()
    )
    return f"kind: Secret\ndata:\n{lines}".encode()


def test_the_root_in_a_secret_is_what_it_trusts_and_not_what_it_sends() -> None:
    chain = HOUSE.leaf.pem + HOUSE.intermediate.pem
    report = look(secret(ca_crt=HOUSE.root.pem, tls_crt=chain))
    assert report.chain is not None
    assert report.chain.facts()["trusted_root"] == "CN=Root of app.test"
    assert not {*codes(report)} & {"root-included", "end-entity-not-first"}
    alone = look(secret(ca_crt=HOUSE.root.pem))
    assert alone.chain is not None
    assert alone.chain.complete is True


def test_containers_side_by_side_have_chains_of_their_own() -> None:
    pem = pem_of(p12(None), "PKCS12")
    report = look(pem + pem + HOUSE.leaf.pem)
    found = report.facts()["objects"]
    assert found[0]["chains"][0]["path"] == [2, 3, 4]
    assert found[5]["chains"][0]["path"] == [7, 8, 9]
    assert report.chain is not None
    assert report.chain.path == [0]


def test_a_key_in_a_file_does_not_choose_among_those_in_a_container() -> None:
    report = look(HOUSE.leaf.key_pem + pem_of(p12(None), "PKCS12"))
    assert report.chain is not None
    assert report.facts()["objects"][0]["matches"] == [3]
    assert not {*codes(report)} & {"key-mismatch", "end-entity-not-first"}


def test_only_a_signer_of_the_right_name_is_asked() -> None:
    other = certify("other", generate_private_key(), ca=True)
    from chains import revocation_list

    report = look(pem_of(revocation_list(HOUSE.root), "X509 CRL") + other.pem)
    assert report.facts()["objects"][0]["signature"] == "issuer not here"
