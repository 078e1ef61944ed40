"""Which roots are taken: files of every kind, and the question before some."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import pty
import subprocess
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from chains import END, START, Pair, certify, family
from running import TLSMITH, Done, tlsmith, tlsmith_here
from tlsmith.core.keys import generate_private_key
from truststores.worlds import add_database, certutil, need, root_pair


@pytest.fixture
def database(home: Path) -> Path:
    """A browser's database at home."""
    need("certutil")
    return add_database(home / ".pki/nssdb")


def _install(*words: str) -> Done:
    return tlsmith_here("trust", "install", "--store", "nss", "--root", *words)


def _count(database: Path) -> int:
    return certutil("-L", "-d", f"sql:{database}").count("tlsmith-")


def _constrained(
    permitted: Sequence[x509.GeneralName],
) -> bytes:
    key = generate_private_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "R")])
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), 5, START, END)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
    )
    return Pair(builder.sign(key, hashes.SHA256()), key).pem


# What is read --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no certificate in"),
        (b"-----BEGIN CERTIFICATE-----\nMII", "has no END line"),
        (b"<html>404 Not Found</html>", "no certificate in"),
        (b"\x30\x82\xff\xff", "not a certificate"),
        (family().root.key_pem, "no certificate in"),
    ],
)
def test_a_file_without_a_root_is_refused(
    database: Path, folder: Path, data: bytes, said: str
) -> None:
    before = (database / "cert9.db").read_bytes()
    (folder / "root.pem").write_bytes(data)
    done = _install("root.pem")
    assert (done.code, said in done.err, "\nhint: " in done.err) == (2, True, True)
    assert (database / "cert9.db").read_bytes() == before


def test_what_is_no_file_to_read_is_named(database: Path, folder: Path) -> None:
    assert "is a directory" in _install(".").err
    assert "no such file" in _install("missing.pem").err
    with (folder / "huge.pem").open("wb") as stream:
        stream.truncate(1 << 40)
    for endless in ("huge.pem", "/dev/zero"):
        done = _install(endless)
        assert (done.code, "is over 16777216 bytes" in done.err) == (3, True)


def test_a_pipe_is_read(database: Path, folder: Path) -> None:
    """As from `--root <(curl ...)`."""
    os.mkfifo("pipe")
    writer = threading.Thread(
        target=lambda: Path("pipe").write_bytes(root_pair().pem), daemon=True
    )
    writer.start()
    assert _install("pipe").code == 0
    writer.join()
    assert _count(database) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem.replace(b"\n", b"\r\n"),
        lambda pem: b"\xef\xbb\xbf" + pem,
        lambda pem: pem.decode().encode("utf-16"),
        lambda pem: b"\xfe\xff" + pem.decode().encode("utf-16-be"),
        lambda pem: b"Our root\nCN=Root, valid till 2036\n\n" + pem + b"\nthe end\n",
        lambda pem: pem + pem,
    ],
    ids=["CRLF", "BOM", "UTF-16", "UTF-16 BE", "text around it", "twice"],
)
def test_a_root_is_read_however_it_was_saved(
    database: Path, folder: Path, change: object
) -> None:
    assert callable(change)
    (folder / "root.pem").write_bytes(change(root_pair().pem))
    done = _install("root.pem")
    assert (done.code, _count(database)) == (0, 1), done
    assert done.err.count("warning") == 1


def test_of_several_the_good_are_installed_and_the_bad_named(
    database: Path, folder: Path
) -> None:
    chain = family()
    (folder / "all.pem").write_bytes(chain.pem + root_pair().pem)
    done = _install("all.pem")
    assert (done.code, _count(database)) == (3, 2)
    assert "certificate 1 in 'all.pem' (CN=app.test) is left out: " in done.err
    assert "certificate 2 in 'all.pem' (CN=Intermediate of app.test)" in done.err
    assert "certificate 3 in 'all.pem' (CN=Root of app.test): it can vouch" in done.err
    refused = _install("all.pem", "--json").facts["refused"]
    assert [len(one["reasons"]) for one in refused] == [2, 1]
    assert tlsmith_here("trust", "uninstall", "--root", "all.pem").code == 0
    assert _count(database) == 0


def test_where_all_are_bad_nothing_is_done(database: Path, folder: Path) -> None:
    chain = family()
    (folder / "all.pem").write_bytes(chain.leaf.pem + chain.intermediate.pem)
    done = _install("all.pem", "--json")
    assert (done.code, done.error["code"]) == (2, "profile-broken")
    assert "CN=app.test" in done.error["reasons"][0]
    assert _count(database) == 0


def test_bad_roots_are_refused_with_the_reason(database: Path, folder: Path) -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- that is the point
    (folder / "weak.pem").write_bytes(certify("W", weak, ca=True).pem)
    old = START - timedelta(days=9000)
    key, name = generate_private_key(), x509.Name([])
    expired = (
        x509.CertificateBuilder(name, name, key.public_key(), 5, old, START)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "expired.pem").write_bytes(Pair(expired, key).pem)
    (folder / "leaf.pem").write_bytes(family().leaf.pem)
    for file, said in (
        ("weak.pem", "1024 bits is too short"),
        ("expired.pem", "it expired on 2026-01-01"),
        ("leaf.pem", "it is not a CA's certificate"),
    ):
        for more in ([], ["--yes"]):
            done = _install(file, *more)
            assert (done.code, said in done.err) == (2, True), done
    assert _count(database) == 0


# What is asked -------------------------------------------------------------------


def _at_a_terminal(home: Path, answer: str, *words: str) -> tuple[int, str]:
    """Install with somebody at the terminal; return the exit code and what they saw."""
    controller, terminal = pty.openpty()
    os.write(controller, answer.encode())
    command = [TLSMITH, "trust", "install", "--store", "nss", *words]
    done = subprocess.run(
        command,
        stdin=terminal,
        stderr=terminal,
        stdout=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    os.close(terminal)
    said = b""
    with contextlib.suppress(OSError):  # how Linux says that the other end is closed
        while part := os.read(controller, 4096):
            said += part
    os.close(controller)
    return done.returncode, said.decode()


@pytest.mark.parametrize(
    ("answer", "code"), [("y\n", 0), ("n\n", 3), ("\n", 3), ("\x04", 3)]
)
def test_a_root_without_limits_is_asked_about_once(
    database: Path, home: Path, folder: Path, answer: str, code: int
) -> None:
    (folder / "root.pem").write_bytes(root_pair().pem)
    before = (database / "cert9.db").read_bytes()
    found, said = _at_a_terminal(home, answer, "--root", "root.pem")
    assert (found, _count(database)) == (code, 1 - bool(code)), said
    assert said.count("Trust it all the same? [y/N]") == 1
    assert "pose as any site" in said
    if code:
        assert (database / "cert9.db").read_bytes() == before
        assert not (home / ".local").exists()


def test_yes_answers_it(database: Path, home: Path, folder: Path) -> None:
    (folder / "root.pem").write_bytes(root_pair().pem)
    code, said = _at_a_terminal(home, "", "--root", "root.pem", "--yes")
    assert (code, "[y/N]" in said, "pose as any site" in said) == (0, False, True)


def test_nobody_is_asked_about_the_local_ca(database: Path, home: Path) -> None:
    code, said = _at_a_terminal(home, "")
    assert (code, "[y/N]" in said) == (0, False)


def test_a_plan_asks_nothing(database: Path, home: Path, folder: Path) -> None:
    (folder / "root.pem").write_bytes(root_pair().pem)
    code, said = _at_a_terminal(home, "", "--root", "root.pem", "--dry-run")
    assert (code, "[y/N]" in said, _count(database)) == (0, False, 0)


def test_a_script_goes_on_with_the_warning(database: Path, folder: Path) -> None:
    (folder / "root.pem").write_bytes(_constrained([x509.DNSName("")]))
    done = tlsmith("trust", "install", "--store", "nss", "--root", "root.pem")
    assert (done.code, _count(database)) == (0, 1)
    assert "pose as any site" in done.err


def test_a_root_that_is_held_to_some_names_is_no_question(
    database: Path, home: Path, folder: Path
) -> None:
    limits = [
        x509.DNSName("a.test"),
        x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")),
    ]
    (folder / "root.pem").write_bytes(_constrained(limits))
    code, said = _at_a_terminal(home, "", "--root", "root.pem")
    assert (code, "warning" in said) == (0, False)
