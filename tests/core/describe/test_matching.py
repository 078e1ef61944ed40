from __future__ import annotations

from chains import family, request
from core.describe.forge import codes, look, message
from core.describe.samples import SECRET, encrypted, pem_of, public
from strategies import key_of_kind

HOUSE = family()
LEAF = HOUSE.leaf
OTHER = key_of_kind("p384")


def key_pem(key: object = LEAF.key) -> bytes:
    from core.describe.samples import PKCS8, private

    return pem_of(private(key, PKCS8), "PRIVATE KEY")


def test_a_key_names_what_it_fits() -> None:
    csr = pem_of(request(LEAF.key), "CERTIFICATE REQUEST")
    half = pem_of(public(LEAF.key), "PUBLIC KEY")
    report = look(key_pem() + LEAF.pem + csr + half + HOUSE.root.pem)
    assert report.facts()["objects"][0]["matches"] == [1, 2, 3]
    assert "key-mismatch" not in codes(report)


def test_a_key_that_fits_nothing_is_a_problem() -> None:
    report = look(LEAF.pem + key_pem(OTHER))
    assert report.facts()["objects"][1]["matches"] == []
    assert message(report, "key-mismatch") == "the private key fits no certificate here"
    assert report.has_problems
    csr = pem_of(request(LEAF.key), "CERTIFICATE REQUEST")
    assert "no request" in message(look(csr + key_pem(OTHER)), "key-mismatch")


def test_a_key_alone_or_with_a_public_key_is_no_mismatch() -> None:
    assert codes(look(key_pem())) == []
    half = pem_of(public(OTHER), "PUBLIC KEY")
    assert codes(look(key_pem() + half)) == []


def test_a_key_that_stays_encrypted_is_not_compared() -> None:
    locked = pem_of(encrypted(OTHER), "ENCRYPTED PRIVATE KEY")
    report = look(LEAF.pem + locked)
    assert "key-not-compared" in codes(report)
    assert "key-mismatch" in codes(look(LEAF.pem + locked, passphrases=[SECRET]))


def test_the_chain_starts_with_the_certificate_of_the_key() -> None:
    report = look(HOUSE.intermediate.pem + LEAF.pem + key_pem())
    assert report.chain is not None
    assert report.chain.path == [1, 0]
    assert "end-entity-not-first" in codes(report)
