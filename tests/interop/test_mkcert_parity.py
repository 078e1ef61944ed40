"""The same words to mkcert and to `tlsmith mkcert`: the same files, names and shape.

mkcert is told TRUST_STORES=nss, and has a home without browsers, so that it changes no
store of this machine.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from running import Done, environment_of, tlsmith
from tlsmith.core.formats import encode_private_key, split_pem
from tlsmith.core.keys import generate_private_key
from tlsmith.local.mkcert import is_new_to, load_mkcert_authority
from truststores.worlds import add_database

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        shutil.which("mkcert") is None, reason="mkcert is not on this machine"
    ),
]


class Side(NamedTuple):
    """One of the two programs, with a home and a folder of its own."""

    is_mkcert: bool
    folder: Path
    home: Path

    def run(self, *words: str, **variables: str) -> Done:
        settings = {"TRUST_STORES": "nss", **variables}
        environment = environment_of(self.home, **settings)
        if not self.is_mkcert:
            return tlsmith(
                "mkcert", *words, folder=self.folder, environment=environment
            )
        done = subprocess.run(
            ["mkcert", *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    @property
    def caroot(self) -> Path:
        return self.home / ".local/share/mkcert"

    def files(self) -> dict[str, tuple[int, list[str]]]:
        """Return each file's permissions, and the labels of what is in it."""
        return {
            path.name: (
                stat.S_IMODE(path.stat().st_mode),
                [label for label, _ in split_pem(path.read_bytes())],
            )
            for path in sorted(self.folder.iterdir())
        }


class Both(NamedTuple):
    theirs: Side
    ours: Side

    def run(self, *words: str, **variables: str) -> tuple[Done, Done]:
        return self.theirs.run(*words, **variables), self.ours.run(*words, **variables)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CAROOT that mkcert made."""
    folder = tmp_path_factory.mktemp("made")
    home = tmp_path_factory.mktemp("made-home")
    side = Side(True, folder, home)
    assert side.run("-install").code == 0
    return side.caroot


@pytest.fixture
def both(tmp_path: Path, authority: Path) -> Both:
    """Both programs, each with a copy of the same CA."""
    sides = []
    for name in ("theirs", "ours"):
        folder, home = tmp_path / name, tmp_path / f"{name}-home"
        folder.mkdir()
        side = Side(name == "theirs", folder, home)
        shutil.copytree(authority, side.caroot)
        sides.append(side)
    ours = load_mkcert_authority(str(sides[1].caroot))
    assert ours is not None
    # What is said of a CA when it is first seen is ours alone.
    assert is_new_to(str(sides[1].home / "tlsmith"), ours)
    return Both(*sides)


@pytest.fixture
def content(both: Both) -> Both:
    """The same, with a browser that has the root: mkcert would else note each time."""
    for side in both:
        add_database(side.home / ".pki/nssdb")
        assert side.run("-install").code == 0
    return both


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key to make requests with, and no configuration of OpenSSL's."""
    folder = tmp_path_factory.mktemp("request")
    (folder / "openssl.cnf").write_text("[req]\ndistinguished_name=n\n[n]\n")
    (folder / "key.pem").write_bytes(
        encode_private_key(generate_private_key("rsa2048"))
    )
    return folder / "key.pem"


def make_request(side: Side, key_file: Path, *options: str) -> None:
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-new",
                "-config",
                str(key_file.parent / "openssl.cnf"),
            ),
            *("-key", str(key_file), "-out", str(side.folder / "r.csr"), *options),
        ],
        check=True,
        capture_output=True,
    )


def load(path: Path) -> x509.Certificate:
    if path.suffix == ".p12":
        opened = pkcs12.load_pkcs12(path.read_bytes(), b"changeit")
        assert opened.cert is not None
        return opened.cert.certificate
    return x509.load_pem_x509_certificate(path.read_bytes())


def shape(certificate: x509.Certificate) -> dict[str, object]:
    """Return what both programs put into a certificate."""
    extensions = certificate.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    identifier = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": [(type(n).__name__, str(n.value).lower()) for n in names.value],
        "names critical": names.critical,
        "usage": usage,
        "extended": (extended.critical, set(extended.value)),
        "identifier": identifier.value,
        "algorithm": certificate.signature_algorithm_oid,
        "key": type(certificate.public_key()).__name__,
        "key size": getattr(certificate.public_key(), "key_size", None),
        "version": certificate.version,
    }


def plain(text: str) -> list[str]:
    """Return the lines of what was said, without pictures."""
    lines = [re.sub(r"[^\x20-\x7e]", "", line).rstrip() for line in text.splitlines()]
    return [re.sub("!$", ".", line) for line in lines if line]


ISSUING = {
    "one": ["localhost"],
    "several": ["a_b.test", "*.test", "*.a.test", "127.0.0.1", "::1", "fd00::1"],
    "every kind": ["b.test", "me@b.test", "https://b.test/x", "10.0.0.1"],
    "case": ["LocalHost", "a.test", "a.test"],
    "idn": ["bücher.test", "例え.test"],
    "mapped": ["::ffff:1.2.3.4"],
    "e-mail": ["me@b.test"],
    "client": ["-client", "c.test"],
    "client's e-mail": ["-client", "me@c.test"],
    "files": ["-cert-file", "c.pem", "--key-file=k.pem", "d.test"],
    "one file": ["-cert-file", "x.pem", "-key-file", "x.pem", "d.test"],
    "empty file names": ["-cert-file=", "-key-file", "", "d.test"],
    "pkcs12": ["-pkcs12", "e.test", "10.0.0.1"],
    "pkcs12 of an address": ["-pkcs12", "10.0.0.1"],
    "pkcs12 elsewhere": ["-pkcs12", "-p12-file", "x.pfx", "-cert-file", "c", "e.test"],
    "p12-file alone": ["-p12-file", "x.p12", "f.test"],
    "booleans": ["-pkcs12=false", "-client=F", "-version=0", "g.test"],
    "end of flags": ["-client", "--", "h.test"],
    "a hyphen in it": ["a--b.test"],
    "install first": ["-install", "i.test"],
}


@pytest.mark.parametrize("words", ISSUING.values(), ids=ISSUING)
def test_the_same_files_with_the_same_in_them(content: Both, words: list[str]) -> None:
    theirs, ours = content.run(*words)
    assert (theirs.code, ours.code) == (0, 0), ours.err
    assert theirs.out == ours.out == ""
    assert plain(ours.err) == plain(theirs.err)
    expected = content.theirs.files()
    for name, (_, labels) in expected.items():
        if name.endswith((".p12", ".pfx")):
            expected[name] = (0o600, labels)  # theirs is for everybody to read
    assert content.ours.files() == expected
    name = next(n for n in expected if not n.endswith(("-key.pem", "k.pem")))
    suffix = ".p12" if name.endswith(".pfx") else ""
    pair = []
    for side in content:
        path = side.folder / name
        pair.append(load(path.rename(f"{path}{suffix}") if suffix else path))
    wanted, got = (shape(certificate) for certificate in pair)
    # A name that comes twice is in ours once.
    wanted["names"] = list(dict.fromkeys(wanted["names"]))  # type: ignore[arg-type]
    assert got == wanted
    ends = [certificate.not_valid_after_utc for certificate in pair]
    assert abs(ends[0] - ends[1]) < timedelta(minutes=1)


def test_an_elliptic_curve_key(both: Both) -> None:
    both.run("-ecdsa", "a.test")
    wanted, got = (shape(load(side.folder / "a.test.pem")) for side in both)
    # RFC 8813: such a key is not for key encipherment, whatever theirs says.
    wanted.pop("usage")
    usage = got.pop("usage")
    assert isinstance(usage, x509.Extension)
    assert not usage.value.key_encipherment
    assert got == wanted


FACTS = {
    "version": ["-version"],
    "caroot": ["-CAROOT"],
    "caroot and a name": ["--CAROOT", "name"],
    "version before all": ["-version", "-CAROOT", "-install"],
    "version in words": ["-version=TRUE"],
}


@pytest.mark.parametrize("words", FACTS.values(), ids=FACTS)
def test_the_same_facts(both: Both, words: list[str]) -> None:
    theirs, ours = both.run(*words)
    assert (ours.code, ours.err) == (theirs.code, theirs.err) == (0, "")
    expected = theirs.out.replace(str(both.theirs.home), str(both.ours.home))
    assert ours.out == expected.removeprefix("v")


CAROOTS: dict[str, dict[str, str]] = {
    "set": {"CAROOT": "/some/where"},
    "relative": {"CAROOT": "some/../where/"},
    "empty": {"CAROOT": ""},
    "data": {"XDG_DATA_HOME": "/data//"},
    "data that is relative": {"XDG_DATA_HOME": "data"},
}


@pytest.mark.parametrize("variables", CAROOTS.values(), ids=CAROOTS)
def test_the_same_caroot(both: Both, variables: dict[str, str]) -> None:
    theirs, ours = both.run("-CAROOT", HOME="/h", **variables)
    assert ours.out == theirs.out
    assert ours.out.endswith("\n")


REFUSED = {
    "unknown flag": ["-bogus", "a.test"],
    "no value": ["-cert-file"],
    "no boolean": ["-ecdsa=maybe", "a.test"],
    "an empty boolean": ["-ecdsa=", "a.test"],
    "bad syntax": ["---ecdsa", "a.test"],
    "no flag name": ["-=x", "a.test"],
    "both": ["-install", "-uninstall"],
    "caroot and install": ["-CAROOT", "-install"],
    "request and pkcs12": ["-csr", "x.csr", "-pkcs12"],
    "request and names": ["-csr", "x.csr", "a.test"],
    "no request": ["-csr", "missing.csr"],
    "blank": ["a b"],
    "empty": [""],
    "port": ["localhost:80"],
    "urn": ["urn:x:y"],
    "no host": ["https://"],
    "star": ["*"],
    "star inside": ["x*.test"],
    "no folder": ["-cert-file", "nowhere/x.pem", "a.test"],
}


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_the_same_is_refused(both: Both, words: list[str]) -> None:
    theirs, ours = both.run(*words)
    assert theirs.code != 0
    assert ours.code in (2, 3)
    assert theirs.out == ours.out == ""
    assert both.ours.files() == {}


USAGE = {
    "nothing": [],
    "help": ["-help"],
    "h": ["-h"],
    "no name": ["-ecdsa"],
    "an empty request": ["-csr", ""],
}


@pytest.mark.parametrize("words", USAGE.values(), ids=USAGE)
def test_usage_is_on_the_same_stream(both: Both, words: list[str]) -> None:
    theirs, ours = both.run(*words)
    assert theirs.code == ours.code == 0
    assert bool(theirs.out) == bool(ours.out)
    assert bool(theirs.err) == bool(ours.err)


REQUESTS = {
    "names": ["-subj", "/CN=a.test/O=Acme", "-addext", "subjectAltName=DNS:a.test"],
    "old": ["-subj", "/O=Acme/CN=my_app.test"],
    "kinds": [
        *("-subj", "/CN=b.test"),
        *("-addext", "subjectAltName=IP:10.0.0.1,DNS:b.test,email:a@b.c,URI:a://b/c"),
    ],
    "client": [
        *("-subj", "/CN=b.test", "-addext", "subjectAltName=DNS:b.test"),
        *("-addext", "extendedKeyUsage=clientAuth"),
    ],
}


@pytest.mark.parametrize("options", REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_signed_the_same(
    content: Both, key_file: Path, options: list[str]
) -> None:
    for side in content:
        make_request(side, key_file, *options)
    theirs, ours = content.run("-csr", "r.csr", "-cert-file", "c.pem")
    assert (theirs.code, ours.code) == (0, 0), ours.err
    wanted, got = (shape(load(side.folder / "c.pem")) for side in content)
    # Go puts content in an order of its own.
    for facts in (wanted, got):
        subject = facts["subject"]
        assert isinstance(subject, x509.Name)
        facts["subject"] = set(subject.rdns)
        facts["names"] = set(facts["names"])  # type: ignore[call-overload]
    if options[-1].startswith("subjectAltName=IP"):
        # Theirs is for web servers alone, whatever names were asked for.
        got.pop("extended")
        wanted.pop("extended")
    assert got == wanted
    assert plain(ours.err) == plain(theirs.err)


def test_the_same_default_name_for_a_request(both: Both, key_file: Path) -> None:
    for side in both:
        names = "subjectAltName=IP:10.0.0.1,DNS:b.test"
        make_request(side, key_file, "-subj", "/CN=b.test", "-addext", names)
    both.run("-csr", "r.csr")
    assert set(both.ours.files()) == set(both.theirs.files())
    assert "b.test+1.pem" in both.ours.files()


def digest(folder: Path) -> dict[str, tuple[str, int, int]]:
    return {
        path.name: (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mode,
            path.stat().st_mtime_ns,
        )
        for path in folder.iterdir()
    }


def accepts(root: Path, certificate: Path) -> bool:
    """Tell whether OpenSSL does, at its strictest."""
    done = subprocess.run(
        [
            *("openssl", "verify", "-x509_strict", "-purpose", "sslserver"),
            *("-CAfile", str(root), str(certificate)),
        ],
        check=False,
        capture_output=True,
    )
    return done.returncode == 0


def test_a_ca_of_mkcerts_is_adopted_in_place(both: Both) -> None:
    before = digest(both.ours.caroot)
    assert both.ours.run("-ecdsa", "a.test").code == 0
    assert digest(both.ours.caroot) == before
    assert accepts(both.ours.caroot / "rootCA.pem", both.ours.folder / "a.test.pem")


@pytest.mark.parametrize("flags", [[], ["-ecdsa"]], ids=["rsa", "ecdsa"])
def test_mkcert_goes_on_with_a_ca_of_ours(tmp_path: Path, flags: list[str]) -> None:
    home, folder = tmp_path / "home", tmp_path / "folder"
    folder.mkdir()
    theirs, ours = Side(True, folder, home), Side(False, folder, home)
    done = ours.run(*flags, "a.test")
    assert done.code == 0, done.err
    before = digest(ours.caroot)
    done = theirs.run(*flags, "b.test")
    assert done.code == 0, done.err
    assert "Created a new local CA" not in done.err
    assert digest(ours.caroot) == before
    for name in ("a.test.pem", "b.test.pem"):
        assert accepts(ours.caroot / "rootCA.pem", folder / name)


def test_a_new_ca_is_of_the_same_shape(tmp_path: Path) -> None:
    roots = []
    modes = []
    for name in ("theirs", "ours"):
        side = Side(name == "theirs", tmp_path, tmp_path / name)
        side.run("-install")
        roots.append(load(side.caroot / "rootCA.pem"))
        modes.append(
            {p.name: stat.S_IMODE(p.stat().st_mode) for p in side.caroot.iterdir()}
        )
    assert modes[0] == modes[1]
    wanted, got = roots
    assert got.subject == wanted.subject
    assert type(got.public_key()) is type(wanted.public_key())
    assert got.public_key().key_size == wanted.public_key().key_size  # type: ignore[union-attr]
    for kind in (x509.BasicConstraints, x509.KeyUsage):
        extension = wanted.extensions.get_extension_for_class(kind)
        assert got.extensions.get_extension_for_class(kind) == extension
    assert abs(got.not_valid_after_utc - wanted.not_valid_after_utc) < timedelta(
        minutes=1
    )


def test_keyless_it_is_the_same(both: Both) -> None:
    for side in both:
        os.unlink(side.caroot / "rootCA-key.pem")
    theirs, ours = both.run("a.test")
    assert theirs.code != 0
    assert ours.code == 2
    theirs, ours = both.run("-install")
    assert theirs.code == ours.code == 0


def test_pkcs12_opens_in_openssl_java_and_nss(both: Both, tmp_path: Path) -> None:
    both.ours.run("-pkcs12", "a.test")
    file = str(both.ours.folder / "a.test.p12")
    # Without -legacy, which theirs needs.
    shown = _output(
        "openssl", "pkcs12", "-in", file, "-passin", "pass:changeit", "-nodes"
    )
    assert shown.count("BEGIN CERTIFICATE") == 2
    assert shown.count("BEGIN PRIVATE KEY") == 1
    if shutil.which("keytool"):
        listed = _output(
            "keytool", "-list", "-keystore", file, "-storepass", "changeit"
        )
        assert "PrivateKeyEntry" in listed
    if shutil.which("pk12util"):
        database = f"sql:{tmp_path}"
        _output("certutil", "-N", "-d", database, "--empty-password")
        _output("pk12util", "-i", file, "-d", database, "-W", "changeit")
        assert "u,u,u" in _output("certutil", "-L", "-d", database)


def _output(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.mark.skipif(shutil.which("certutil") is None, reason="certutil is missing")
def test_what_mkcert_installed_in_a_browser_we_uninstall(both: Both) -> None:
    place = both.ours.home / ".pki/nssdb"
    place.mkdir(parents=True)
    database = f"sql:{place}"
    _output("certutil", "-N", "-d", database, "--empty-password")
    before = _output("certutil", "-L", "-d", database)
    theirs = both.theirs._replace(home=both.ours.home)
    assert theirs.run("-install").code == 0
    assert "mkcert development CA" in _output("certutil", "-L", "-d", database)
    done = both.ours.run("-install")
    assert (done.code, "already installed" in done.err) == (0, True)
    done = both.ours.run("-uninstall")
    assert (done.code, "now uninstalled" in done.err) == (0, True)
    assert _output("certutil", "-L", "-d", database) == before
    note = "Note: the local CA is not installed in the Firefox and/or Chrome/Chromium"
    assert note in both.ours.run("-ecdsa", "a.test").err
    assert both.ours.run("-install").code == 0
    assert "tlsmith-" in _output("certutil", "-L", "-d", database)
    assert "Note" not in both.ours.run("-ecdsa", "a.test").err
    assert both.ours.run("-uninstall").code == 0
    assert _output("certutil", "-L", "-d", database) == before
