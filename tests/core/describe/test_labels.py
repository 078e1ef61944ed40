from __future__ import annotations

import pytest

from chains import family, request, revocation_list
from core.describe.forge import leaf
from strategies import key_of_kind
from tlsmith.core.describe.labels import kind_of

PEOPLE = family()
KEY = PEOPLE.leaf.key


@pytest.mark.parametrize(
    ("label", "kind", "form"),
    [
        ("OPENSSH PRIVATE KEY", "private-key", "openssh"),
        ("SSH2 PUBLIC KEY", "public-key", "ssh2"),
        ("PGP PUBLIC KEY BLOCK", "openpgp", "openpgp"),
        ("EC PARAMETERS", "parameters", "der"),
        ("PKCS12", "pkcs12", "der"),
        ("CERTIFICATE", "certificate", "der"),
        ("WHATEVER", "unknown", "der"),
    ],
)
def test_the_label_decides_where_the_content_says_nothing(
    label: str, kind: str, form: str
) -> None:
    assert kind_of(label, b"", ()) == (kind, form, None)


@pytest.mark.parametrize("label", ["CERTIFICATE", "TRUSTED CERTIFICATE"])
def test_a_label_that_fits_is_no_fault(label: str) -> None:
    kind, form, wrong = kind_of(label, leaf(), ())
    assert (kind, wrong) == ("certificate", None)
    assert form == ("trusted" if label.startswith("T") else "der")


@pytest.mark.parametrize(
    ("label", "content", "right"),
    [
        ("X509 CRL", leaf(), "CERTIFICATE"),
        ("TRUSTED CERTIFICATE", revocation_list(PEOPLE.root), "X509 CRL"),
        ("CERTIFICATE", request(KEY), "CERTIFICATE REQUEST"),
        ("RSA PRIVATE KEY", leaf(), "CERTIFICATE"),
        ("certificate", leaf(), "CERTIFICATE"),
        ("WHATEVER", leaf(), "CERTIFICATE"),
    ],
)
def test_a_wrong_label_is_told_of_with_the_right_one(
    label: str, content: bytes, right: str
) -> None:
    _, _, wrong = kind_of(label, content, ())
    assert wrong is not None
    code, message = wrong
    assert code == "wrong-pem-label"
    assert message.endswith(f"write {right}")


def test_the_form_of_a_key_is_told_where_the_label_is_of_another() -> None:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    encoded = key_of_kind("p256").private_bytes(
        Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    kind, form, wrong = kind_of("PRIVATE KEY", encoded, ())
    assert (kind, form) == ("private-key", "sec1")
    assert wrong is not None
    assert "private key (sec1): write EC PRIVATE KEY" in wrong[1]
    assert kind_of("ANY PRIVATE KEY", encoded, ())[2] == (
        "unusual-label",
        "the label ANY PRIVATE KEY is no standard; write EC PRIVATE KEY",
    )


@pytest.mark.parametrize(
    ("label", "content"),
    [("X509 CERTIFICATE", leaf()), ("NEW CERTIFICATE REQUEST", request(KEY))],
)
def test_an_old_label_is_told_of(label: str, content: bytes) -> None:
    wrong = kind_of(label, content, ())[2]
    assert wrong is not None
    assert wrong[0] == "unusual-label"


def test_the_label_decides_where_the_content_is_cut_short() -> None:
    cut = leaf()[:12]
    assert kind_of("X509 CRL", cut, ()) == ("certificate-revocation-list", "der", None)
    assert kind_of("WHATEVER", leaf()[:60], ())[0] == "certificate"
