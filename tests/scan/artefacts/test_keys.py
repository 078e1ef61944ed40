"""Private keys: every form they come in, and what only looks like one."""

from __future__ import annotations

import base64
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from scan_artefacts import der_of, found_in, kinds_in, new_key, pem_of, some_key
from tlsmith.core import der

RSA = rsa.generate_private_key(65537, 2048)
KEYS = {
    "RSA 2048": RSA,
    "EC secp384r1": ec.generate_private_key(ec.SECP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "Ed448": ed448.Ed448PrivateKey.generate(),
    "DSA 2048": dsa.generate_private_key(2048),
}
TRADITIONAL = ["RSA 2048", "EC secp384r1", "DSA 2048"]


@pytest.mark.parametrize("name", KEYS)
def test_pkcs8_is_found_and_told(name: str) -> None:
    (found,) = found_in(pem_of(KEYS[name]))
    assert (found.rule, found.severity) == ("artefact-private-key", "high")
    assert found.reason == name
    assert found.line == 1


@pytest.mark.parametrize("name", TRADITIONAL)
def test_the_forms_before_pkcs8_are_found(name: str) -> None:
    (found,) = found_in(pem_of(KEYS[name], "TraditionalOpenSSL"))
    assert (found.rule, found.reason) == ("artefact-private-key", name)


def test_der_is_found() -> None:
    (found,) = found_in(der_of(RSA), "deploy/server.key")
    assert (found.rule, found.line, found.column) == ("artefact-private-key", 1, 1)
    assert "RSA 2048, public key " in found.snippet


def test_one_key_has_one_mark_in_all_its_forms() -> None:
    forms = (pem_of(RSA), pem_of(RSA, "TraditionalOpenSSL"), der_of(RSA))
    marks = {found_in(form)[0].snippet.rpartition("(")[2] for form in forms}
    assert len(marks) == 1


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_encrypted_keys_are_info(form: str) -> None:
    (found,) = found_in(pem_of(some_key(), form, b"correct horse"))
    assert (found.rule, found.severity) == ("artefact-private-key-encrypted", "info")


def test_an_ssh_key_is_a_key_too() -> None:
    (found,) = found_in(pem_of(KEYS["Ed25519"], "OpenSSH"), "deploy/id_ed25519")
    assert (found.rule, found.reason) == (
        "artefact-private-key-ssh",
        "OpenSSH, ssh-ed25519",
    )


def test_an_encrypted_ssh_key_is_info() -> None:
    """Its cipher is told before anything that is encrypted."""
    plain = pem_of(KEYS["Ed25519"], "OpenSSH")
    data = base64.b64decode("".join(plain.splitlines()[1:-1]))
    other = data.replace(b"\0\0\0\4none", b"\0\0\0\x0aaes256-ctr", 1)
    body = base64.encodebytes(other).decode()
    text = plain.splitlines()[0] + "\n" + body + plain.splitlines()[-1]
    assert kinds_in(text) == ["private-key-encrypted"]


def test_a_key_of_a_kind_that_cannot_be_read_is_one() -> None:
    """Ed25519 under a number that nobody has given out."""
    data = der_of(KEYS["Ed25519"])
    assert data.count(b"\x2b\x65\x70") == 1
    (found,) = found_in(data.replace(b"\x2b\x65\x70", b"\x2b\x65\x3f"))
    assert found.reason == "of a kind unknown here"


def test_a_key_that_lacks_a_little_is_one_with_little_confidence() -> None:
    body = pem_of(RSA).splitlines()
    short = "\n".join([*body[:-5], *body[-1:]])
    (found,) = found_in(short)
    assert (found.rule, found.confidence) == ("artefact-private-key", "low")


@pytest.mark.parametrize("is_old", [False, True])
def test_no_key_takes_long_whatever_its_size(is_old: bool) -> None:
    """Of DSA the public half is computed."""
    p, q, g, x = ((1 << 20_000) - number for number in (3, 5, 7, 9))
    numbers = [der.integer(number) for number in (p, q, g)]
    algorithm = der.sequence(
        der.object_identifier("1.2.840.10040.4.1"), der.sequence(*numbers)
    )
    data = der.sequence(der.integer(0), algorithm, der.octet_string(der.integer(x)))
    if is_old:
        data = der.sequence(der.integer(0), *numbers, der.integer(g), der.integer(x))
    begun = time.process_time()
    assert kinds_in(data) == ["private-key"]
    assert time.process_time() - begun < 2


HEAD, FOOT = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
RANDOM = base64.b64encode(bytes(range(200))).decode()
NO_KEYS = [
    HEAD,
    f"grep -r '{HEAD}' .",
    f'assert pem.startswith("{HEAD}") and pem.endswith("{FOOT}")',
    f"{HEAD}\n{FOOT}",
    f"{HEAD}\n...\n{FOOT}",
    f"{HEAD}\n<your key here>\n{FOOT}",
    f"{HEAD}\nREDACTED\n{FOOT}",
    f"{HEAD}\n{{{{ .Values.tls.key }}}}\n{FOOT}",
    f"{HEAD}\n${{TLS_KEY}}\n{FOOT}",
    f"{HEAD}\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n{FOOT}",
    f"{HEAD}\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj...\n{FOOT}",
    f"{HEAD}\n{'x' * 64}\n{'x' * 64}\n{FOOT}",
    f"{HEAD}\n{RANDOM}\n{FOOT}",
    f"{HEAD}\nfoo\nbar\nfoobar\n{FOOT}",
    pem_of(some_key()).replace("PRIVATE KEY", "PGP PRIVATE KEY BLOCK"),
    pem_of(some_key())[:150],
    pem_of(RSA).replace("\n", "\n[...]\n", 9),
    r"re.compile(r'-----BEGIN (RSA )?PRIVATE KEY-----[\s\S]+-----END')",
]


@pytest.mark.parametrize("text", NO_KEYS)
def test_what_only_looks_like_a_key_is_none(text: str) -> None:
    assert kinds_in(text) == []


def test_keys_in_tests_and_documentation_are_graded_lower() -> None:
    text = pem_of(new_key())
    for path in ("tests/server.key", "docs/tls.md", "examples/server.key"):
        (found,) = found_in(text, path)
        assert found.severity == "low"
        assert "graded lower" in found.reason


def test_a_published_key_is_told_to_be_one() -> None:
    """The first private key on P-256, which is the number one."""
    (found,) = found_in(pem_of(ec.derive_private_key(1, ec.SECP256R1())))
    assert "published" in found.reason
