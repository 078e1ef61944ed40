"""A file that holds something nobody else has is not one to replace."""

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from chains import family, key_of, request, revocation_list
from keystores import certificate_entry, cover, key_entry, keystore, plain_key
from tlsmith.core.formats import (
    encode_java_truststore,
    encode_kubernetes_secret,
    encode_pem,
    encode_pkcs7,
    encode_pkcs12,
    encode_private_key,
)
from tlsmith.core.formats.replace import keys_held, what_is_lost
from tlsmith.core.keys import public_key_info
from tlsmith.errors import InputError, PassphraseError

ONE = family()
INFO = ONE.leaf.info
KEY = ONE.leaf.key_pem
PUBLIC = {
    "nothing": b"",
    "blank lines": b"\n\n",
    "a certificate": ONE.leaf.pem,
    "DER": ONE.leaf.der,
    "a bundle with remarks": b"# roots\n\n"
    + ONE.root.pem
    + b"\n# more\n"
    + ONE.leaf.pem,
    "a request": encode_pem("CERTIFICATE REQUEST", request(ONE.leaf.key)),
    "a revocation list": revocation_list(ONE.root),
    "a public key": encode_pem("PUBLIC KEY", INFO),
    "PKCS#7": encode_pkcs7(ONE.ders, der=True),
    "a truststore": encode_java_truststore(ONE.ders, b"changeit"),
    "an old truststore": keystore(certificate_entry("a", ONE.root.der)),
    "what openssl pkcs12 prints": b"Bag Attributes\n    friendlyName: x\n"
    b"subject=CN = app.test\nissuer=CN = x\n" + ONE.leaf.pem,
    "what openssl x509 -text prints": b"Certificate:\n    Data:\n        Version: 3\n"
    + ONE.leaf.pem,
}
WITH_KEY = {
    "a key": KEY,
    "DER": encode_private_key(ONE.leaf.key, der=True),
    "a combined file": ONE.pem + KEY,
    "PKCS#12": encode_pkcs12(ONE.leaf.key, ONE.ders, passphrase=b"changeit", name="x"),
    "a Secret": encode_kubernetes_secret(
        ONE.ders, ONE.leaf.key, name="x", namespace="y"
    ),
    "a keystore": keystore(key_entry("x", cover(plain_key("p256")), ONE.ders)),
}
OTHER = {
    "text": b"remember the milk\n",
    "YAML": b"kind: Deployment\nspec: {}\n",
    "text with a certificate": b"see this:\n" + ONE.leaf.pem,
    "text behind a certificate": ONE.leaf.pem + b"and do not forget\n",
    "a Secret with labels": encode_kubernetes_secret(
        ONE.ders, ONE.leaf.key, name="x"
    ).replace(b"type:", b"  labels: {a: b}\ntype:"),
    "several documents": encode_kubernetes_secret(ONE.ders, ONE.leaf.key, name="x")
    + b"---\nkind: Service\n",
    "indented text": b"    for x in y\n" + ONE.leaf.pem,
    "a certificate and bytes": ONE.leaf.der + b"more",
    "octets": bytes(range(256)),
    "half a key": KEY[:100],
    "an OpenPGP key": b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n"
    b"-----END PGP PRIVATE KEY BLOCK-----\n" + ONE.leaf.pem,
    "damaged DER": ONE.leaf.der[:-20],
    "who may log in": b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVr me@here\n",
}


@pytest.mark.parametrize("what", PUBLIC)
def test_what_may_be_had_again_is_no_loss(what: str) -> None:
    assert what_is_lost(PUBLIC[what]) is None


@pytest.mark.parametrize("what", WITH_KEY)
def test_a_key_is_lost_unless_it_is_kept(what: str) -> None:
    data = WITH_KEY[what]
    assert keys_held(data) == {INFO}
    assert what_is_lost(data, [INFO]) is None
    assert what_is_lost(data) == "a private key that is nowhere else"
    assert what_is_lost(data, [ONE.root.info]) is not None


@pytest.mark.parametrize("what", OTHER)
def test_what_we_do_not_know_is_lost(what: str) -> None:
    assert what_is_lost(OTHER[what], [INFO]) is not None


def test_the_line_of_other_text_is_named() -> None:
    lost = what_is_lost(ONE.leaf.pem + b"\nand this\n")
    lines = ONE.leaf.pem.count(b"\n")
    assert lost == f"other text, on line {lines + 2}"


@pytest.mark.parametrize(
    "data",
    [
        encode_private_key(ONE.leaf.key, b"secret"),
        encode_pkcs12(ONE.leaf.key, ONE.ders, passphrase=b"secret", name="x"),
        key_of("rsa2048").private_bytes(
            Encoding.PEM,
            PrivateFormat.TraditionalOpenSSL,
            BestAvailableEncryption(b"secret"),
        ),
    ],
    ids=["PKCS#8", "PKCS#12", "traditional"],
)
def test_an_encrypted_key_must_be_opened_to_see_whether_it_is_kept(data: bytes) -> None:
    kept = [INFO, public_key_info(key_of("rsa2048").public_key())]
    for passphrases in ([], [b"wrong"]):
        assert "cannot be opened" in str(what_is_lost(data, kept, passphrases))
    assert what_is_lost(data, kept, [b"secret"]) is None


def test_a_usual_passphrase_is_tried_after_those_given() -> None:
    assert what_is_lost(WITH_KEY["PKCS#12"], [INFO], [b"another"]) is None


def test_parameters_of_a_key_are_no_loss() -> None:
    curve = bytes.fromhex("06082a8648ce3d030107")
    assert what_is_lost(encode_pem("EC PARAMETERS", curve) + KEY, [INFO]) is None


def test_keys_that_cannot_be_told_are_errors() -> None:
    with pytest.raises(PassphraseError):
        keys_held(encode_private_key(ONE.leaf.key, b"secret"))
    with pytest.raises(InputError):
        keys_held(b"hello")


@given(st.binary(max_size=200), st.booleans())
def test_anything_else_is_kept(data: bytes, in_text: bool) -> None:
    text = b"x" + data
    assert what_is_lost(text + ONE.leaf.pem if in_text else text) is not None
