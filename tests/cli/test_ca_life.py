"""The life of a CA in the shell: made, rotated, cross-signed, promoted, kept."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from interop.tools import needs
from running import Done, tlsmith_here
from tlsmith.storage import open_storage

STORE = "sqlite:///ca.db"


@pytest.fixture(autouse=True)
def passphrase(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The passphrase of every key here, and the store of every command."""
    secret = folder / "ca.pass"
    secret.write_text("a passphrase\n")
    secret.chmod(0o600)
    monkeypatch.setenv("TLSMITH_PASSPHRASE_FILE", str(secret))
    monkeypatch.setenv("TLSMITH_STORE", STORE)
    return secret


def _ca(*words: str) -> Done:
    done = tlsmith_here("ca", *words)
    assert done.code == 0, done.err
    return done


def _init(*more: str) -> Any:
    key = ("--root-key-file", "root.key")
    return _ca("init", "--name", "Acme", *key, "--json", *more).facts


def _refused(*words: str) -> str:
    done = tlsmith_here(*words)
    assert done.code != 0, done.out
    return done.err


def _issue(name: str, *more: str) -> Path:
    files = ("--cert-file", f"{name}.pem", "--key-file", f"{name}.key")
    done = tlsmith_here("cert", "issue", name, *files, *more)
    assert done.code == 0, done.err
    return Path(f"{name}.pem")


def _export_root(name: str = "root.pem") -> None:
    Path(name).write_text(_ca("export", "--root", "--store", STORE).out)


def _verify(certificate: Path, root: str = "root.pem", *more: str) -> str:
    words = ["openssl", "verify", "-CAfile", root, "-untrusted", str(certificate)]
    done = subprocess.run(
        [*words, *more, str(certificate)], capture_output=True, text=True, check=False
    )
    return (done.stdout + done.stderr).strip()


def _states() -> dict[str, str]:
    facts = _ca("show", "--store", STORE, "--json").facts
    return {one["name"]: one["state"] for one in facts}


def _first(path: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(Path(path).read_bytes())


# Making


def test_a_root_key_is_never_replaced(folder: Path) -> None:
    Path("root.key").write_text("something of mine\n")
    said = _refused("ca", "init", "--name", "A", "--root-key-file", "root.key")
    assert "is there already" in said
    assert Path("root.key").read_text() == "something of mine\n"
    assert not Path("ca.db").exists()


def test_a_second_ca_in_a_store_is_refused_and_changes_nothing(folder: Path) -> None:
    _init()
    before = Path("ca.db").read_bytes()
    said = _refused("ca", "init", "--name", "B", "--root-key-file", "b.key")
    assert "has a CA already" in said
    assert not Path("b.key").exists()
    assert Path("ca.db").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--name", "A", "--root-key-file", "r", "--days", "0"], "days: 0"),
        (["--name", "", "--root-key-file", "r"], "no name"),
        (["--name", "A"], "where is the root's key to go"),
        (["--name", "A", "--adopt", "x", "--local"], "exclude each other"),
        (["--offline-root", "--name", "A", "--root-key-file", "r"], "--root-key-file"),
        (["--offline-root", "--name", "A", "--permit", "a.test"], "--permit"),
        (["--root-only", "--name", "A", "--store", STORE], "goes into no store"),
        (["--root-only", "--name", "A"], "where is the root's key to go"),
        (["--adopt", "nowhere"], "nowhere"),
        (["--from-local", "--name", "A", "--root-key-file", "r"], "no local CA"),
        (
            ["--name", "A", "--root-key-file", "r", "--base-url", "https://x"],
            "must begin with http://",
        ),
    ],
)
def test_what_makes_no_ca_is_refused_and_leaves_nothing(
    folder: Path, words: list[str], message: str
) -> None:
    assert message in _refused("ca", "init", *words)
    assert sorted(os.listdir(folder)) == ["ca.pass"]


def test_a_root_alone_holds_all_that_signing_needs(folder: Path) -> None:
    files = ("--root-key-file", "root.key", "--root-cert", "root.pem")
    done = _ca("init", "--root-only", "--name", "Acme", "--json", *files)
    certificate = _first("root.pem")
    assert done.facts["fingerprint_sha256"] == (
        certificate.fingerprint(certificate.signature_hash_algorithm).hex()  # type: ignore[arg-type]
    )
    assert Path("root.key").stat().st_mode & 0o777 == 0o600
    shown = tlsmith_here("show", "root.key", "--passphrase-file", "ca.pass")
    assert shown.code == 0, shown.err
    for what in ("ertificate", "evocation list"):
        assert what in shown.out, shown.out


# Several, and one after another


def test_a_new_issuing_ca_takes_over_and_the_old_one_answers(folder: Path) -> None:
    needs("openssl")
    _init("--base-url", "http://pki.test")
    old = _issue("old.test")
    facts = _ca("rotate", "--root-key-file", "root.key", "--json").facts
    assert facts["name"] == "Acme Issuing CA 2"
    assert _states() == {
        "Acme Root CA": "active",
        "Acme Issuing CA 1": "retired",
        "Acme Issuing CA 2": "active",
    }
    new = _issue("new.test")
    _export_root()
    assert [_verify(one) for one in (old, new)] == [
        "old.test.pem: OK",
        "new.test.pem: OK",
    ]
    issuers = {_first(str(one)).issuer.rfc4514_string()[:20] for one in (old, new)}
    assert len(issuers) == 2
    # The old one still takes back what it issued.
    assert tlsmith_here("cert", "revoke", "old.test.pem").code == 0
    assert tlsmith_here("crl", "issue").code == 0
    slug = next(
        one["slug"]
        for one in _ca("show", "--store", STORE, "--json").facts
        if one["state"] == "retired"
    )
    export = ("crl", "export", "--path", f"{slug}.crl", "--pem", "--out", "old.crl")
    assert tlsmith_here(*export).code == 0
    said = _verify(old, "root.pem", "-crl_check", "-CRLfile", "old.crl")
    assert "certificate revoked" in said
    assert "no issuing CA" in _refused("cert", "issue", "x.test", "--issuer", slug)


def test_several_issue_at_once_and_are_named(folder: Path) -> None:
    _init()
    _ca("rotate", "--root-key-file", "root.key", "--keep-old", "--key", "p384")
    first = _issue("a.test", "--issuer", "Acme Issuing CA 1")
    second = _issue("b.test")
    names = [_first(str(one)).issuer.rfc4514_string() for one in (first, second)]
    assert ["Issuing CA 1" in names[0], "Issuing CA 2" in names[1]] == [True, True]
    _ca("retire", "Acme Issuing CA 1")
    said = _refused("cert", "issue", "c.test", "--issuer", "Acme Issuing CA 1")
    assert "no issuing CA" in said
    assert "last CA that issues" in _refused("ca", "retire", "Acme Issuing CA 2")
    assert "it is retired" in _refused("ca", "retire", "Acme Issuing CA 1")
    assert "no CA is called" in _refused("ca", "retire", "Nobody")
    _ca("retire", "Acme Issuing CA 2", "--last")
    assert "no CA that issues" in _refused("cert", "issue", "d.test")


def test_another_root_cannot_rotate(folder: Path) -> None:
    _init()
    _ca("init", "--root-only", "--name", "Evil", "--root-key-file", "evil.key")
    said = _refused("ca", "rotate", "--root-key-file", "evil.key")
    assert "is none of this store's" in said
    assert set(_states()) == {"Acme Root CA", "Acme Issuing CA 1"}
    assert "where the root's key is" in _refused("ca", "rotate")


def test_a_new_key_has_the_passphrase_of_the_others(folder: Path) -> None:
    """Else the service that has one passphrase could not open both."""
    _init()
    Path("other.pass").write_text("another\n")
    words = ("--root-key-file", "root.key", "--root-passphrase-file", "ca.pass")
    said = _refused("ca", "rotate", *words, "--passphrase-file", "other.pass")
    assert "does not open" in said
    assert set(_states()) == {"Acme Root CA", "Acme Issuing CA 1"}


def test_constraints_of_the_root_are_those_of_every_issuing_ca(folder: Path) -> None:
    _init("--permit", "corp.example", "--exclude", "ip:10.0.0.0/8")
    _ca("rotate", "--root-key-file", "root.key")
    facts = _ca("show", "--store", STORE, "--json").facts
    constraints = [one["name_constraints"] for one in facts]
    assert constraints[0] is not None
    assert constraints == [constraints[0]] * 3
    assert "outside" in _refused("cert", "issue", "www.test")


# Cross-signing


def test_an_old_root_vouches_for_a_new_one(folder: Path) -> None:
    needs("openssl")
    words = ("--root-key-file", "old.key", "--root-cert", "old.pem")
    _ca("init", "--root-only", "--name", "Old", "--path-length", "2", *words)
    _init()
    _export_root()
    leaf = _issue("a.test")
    assert "unable to get local issuer" in _verify(leaf, "old.pem")
    _ca("cross-sign", "root.pem", "--root-key-file", "old.key", "--out", "cross.pem")
    assert _verify(leaf, "old.pem", "-untrusted", "cross.pem") == "a.test.pem: OK"
    facts = _ca("import", "cross.pem", "--json").facts
    assert facts["cross_signed"] is True
    shown = _ca("show", "--store", STORE)
    assert "  cross-signed" in shown.out
    # Published beside the root's own.
    _ca_documents = tlsmith_here("crl", "publish", "public")
    assert _ca_documents.code == 0, _ca_documents.err
    slug = facts["slug"]
    published = Path(f"public/ca/{slug}-others.pem").read_bytes()
    assert _first("cross.pem") in x509.load_pem_x509_certificates(published)


def test_a_usual_root_vouches_for_an_issuing_ca(folder: Path) -> None:
    """Below a path length of 1 there is room for one CA, and none for a root's."""
    needs("openssl")
    words = ("--root-key-file", "old.key", "--root-cert", "old.pem")
    _ca("init", "--root-only", "--name", "Old", *words)
    _init()
    _export_root()
    sign = ("--root-key-file", "old.key", "--out", "cross.pem")
    said = _refused("ca", "cross-sign", "root.pem", *sign)
    assert "no room below it for this root" in said
    assert "ca export --chain" in said
    Path("chain.pem").write_text(_ca("export", "--chain", "--store", STORE).out)
    _ca("cross-sign", "chain.pem", *sign)
    leaf = _issue("a.test")
    done = subprocess.run(
        ["openssl", "verify", "-CAfile", "old.pem", "-untrusted", "cross.pem", leaf],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "a.test.pem: OK", done.stderr


def test_a_server_certificate_is_not_cross_signed(folder: Path) -> None:
    _init()
    leaf = _issue("a.test")
    words = ("--root-key-file", "root.key", "--out", "x.pem")
    assert "this is none" in _refused("ca", "cross-sign", str(leaf), *words)
    assert not Path("x.pem").exists()


# From the local CA


def test_the_local_ca_is_promoted_with_what_cannot_be_kept_explained(
    folder: Path,
) -> None:
    needs("openssl")
    assert tlsmith_here("make", "old.test").code == 0
    done = _ca("init", "--from-local", "--name", "Acme", "--root-key-file", "root.key")
    for word in ("destroyed", "path length 0", "tlsmith trust install --root"):
        assert word in done.err, done.err
    _export_root("new.pem")
    assert _verify(_issue("new.test"), "new.pem") == "new.test.pem: OK"
    # What it said of the old one holds: its root is still the local CA's.
    Path("local.pem").write_text(_ca("export", "--root", "--local").out)
    assert _verify(Path("old.test.pem"), "local.pem") == "old.test.pem: OK"


def test_mkcerts_root_is_kept_when_promoted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("openssl")
    caroot = folder.parent / "caroot"
    monkeypatch.setenv("CAROOT", str(caroot))
    assert tlsmith_here("mkcert", "old.test").code == 0
    done = _ca("init", "--from-local")
    assert "the root stays" in done.err
    assert "path length 0" in done.err
    _export_root()
    assert Path("root.pem").read_bytes() == (caroot / "rootCA.pem").read_bytes()
    assert _verify(_issue("new.test")) == "new.test.pem: OK"


# CRLs where the root is


def test_a_crl_needs_the_one_before_it(folder: Path) -> None:
    _init()
    sign = ("ca", "sign-crl", "--root-key-file", "root.key", "--out", "r.crl")
    assert "which CRL came before" in _refused(*sign)
    slug = next(
        one["slug"]
        for one in _ca("show", "--store", STORE, "--json").facts
        if one["role"] == "root"
    )
    export = ("crl", "export", "--path", f"{slug}.crl", "--out", "before.crl")
    assert tlsmith_here(*export).code == 0
    assert tlsmith_here(*sign, "--previous", "before.crl").code == 0
    crl = x509.load_pem_x509_crl(Path("r.crl").read_bytes())
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2
    assert "not greater" in _refused(*sign, "--previous", "r.crl", "--number", "2")
    for what, message in (
        ("nonsense", "neither a file nor a serial number"),
        ("ca.pass", "ca.pass"),
    ):
        assert message in _refused(*sign, "--previous", "r.crl", "--revoke", what)
    said = _refused(*sign, "--previous", "r.crl", "--revoke", "aa", "--reason", "bored")
    assert "keyCompromise" in said
    _export_root()
    said = _refused(*sign, "--previous", "r.crl", "--revoke", "root.pem")
    assert "cannot revoke itself" in said


def test_a_certificate_of_another_ca_is_not_revoked_by_mistake(folder: Path) -> None:
    _init()
    leaf = _issue("a.test")
    sign = ("ca", "sign-crl", "--root-key-file", "root.key", "--number", "5")
    said = _refused(*sign, "--out", "r.crl", "--revoke", str(leaf))
    assert "the certificate in 'a.test.pem'" in said
    assert not Path("r.crl").exists()


# Keeping


def test_a_backup_made_under_load_is_whole(folder: Path) -> None:
    needs("openssl")
    _init()
    stop = threading.Event()
    issued: list[str] = []

    def write() -> None:
        from tlsmith.authority.service import Authority

        authority = Authority(open_storage(STORE), lambda: b"a passphrase")
        try:
            while not stop.is_set():
                issued.append(_issue_one(authority))
        finally:
            authority.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(issued) < 20:
            stop.wait(0.01)
        before = list(issued)
        _ca("backup", "backup.db")
        while len(issued) < len(before) + 20:
            stop.wait(0.01)
    finally:
        stop.set()
        writer.join()
    assert Path("backup.db").stat().st_mode & 0o777 == 0o600
    _ca("restore", "backup.db", "--store", "sqlite:///back.db")
    verified = tlsmith_here("audit", "verify", "--store", "sqlite:///back.db")
    assert verified.code == 0, verified.err
    listed = tlsmith_here("cert", "list", "--store", "sqlite:///back.db", "--json").out
    serials = {json.loads(line)["serial_number"] for line in listed.splitlines()}
    assert set(before) <= serials <= set(issued)
    Path("all.pem").write_bytes(_certificates_of("sqlite:///back.db", len(serials)))
    Path("ca.pem").write_text(_ca("export", "--chain", "--store", STORE).out)
    each = Path("all.pem").read_bytes().split(b"-----END CERTIFICATE-----\n")[:-1]
    names = []
    for number, one in enumerate(each):
        names.append(f"{number}.pem")
        Path(names[-1]).write_bytes(one + b"-----END CERTIFICATE-----\n")
    done = subprocess.run(
        ["openssl", "verify", "-CAfile", "ca.pem", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.count(": OK") == len(serials) == len(names)


def _issue_one(authority: Any) -> str:
    from authorities import ADMINISTRATOR, wanted_for

    issued = authority.issue(wanted_for("load.test"), ADMINISTRATOR)
    return f"{issued.serial_number:x}"


def _certificates_of(url: str, most: int) -> bytes:
    from tlsmith.core.formats import encode_chain
    from tlsmith.storage.search import Search, find

    storage = open_storage(url)
    with storage.read() as connection:
        page = find(connection, Search(), after=None, limit=most)
    storage.close()
    return encode_chain([one.certificate for one in page.records if one.certificate])


def test_a_restored_store_issues_on(folder: Path) -> None:
    _init()
    _issue("a.test")
    _ca("backup", "backup.db")
    assert "is there already" in _refused("ca", "backup", "backup.db")
    said = _refused("ca", "restore", "backup.db", "--store", STORE)
    assert "a store is at" in said
    Path("ca.db").unlink()
    _ca("restore", "backup.db", "--store", STORE)
    _issue("b.test")
    assert len(tlsmith_here("cert", "list", "--json").out.splitlines()) == 2
    Path("nonsense.db").write_text("nonsense")
    said = _refused("ca", "restore", "nonsense.db", "--store", "sqlite:///x.db")
    assert "is no backup of a store" in said
    assert not Path("x.db").exists()


def _numbers() -> dict[str, int]:
    lines = tlsmith_here("crl", "list", "--json").out.splitlines()
    return {one["path"]: one["number"] for one in map(json.loads, lines)}


def test_crl_numbers_of_a_restored_store_are_greater_than_any(folder: Path) -> None:
    """A client with the CRL from before takes no CRL with a smaller number."""
    _init()
    _ca("backup", "backup.db")
    for _ in range(3):
        assert tlsmith_here("crl", "issue", "--force").code == 0
    before = _numbers()
    Path("ca.db").rename("lost.db")
    Path("ca.db-wal").write_bytes(b"of the store that is gone")
    assert "ca.db-wal" in _refused("ca", "restore", "backup.db", "--store", STORE)
    Path("ca.db-wal").unlink()
    _ca("restore", "backup.db", "--store", STORE)
    assert not list(Path().glob("*.restoring*"))
    issued = tlsmith_here("crl", "issue")  # due, without being forced
    assert "complete CRL, number" in issued.out
    after = _numbers()
    ours = [path for path, number in after.items() if number != before.get(path)]
    assert ours
    assert all(after[path] >= before[path] + 900 for path in ours)
    assert "nothing was done" in tlsmith_here("crl", "issue").err
    again = tlsmith_here("crl", "issue", "--restored")
    assert again.code == 0, again.err
    assert all(_numbers()[path] >= after[path] + 1000 for path in ours)
    log = tlsmith_here("audit", "list", "--json").out
    assert log.count("store.restore") == 2
    assert tlsmith_here("audit", "verify").code == 0


def test_a_restored_store_is_nobody_elses_to_read_even_at_first(folder: Path) -> None:
    _init()
    _ca("backup", "backup.db")
    os.mkfifo("ca.db.restoring")  # put there by somebody else, and readable to all
    Path("ca.db.restoring").chmod(0o666)
    Path("ca.db").unlink()
    _ca("restore", "backup.db", "--store", STORE)
    assert Path("ca.db").is_file()
    assert Path("ca.db").stat().st_mode & 0o777 == 0o600


def test_a_store_of_this_version_needs_no_migration(folder: Path) -> None:
    _init()
    assert "nothing was done" in _ca("migrate").out
    said = _refused("ca", "migrate", "--store", "sqlite:///nowhere.db")
    assert "no store" in said
    assert not Path("nowhere.db").exists()


def test_a_store_without_tables_is_brought_up_to_date(folder: Path) -> None:
    import sqlite3

    sqlite3.connect("empty.db").close()
    Path("empty.db").touch()
    done = _ca("migrate", "--store", "sqlite:///empty.db")
    assert "schema brought up to" in done.out
    assert _ca("show", "--store", "sqlite:///empty.db", "--json").facts == []
