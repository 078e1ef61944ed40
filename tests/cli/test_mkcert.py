"""`tlsmith mkcert` does what its users count on."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from running import Done, tlsmith_here
from tlsmith.cli.mkcert import mkcert as command
from tlsmith.core.csr import encode_request
from tlsmith.core.formats import encode_pem, load_private_key, split_pem
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.subject import distinguished_name
from tlsmith.local import inventory


@pytest.fixture(autouse=True)
def place(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, where only browsers' stores are meant: none."""
    monkeypatch.setenv("TRUST_STORES", "nss")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def caroot(home: Path) -> Path:
    return home / ".local/share/mkcert"


def mkcert(*words: str) -> Done:
    return tlsmith_here("mkcert", *words)


@pytest.fixture
def ready() -> None:
    """A CA that has been used before, with keys that are quick to make."""
    assert (
        mkcert("-ecdsa", "-cert-file", os.devnull, "-key-file", os.devnull, "x").code
        == 0
    )


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files(place: Path) -> list[str]:
    return sorted(os.listdir(place))


def test_without_words_it_explains_itself_and_does_nothing(
    place: Path, caroot: Path
) -> None:
    done = mkcert()
    assert done.code == 0
    assert "Do what mkcert does, flag for flag." in done.out
    assert done.err == ""
    assert not caroot.exists()


@pytest.mark.parametrize("flag", ["-help", "--help", "-help=true"])
def test_help_is_on_standard_output(flag: str) -> None:
    done = mkcert(flag)
    assert (done.code, done.err) == (0, "")
    for name in ("-install", "-uninstall", "-CAROOT", "-cert-file", "-key-file"):
        assert name in done.out
    for name in ("-p12-file", "-client", "-ecdsa", "-pkcs12", "-csr", "TRUST_STORES"):
        assert name in done.out


def test_h_shows_usage_beside_the_output() -> None:
    done = mkcert("-h")
    assert (done.code, done.out) == (0, "")
    assert "-install" in done.err


def test_the_version_is_mkcerts() -> None:
    assert mkcert("-version") == Done(0, "1.4.4\n", "")


def test_caroot_is_printed_and_nothing_else(
    caroot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mkcert("-CAROOT") == Done(0, f"{caroot}\n", "")
    monkeypatch.setenv("CAROOT", "some/where")
    assert mkcert("--CAROOT", "name") == Done(0, "some/where\n", "")
    assert not caroot.exists()


def test_a_certificate_and_its_key_are_made(place: Path, caroot: Path) -> None:
    done = mkcert("localhost", "127.0.0.1", "::1")
    assert (done.code, done.out) == (0, "")
    assert files(place) == ["localhost+2-key.pem", "localhost+2.pem"]
    assert mode(place / "localhost+2-key.pem") == 0o600
    assert mode(place / "localhost+2.pem") == 0o644
    assert files(caroot) == ["rootCA-key.pem", "rootCA.pem"]
    made, root = (
        certificate(place / "localhost+2.pem"),
        certificate(caroot / "rootCA.pem"),
    )
    made.verify_directly_issued_by(root)
    key = made.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048
    blocks = split_pem((place / "localhost+2.pem").read_bytes())
    assert [label for label, _ in blocks] == ["CERTIFICATE"]
    kept = load_private_key((place / "localhost+2-key.pem").read_bytes())
    assert kept.public_key() == key


@pytest.mark.usefixtures("ready")
def test_what_it_says_is_what_scripts_know(place: Path) -> None:
    done = mkcert("-ecdsa", "*.test", "bücher.test", "*.A.test")
    day = certificate(place / "_wildcard.test+2.pem").not_valid_after_utc.astimezone()
    assert done.out == ""
    assert done.err.splitlines() == [
        "",
        "Created a new certificate valid for the following names",
        ' - "*.test"',
        '   Warning: many browsers don\'t support second-level wildcards like "*.test"',
        ' - "xn--bcher-kva.test"',
        ' - "*.A.test"',
        "",
        "Reminder: X.509 wildcards only go one level deep, so this won't match "
        "a.b.test",
        "",
        'The certificate is at "./_wildcard.test+2.pem" and the key at '
        '"./_wildcard.test+2-key.pem"',
        "",
        f"It will expire on {day.day} {day:%B %Y}",
    ]


def test_that_a_ca_is_not_limited_is_said_once(caroot: Path) -> None:
    first = mkcert("-ecdsa", "a.test")
    assert first.err.startswith("Created a new local CA\n")
    assert f"whoever gets {str(caroot / 'rootCA-key.pem')!r}" in first.err
    again = mkcert("-ecdsa", "a.test")
    assert "Created a new local CA" not in again.err
    assert "not limited" not in again.err


def test_a_ca_of_mkcerts_is_adopted_and_that_is_said_once(
    place: Path, caroot: Path, home: Path
) -> None:
    mkcert("-ecdsa", "a.test")
    os.unlink(home / "tlsmith/mkcert-authorities")
    before = {path: path.read_bytes() for path in caroot.iterdir()}
    done = mkcert("-ecdsa", "b.test")
    assert "Created a new local CA" not in done.err
    assert "not limited to development names" in done.err
    assert {path: path.read_bytes() for path in caroot.iterdir()} == before
    issuer = certificate(place / "a.test.pem").issuer
    assert certificate(place / "b.test.pem").issuer == issuer
    assert "not limited" not in mkcert("-ecdsa", "c.test").err


def test_a_key_that_others_can_read_is_warned_of_once(caroot: Path, home: Path) -> None:
    assert "can read" not in mkcert("-ecdsa").err
    os.unlink(home / "tlsmith/mkcert-authorities")
    (caroot / "rootCA-key.pem").chmod(0o644)
    assert f"hint: chmod 600 {caroot / 'rootCA-key.pem'}" in mkcert("-ecdsa").err
    assert "can read" not in mkcert("-ecdsa").err
    assert mode(caroot / "rootCA-key.pem") == 0o644


@pytest.mark.usefixtures("ready")
def test_files_go_where_they_are_told(place: Path) -> None:
    done = mkcert("-ecdsa", "-cert-file", "c.crt", "-key-file=k.key", "a.test")
    assert done.code == 0
    assert 'at "c.crt" and the key at "k.key"' in done.err
    assert files(place) == ["c.crt", "k.key"]
    assert mode(place / "k.key") == 0o600


@pytest.mark.usefixtures("ready")
def test_one_file_holds_both(place: Path) -> None:
    done = mkcert("-ecdsa", "-cert-file", "x.pem", "-key-file", "./x.pem", "a.test")
    assert 'The certificate and key are at "x.pem"' in done.err
    blocks = split_pem((place / "x.pem").read_bytes())
    assert [label for label, _ in blocks] == ["CERTIFICATE", "PRIVATE KEY"]
    assert mode(place / "x.pem") == 0o600


@pytest.mark.usefixtures("ready")
def test_files_that_are_there_are_replaced_and_never_wider(place: Path) -> None:
    for name in ("a.test.pem", "a.test-key.pem"):
        (place / name).write_text("something else")
    assert mkcert("-ecdsa", "a.test").code == 0
    assert mode(place / "a.test-key.pem") == 0o600
    assert isinstance(
        certificate(place / "a.test.pem").public_key(), ec.EllipticCurvePublicKey
    )


@pytest.mark.usefixtures("ready")
def test_when_one_file_cannot_be_written_the_other_stays(place: Path) -> None:
    (place / "a.test.pem").write_text("old")
    (place / "folder").mkdir()
    done = mkcert("-ecdsa", "-key-file", "folder", "a.test")
    assert done.code == 3
    assert "is a directory" in done.err
    assert (place / "a.test.pem").read_text() == "old"
    assert "Created a new certificate" not in done.err


@pytest.mark.usefixtures("ready")
def test_pkcs12_is_the_only_file_and_for_its_owner_alone(place: Path) -> None:
    done = mkcert("-ecdsa", "-pkcs12", "-client", "a.test", "b.test")
    assert done.code == 0
    assert files(place) == ["a.test+1-client.p12"]
    assert mode(place / "a.test+1-client.p12") == 0o600
    assert 'The PKCS#12 bundle is at "./a.test+1-client.p12"' in done.err
    assert '"changeit"' in done.err
    opened = pkcs12.load_pkcs12(
        (place / "a.test+1-client.p12").read_bytes(), b"changeit"
    )
    assert opened.cert is not None
    subject = opened.cert.certificate.subject
    (name,) = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert name.value == "a.test"
    assert len(opened.additional_certs) == 1


@pytest.mark.usefixtures("ready")
def test_places_that_are_not_asked_for_are_not_used(place: Path) -> None:
    mkcert("-ecdsa", "-p12-file", "x.p12", "a.test")
    mkcert("-ecdsa", "-pkcs12", "-cert-file", "x.pem", "-p12-file", "y.p12", "a.test")
    assert files(place) == ["a.test-key.pem", "a.test.pem", "y.p12"]


@pytest.mark.usefixtures("ready")
def test_what_is_made_is_in_the_inventory(place: Path, home: Path) -> None:
    mkcert("-ecdsa", "a.test", "10.0.0.1")
    mkcert("-ecdsa", "-pkcs12", "b.test")
    found = inventory(str(home / "tlsmith"))
    assert [(entry.names, entry.made_by) for entry in found] == [
        (("x",), "mkcert"),
        (("a.test", "10.0.0.1"), "mkcert"),
        (("b.test",), "mkcert"),
    ]
    assert found[1].cert_file == str(place / "a.test+1.pem")
    assert found[2].cert_file == str(place / "b.test.p12")


def request(*texts: str, client: bool = False) -> bytes:
    subject = distinguished_name(("2.5.4.10", "Acme"))
    key = generate_private_key()
    der = encode_request(parse_names(texts), key, subject=subject, client=client)
    return encode_pem("NEW CERTIFICATE REQUEST", der)


@pytest.mark.usefixtures("ready")
def test_a_request_is_signed(place: Path) -> None:
    (place / "r.csr").write_bytes(request("10.0.0.1", "b.test"))
    done = mkcert("-csr", "r.csr", "-key-file", "ignored.pem")
    assert done.code == 0
    assert 'The certificate is at "./b.test+1.pem"' in done.err
    assert files(place) == ["b.test+1.pem", "r.csr"]
    assert certificate(place / "b.test+1.pem").subject.rfc4514_string() == "O=Acme"
    assert mkcert("-install", "-csr", "r.csr", "-cert-file", "c.pem").code == 0
    assert (place / "c.pem").exists()


def test_a_request_that_is_none_is_refused_before_a_ca_is_made(
    place: Path, caroot: Path
) -> None:
    (place / "r.csr").write_text("nothing")
    assert mkcert("-csr", "r.csr").code == 2
    assert mkcert("-csr", "missing.csr").code == 3
    assert not caroot.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["-install", "-uninstall"],
        ["-CAROOT", "-install"],
        ["-CAROOT", "-uninstall"],
        ["-csr", "r.csr", "-pkcs12"],
        ["-csr", "r.csr", "-ecdsa"],
        ["-csr", "r.csr", "-client"],
        ["-csr", "r.csr", "a.test"],
        ["-bogus"],
        ["a.test", "-ecdsa"],
        [""],
        ["a b"],
        ["a.test:8443"],
        ["urn:x:y"],
    ],
)
def test_what_does_not_go_together_changes_nothing(
    words: list[str], place: Path, caroot: Path
) -> None:
    done = mkcert(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("tlsmith: ")
    assert files(place) == []
    assert not caroot.exists()


def test_flags_without_names_make_the_ca_and_show_usage(caroot: Path) -> None:
    done = mkcert("-ecdsa")
    assert (done.code, done.out) == (0, "")
    assert "Usage: tlsmith mkcert [FLAG]... [NAME]..." in done.err
    assert (caroot / "rootCA.pem").exists()


def test_installing_where_there_is_no_store_makes_the_ca_alone(
    place: Path, caroot: Path
) -> None:
    done = mkcert("-ecdsa", "-install")
    assert (done.code, done.out) == (0, "")
    assert (caroot / "rootCA.pem").exists()
    assert files(place) == []
    assert mkcert("-install", "-ecdsa", "a.test").code == 0
    assert "a.test.pem" in files(place)


def test_uninstalling_keeps_the_ca_and_makes_none(caroot: Path) -> None:
    assert mkcert("-uninstall").code == 0
    assert not caroot.exists()
    mkcert("-ecdsa")
    assert mkcert("-uninstall", "ignored").code == 0
    assert files(caroot) == ["rootCA-key.pem", "rootCA.pem"]


def test_without_the_key_the_error_is_clear(place: Path, caroot: Path) -> None:
    mkcert("-ecdsa")
    os.unlink(caroot / "rootCA-key.pem")
    done = mkcert("-ecdsa", "a.test")
    assert done.code == 2
    assert "rootCA-key.pem" in done.err
    assert "is missing" in done.err
    assert mkcert("-install").code == 0
    assert files(place) == []


@pytest.mark.usefixtures("ready")
def test_one_ca_beside_another(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAROOT", str(place / "other"))
    mkcert("-ecdsa", "a.test")
    root = certificate(place / "other/rootCA.pem")
    certificate(place / "a.test.pem").verify_directly_issued_by(root)


def test_an_expired_root_is_an_error(
    place: Path, caroot: Path, make_old: Callable[[], None]
) -> None:
    make_old()
    done = mkcert("-ecdsa", "a.test")
    assert done.code == 3
    assert "expired" in done.err
    assert "Traceback" not in done.err
    assert files(place) == []


@pytest.fixture
def make_old(caroot: Path) -> Callable[[], None]:
    from datetime import UTC, datetime

    from tlsmith.local.mkcert import ensure_mkcert_authority

    def make() -> None:
        ensure_mkcert_authority(
            str(caroot), datetime(2012, 1, 1, tzinfo=UTC), kind="p256"
        )

    return make


def test_the_command_takes_its_words_as_they_are() -> None:
    assert command.params == []
    assert command.short_help == "Do what mkcert does, flag for flag."
