"""What other programs make is shown, and shown as they show it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from running import tlsmith_here

pytestmark = pytest.mark.interop


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, text: str = "") -> str:
    done = subprocess.run(
        words, input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def openssl(words: str) -> str:
    return run("openssl", *words.split())


def show(*words: str) -> dict[str, Any]:
    done = tlsmith_here("show", *words, "--json")
    assert done.code in (0, 1), done.err
    facts: dict[str, Any] = json.loads(done.out)
    return facts


def types(file: str) -> list[str]:
    return [one["type"] for one in show(file)["objects"]]


@pytest.fixture
def made(folder: Path) -> Path:
    """A root and its key by openssl."""
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out ca.pem -days 30 "
        "-subj /C=DE/O=Acme/CN=root -addext subjectAltName=DNS:a.test,IP:127.0.0.1"
    )
    return folder


@needs("openssl")
class TestOpenSSL:
    def test_a_certificate_says_what_openssl_says(self, made: Path) -> None:
        (one,) = show("ca.pem")["objects"]
        serial = openssl("x509 -in ca.pem -noout -serial").strip().partition("=")[2]
        assert one["serial_number"] == serial.lower()
        for name in ("sha256", "sha1"):
            line = openssl(f"x509 -in ca.pem -noout -fingerprint -{name}")
            digest = line.strip().partition("=")[2].replace(":", "").lower()
            assert one["fingerprints"][name] == digest
        subject = openssl("x509 -in ca.pem -noout -subject -nameopt RFC2253")
        assert subject.strip() == f"subject={one['subject']}"
        assert one["names"] == ["a.test", "127.0.0.1"]

    @pytest.mark.parametrize(
        ("make", "file", "kind"),
        [
            ("rsa -in key.pem -traditional -out it", "it", "private-key"),
            (
                "rsa -in key.pem -aes128 -passout pass:x -traditional -out it",
                "it",
                "private-key",
            ),
            (
                "pkcs8 -topk8 -scrypt -in key.pem -passout pass:x -out it",
                "it",
                "private-key",
            ),
            ("rsa -in key.pem -pubout -out it", "it", "public-key"),
            ("rsa -in key.pem -RSAPublicKey_out -out it", "it", "public-key"),
            ("ecparam -name prime256v1 -genkey -noout -out it", "it", "private-key"),
            (
                "req -new -key key.pem -subj /CN=x -out it",
                "it",
                "certificate-signing-request",
            ),
            ("x509 -in ca.pem -outform DER -out it", "it", "certificate"),
            (
                "x509 -in ca.pem -trustout -addtrust serverAuth -out it",
                "it",
                "certificate",
            ),
            ("x509 -in ca.pem -text -out it", "it", "certificate"),
            ("crl2pkcs7 -nocrl -certfile ca.pem -out it", "it", "pkcs7"),
            (
                "cms -sign -signer ca.pem -inkey key.pem -in ca.pem -outform DER "
                "-stream -nodetach -binary -out it",
                "it",
                "pkcs7",
            ),
            (
                "ocsp -issuer ca.pem -cert ca.pem -reqout it",
                "it",
                "ocsp-request",
            ),
        ],
    )
    def test_what_openssl_writes_is_shown(
        self, make: str, file: str, kind: str, made: Path
    ) -> None:
        openssl(make)
        report = show(file)
        assert report["objects"][0]["type"] == kind
        bad = [one for one in report["findings"] if one["level"] == "problem"]
        assert not bad

    def test_a_list_and_an_answer_are_checked(self, made: Path) -> None:
        (made / "index").write_text("")
        (made / "number").write_text("01\n")
        (made / "it.cnf").write_text(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\n"
            "default_md=sha256\ndefault_crl_days=5\n"
        )
        openssl("ca -config it.cnf -gencrl -keyfile key.pem -cert ca.pem -out it.crl")
        assert show("it.crl", "ca.pem")["objects"][0]["signature"] == "good"
        openssl("ocsp -issuer ca.pem -cert ca.pem -reqout it.req")
        openssl(
            "ocsp -index index -rsigner ca.pem -rkey key.pem -CA ca.pem "
            "-reqin it.req -respout it.ors"
        )
        found = show("it.ors")["objects"][0]
        assert found["signature"] == "good"
        assert found["responses"][0]["status"] == "unknown"

    @pytest.mark.parametrize(
        "more",
        [
            "",
            "-keypbe AES-128-CBC -certpbe NONE",
            "-nomac",
            "-macalg sha512 -iter 5000",
        ],
    )
    def test_a_pkcs12_file_is_opened(self, more: str, made: Path) -> None:
        openssl(
            "pkcs12 -export -in ca.pem -inkey key.pem -passout pass:changeit "
            f"-name friend -out it.p12 {more}"
        )
        assert types("it.p12") == ["pkcs12", "private-key", "certificate"]


@needs("keytool")
class TestKeytool:
    @pytest.mark.parametrize("kind", ["JKS", "JCEKS", "PKCS12"])
    def test_a_keystore_is_read(self, kind: str, made: Path) -> None:
        store = f"-keystore it.{kind} -storetype {kind} -storepass changeit"
        run(*f"keytool -importcert -noprompt -alias root -file ca.pem {store}".split())
        run(
            *f"keytool -genkeypair -alias own -keyalg EC -dname CN=x {store}".split(),
            *("-keypass", "changeit"),
        )
        report = show(f"it.{kind}")
        assert sorted(one["type"] for one in report["objects"])[:2] == [
            "certificate",
            "certificate",
        ]
        if kind != "PKCS12":
            first = report["objects"][0]
            assert first["integrity"] == "checked"
            assert {one["alias"] for one in first["entries"]} == {"root", "own"}


@needs("certtool")
def test_a_certificate_of_gnutls_is_read(folder: Path) -> None:
    run("certtool", "--generate-privkey", "--key-type", "ed25519", "--outfile", "k.pem")
    (folder / "it.cfg").write_text(
        'cn = "a.test"\ndns_name = "a.test"\nexpiration_days = 30\n'
        "tls_www_server\nsigning_key\n"
    )
    run(
        *["certtool", "--generate-self-signed", "--load-privkey", "k.pem"],
        *["--template", "it.cfg", "--outfile", "it.pem"],
    )
    report = show("it.pem", "k.pem")
    assert report["objects"][0]["names"] == ["a.test"]
    assert report["objects"][1]["matches"] == [0]


@needs("ssh-keygen")
@pytest.mark.parametrize("passphrase", ["", "secret words"])
def test_a_key_of_openssh_is_named(passphrase: str, folder: Path) -> None:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", "id", "-C", "me")
    shown = run("ssh-keygen", "-l", "-f", "id.pub").split()[1]
    for file in ("id", "id.pub"):
        (one,) = show(file)["objects"]
        assert one["ssh_fingerprint"] == shown
    assert show("id")["objects"][0]["encrypted"] == bool(passphrase)
