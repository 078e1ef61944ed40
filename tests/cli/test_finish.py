"""What `make` and `self-sign` write, in every format, and what they say of it."""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
    pkcs7,
    pkcs12,
)

import issued
from running import tlsmith_here
from tlsmith.core.keys import public_key_info
from tlsmith.local.outputs import FORMATS

Content = tuple[list[x509.Certificate], Any]


def _combined(folder: Path, passphrase: bytes | None) -> Content:
    data = (folder / "a.test.pem").read_bytes()
    _, begin, key = data.partition(b"-----BEGIN PRIVATE KEY")
    if passphrase:
        _, begin, key = data.partition(b"-----BEGIN ENCRYPTED PRIVATE KEY")
    return (
        x509.load_pem_x509_certificates(data),
        load_pem_private_key(begin + key, passphrase),
    )


def _pem(folder: Path, passphrase: bytes | None) -> Content:
    key = load_pem_private_key((folder / "a.test-key.pem").read_bytes(), passphrase)
    return issued.chain(folder / "a.test.pem"), key


def _der(folder: Path, passphrase: bytes | None) -> Content:
    data = (folder / "a.test.der").read_bytes()
    key = load_der_private_key((folder / "a.test-key.der").read_bytes(), passphrase)
    return [x509.load_der_x509_certificate(data)], key


def _p12(folder: Path, passphrase: bytes | None) -> Content:
    data = (folder / "a.test.p12").read_bytes()
    key, leaf, others = pkcs12.load_key_and_certificates(
        data, passphrase or b"changeit"
    )
    assert leaf is not None
    return [leaf, *others], key


def _p7b(folder: Path, passphrase: bytes | None) -> Content:
    data = (folder / "a.test.p7b").read_bytes()
    key = load_pem_private_key((folder / "a.test-key.pem").read_bytes(), passphrase)
    found = pkcs7.load_pem_pkcs7_certificates(data)
    return sorted(
        found, key=lambda one: one.subject.rfc4514_string() != "CN=a.test"
    ), key


def _k8s_secret(folder: Path, _: bytes | None) -> Content:
    lines = (folder / "a.test.yaml").read_text().splitlines()
    fields = dict(line.strip().split(": ", 1) for line in lines if ": " in line)
    assert fields["type"] == "kubernetes.io/tls"
    chain = x509.load_pem_x509_certificates(b64decode(fields["tls.crt"]))
    return chain, load_pem_private_key(b64decode(fields["tls.key"]), None)


READERS: dict[str, Callable[[Path, bytes | None], Content]] = {
    "pem": _pem,
    "der": _der,
    "combined": _combined,
    "p12": _p12,
    "p7b": _p7b,
    "k8s-secret": _k8s_secret,
}


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("command", ["make", "self-sign"])
def test_every_format_holds_the_certificate_and_its_key(
    folder: Path, command: str, file_format: str
) -> None:
    words = [command, "a.test", "--format", file_format]
    done = tlsmith_here(*words, "--json")
    assert done.code == 0, done.err
    facts = done.facts
    chain, key = READERS[file_format](folder, None)
    leaf: Any = chain[0]
    assert leaf.serial_number == int(facts["serial_number"], 16)
    assert public_key_info(leaf.public_key()) == public_key_info(key.public_key())
    assert len(chain) == (2 if command == "make" and file_format != "der" else 1)
    written = [facts[name] for name in ("cert_file", "key_file") if facts[name]]
    assert sorted(written) == sorted(os.listdir())
    # Again, in place.
    assert tlsmith_here(*words, "--json").facts["renewed"] is True
    assert sorted(written) == sorted(os.listdir())


@pytest.mark.parametrize("file_format", FORMATS)
def test_whatever_holds_a_key_is_for_its_owner_alone(
    folder: Path, file_format: str
) -> None:
    os.umask(0)
    words = ["--format", file_format, "--p12-file", "more.p12"]
    assert tlsmith_here("make", "a.test", *words).code == 0
    public = {"pem": "a.test.pem", "der": "a.test.der", "p7b": "a.test.p7b"}
    for name in os.listdir():
        expected = 0o644 if name == public.get(file_format) else 0o600
        assert issued.mode(name) == expected, name


def test_a_strict_umask_is_kept(folder: Path) -> None:
    os.umask(0o077)
    assert tlsmith_here("make", "a.test").code == 0
    assert issued.mode("a.test.pem") == 0o600


@pytest.mark.parametrize("file_format", [f for f in FORMATS if f != "k8s-secret"])
def test_a_passphrase_protects_the_key_in_every_format(
    folder: Path, file_format: str
) -> None:
    Path("passphrase").write_text("correct horse\nbattery\n")
    words = ["make", "a.test", "--format", file_format]
    done = tlsmith_here(*words, "--passphrase-file", "passphrase")
    assert done.code == 0, done.err
    assert READERS[file_format](folder, b"correct horse")
    with pytest.raises((ValueError, TypeError)):
        READERS[file_format](folder, b"battery")


def test_a_kubernetes_secret_takes_no_passphrase(folder: Path) -> None:
    Path("passphrase").write_text("correct horse\n")
    words = ["make", "a.test", "--format", "k8s-secret"]
    done = tlsmith_here(*words, "--passphrase-file", "passphrase")
    assert done.code == 2
    assert "without a passphrase" in done.err
    assert os.listdir() == ["passphrase"]


@pytest.mark.parametrize("file_format", ["combined", "p12", "k8s-secret"])
def test_a_key_file_beside_what_holds_the_key_is_refused(
    folder: Path, file_format: str
) -> None:
    words = ["make", "a.test", "--format", file_format, "--key-file", "k.pem"]
    done = tlsmith_here(*words)
    assert done.code == 2
    assert "no file for the key alone" in done.err
    assert os.listdir() == []


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_key_is_kept_in_every_format(folder: Path, file_format: str) -> None:
    words = ["make", "a.test", "--format", file_format]
    assert tlsmith_here(*words).code == 0
    before = public_key_info(READERS[file_format](folder, None)[1].public_key())
    assert tlsmith_here(*words, "--reuse-key").code == 0
    after = READERS[file_format](folder, None)[1]
    assert public_key_info(after.public_key()) == before


def test_pkcs12_can_be_made_beside_it_modern_and_legacy(folder: Path) -> None:
    for legacy in ([], ["--legacy"]):
        done = tlsmith_here("make", "a.test", "--p12-file", "a.test.p12", *legacy)
        assert 'passphrase is "changeit"' in done.err
        assert "a.test.p12" in done.out
        assert (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03" in _bytes()) is bool(legacy)
        chain, key = _p12(folder, None)
        leaf: Any = chain[0]
        assert leaf == issued.leaf("a.test.pem")
        assert public_key_info(leaf.public_key()) == public_key_info(key.public_key())


def _bytes() -> bytes:
    """The PKCS#12 file, where pbeWithSHAAnd3-KeyTripleDES-CBC may be seen."""
    return Path("a.test.p12").read_bytes()


def test_the_passphrase_everyone_uses_is_told_unless_another_was_given(
    folder: Path,
) -> None:
    Path("passphrase").write_text("correct horse\n")
    words = ["make", "a.test", "--format", "p12", "--passphrase-file", "passphrase"]
    done = tlsmith_here(*words)
    assert "changeit" not in done.err + done.out
    assert "changeit" not in tlsmith_here(*words, "--json").err


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ([], ["certificate a.test.pem  (with its chain)", "a.test-key.pem  (for you"]),
        (["--format", "der"], ["a.test.der  (the certificate alone)"]),
        (["--format", "combined"], ["a.test.pem  (with its chain and key, for you"]),
        (["--client"], ["a.test-client.pem", "a.test-client-key.pem"]),
        (["--p12-file", "x/../b.p12"], ["PKCS#12     b.p12  (for you alone"]),
    ],
)
def test_it_says_what_went_where(
    folder: Path, words: list[str], lines: list[str]
) -> None:
    Path("x").mkdir()
    done = tlsmith_here("make", "a.test", *words)
    assert done.code == 0, done.err
    assert all(line in done.out for line in lines), done.out
    assert "(199 days), key p256" in done.out


def test_both_forms_of_an_international_name_are_shown(folder: Path) -> None:
    done = tlsmith_here("make", "bücher.test")
    assert "  bücher.test (xn--bcher-kva.test)\n" in done.out


def test_a_self_signed_certificate_has_no_chain_to_tell_of(folder: Path) -> None:
    done = tlsmith_here("self-sign", "a.test")
    assert "signed by itself" in done.out
    assert "chain" not in done.out


def test_pkcs12_files_are_as_other_programs_read_them(folder: Path) -> None:
    """DER, with the certificate's name on the key."""
    assert tlsmith_here("make", "a.test", "--format", "p12").code == 0
    loaded = pkcs12.load_pkcs12(_bytes(), b"changeit")
    assert loaded.cert is not None
    assert loaded.cert.friendly_name == b"a.test"
