"""`tlsmith csr`: a key, and a request for a certificate."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import issued
from running import Done, tlsmith, tlsmith_here
from strategies import QUICK_KINDS, name_texts
from tlsmith.core.keys import kind_of, public_key_info
from tlsmith.core.names import parse_name
from tlsmith.files import data_home


def csr(*words: str) -> Done:
    done = tlsmith_here("csr", *words)
    assert done.code == 0, done.err
    return done


def request(path: str = "a.test.csr") -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(Path(path).read_bytes())


def names(one: x509.CertificateSigningRequest) -> list[str]:
    found = one.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return [str(name.value) for name in found.value]


def test_a_key_and_a_request_are_made_and_no_ca(folder: Path) -> None:
    done = tlsmith("csr", "www.example.com", "example.com")
    assert done.code == 0, done.err
    assert done.err == ""
    assert sorted(os.listdir(folder)) == [
        "www.example.com+1-key.pem",
        "www.example.com+1.csr",
    ]
    one = request("www.example.com+1.csr")
    assert one.is_signature_valid
    assert names(one) == ["www.example.com", "example.com"]
    assert one.subject.rfc4514_string() == "CN=www.example.com"
    assert issued.mode("www.example.com+1-key.pem") == 0o600
    assert not Path(data_home()).exists()


@pytest.mark.parametrize("kind", QUICK_KINDS)
def test_every_kind_of_key_signs_its_request(folder: Path, kind: str) -> None:
    facts = csr("a.test", "--key", kind, "--json").facts
    assert facts == {
        "names": ["a.test"],
        "csr_file": "a.test.csr",
        "key_file": "a.test-key.pem",
        "key": kind,
        "new_key": True,
    }
    one = request()
    assert one.is_signature_valid
    key: Any = one.public_key()
    assert kind_of(key) == kind
    own = issued.key("a.test-key.pem").public_key()
    assert public_key_info(key) == public_key_info(own)


@pytest.mark.interop
@pytest.mark.parametrize("kind", ["p256", "p521", "ed25519", "rsa2048"])
def test_openssl_reads_it(folder: Path, kind: str) -> None:
    csr("a.test", "10.0.0.1", "me@a.test", "spiffe://a.test/x", "--key", kind)
    words = ["openssl", "req", "-in", "a.test+3.csr", "-noout", "-verify", "-text"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "verify OK" in done.stderr
    for part in ("DNS:a.test", "10.0.0.1", "email:me@a.test", "URI:spiffe://a.test/x"):
        assert part in done.stdout


@given(texts=st.lists(name_texts, min_size=1, max_size=5))
def test_every_name_is_in_it(
    texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("names"))
        facts = csr("--json", "--", *texts).facts
        expected = list(dict.fromkeys(parse_name(text).value for text in texts))
        assert names(request(facts["csr_file"])) == facts["names"] == expected


def test_a_key_that_is_there_is_used_and_stays(folder: Path) -> None:
    csr("a.test")
    before = Path("a.test-key.pem").read_bytes(), os.stat("a.test-key.pem").st_mtime_ns
    done = csr("a.test", "b.test", "--key-file", "a.test-key.pem")
    assert "(as it was, p256)" in done.out
    after = Path("a.test-key.pem").read_bytes(), os.stat("a.test-key.pem").st_mtime_ns
    assert after == before
    assert request("a.test+1.csr").public_key() == request().public_key()


def test_force_makes_a_new_key(folder: Path) -> None:
    csr("a.test")
    before = Path("a.test-key.pem").read_bytes()
    csr("a.test", "--force")
    assert Path("a.test-key.pem").read_bytes() != before
    assert request().is_signature_valid


def test_an_encrypted_key_is_used_with_its_passphrase(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "correct horse")
    csr("a.test", "--passphrase-env", "SECRET")
    refused = tlsmith_here("csr", "a.test")
    assert refused.code == 2
    assert "must not be lost" in refused.err
    csr("a.test", "--passphrase-env", "SECRET")
    assert issued.key("a.test-key.pem", b"correct horse")


@pytest.mark.parametrize(
    "content",
    [b"notes", b"-----BEGIN CERTIFICATE REQUEST-----\nMI", bytes(200)],
    ids=["text", "half", "zeroes"],
)
@pytest.mark.parametrize("place", ["a.test.csr", "a.test-key.pem"])
def test_a_foreign_file_is_not_replaced(
    folder: Path, place: str, content: bytes
) -> None:
    Path(place).write_bytes(content)
    done = tlsmith_here("csr", "a.test", "--json")
    assert done.code == 2
    assert done.error["code"] == "would-be-lost"
    assert "--force" in done.error["hint"]
    assert os.listdir() == [place]
    assert Path(place).read_bytes() == content
    csr("a.test", "--force")
    assert request().is_signature_valid


def test_a_certificate_is_not_replaced_by_a_request(folder: Path) -> None:
    assert tlsmith_here("make", "a.test").code == 0
    before = Path("a.test.pem").read_bytes()
    done = tlsmith_here("csr", "a.test", "--csr-file", "a.test.pem")
    assert done.code == 2
    assert Path("a.test.pem").read_bytes() == before


def test_a_request_and_its_key_need_two_files(folder: Path) -> None:
    done = tlsmith_here("csr", "a.test", "--csr-file", "x", "--key-file", "x")
    assert done.code == 3
    assert "two different things" in done.err
    assert os.listdir() == []


def test_a_client_asks_to_be_one(folder: Path) -> None:
    csr("a.test", "--client", "--csr-file", "a.test.csr")
    usage = request().extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert x509.ExtendedKeyUsageOID.CLIENT_AUTH in usage


def test_without_a_subject_the_names_are_critical(folder: Path) -> None:
    csr("10.0.0.1", "--csr-file", "a.test.csr")
    extensions = request().extensions
    found = extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert found.critical
    assert not request().subject.rdns


@pytest.mark.parametrize("name", ["/dev/stdout", "-"])
def test_the_request_can_go_to_standard_output(folder: Path, name: str) -> None:
    done = tlsmith("csr", "a.test", "--csr-file", name)
    assert done.code == 0
    assert done.out.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert done.out.endswith("-----END CERTIFICATE REQUEST-----\n")
    assert os.listdir() == ["a.test-key.pem"]


def test_a_request_and_json_are_not_mixed_up(folder: Path) -> None:
    for option in ("--csr-file", "--key-file"):
        done = tlsmith_here("csr", "a.test", option, "-", "--json")
        assert done.code == 2
        assert "mixed up on standard output" in done.error["message"]
    assert os.listdir() == []


def test_no_name_is_one_clear_error(folder: Path) -> None:
    done = tlsmith_here("csr")
    assert done.code == 2
    assert "no name was given" in done.err


def test_options_of_certificates_are_not_its_own() -> None:
    for option in ("--days", "--cert-file", "--csr", "--format", "--reuse-key"):
        done = tlsmith_here("csr", "a.test", option, "1")
        assert done.code == 2
        assert f"no such option '{option}'" in done.err
