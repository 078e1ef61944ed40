"""`ca init` with a store, `cert`, `crl`, `audit`, `profile` and `access`."""

import csv
import json
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from running import TLSMITH, Done, tlsmith, tlsmith_here

Words = tuple[str, ...]


class Shell:
    """A folder with a CA, and commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "ca.pass").write_text("correct horse\n")
        (folder / "ca.pass").chmod(0o600)

    def path(self, name: str) -> Path:
        return self.folder / name

    def run(self, *words: str, typed: bytes = b"") -> Done:
        return tlsmith_here(*words, typed=typed)

    def works(self, *words: str, typed: bytes = b"") -> Done:
        done = self.run(*words, typed=typed)
        assert done.code == 0, done.err
        return done

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.path(name).read_bytes())

    def openssl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["openssl", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLSMITH_STORE", "sqlite:///ca.db")
    monkeypatch.setenv("TLSMITH_PASSPHRASE_FILE", "ca.pass")
    return Shell(tmp_path)


@pytest.fixture
def shell(empty: Shell) -> Shell:
    empty.works(
        *("ca", "init", "--name", "Acme", "--root-key-file", "root.key"),
        *("--base-url", "http://pki.acme.test"),
    )
    return empty


def test_init_leaves_an_encrypted_root_and_a_store(shell: Shell) -> None:
    root = shell.path("root.key")
    assert stat.S_IMODE(root.stat().st_mode) == 0o600
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in root.read_bytes()
    assert stat.S_IMODE(shell.path("ca.db").stat().st_mode) == 0o600
    # Neither the root's key nor the passphrase is anywhere in the store.
    store = shell.path("ca.db").read_bytes()
    assert b"correct horse" not in store
    done = shell.openssl("pkey", "-in", "root.key", "-passin", "file:ca.pass", "-text")
    assert done.returncode == 0
    digits = done.stdout.partition("priv:")[2].partition("pub:")[0]
    secret = bytes.fromhex("".join(digits.split()).replace(":", ""))
    assert len(secret) >= 32
    assert secret not in store


def test_init_says_what_to_do_with_the_root(empty: Shell) -> None:
    done = empty.works("ca", "init", "--name", "Acme", "--root-key-file", "root.key")
    assert "Carry it away" in done.out
    assert "tlsmith show root.key" in done.out
    assert "--base-url" in done.err


def test_init_as_json(empty: Shell) -> None:
    done = empty.works(
        "ca", "init", "--name", "Acme", "--root-key-file", "root.key", "--json"
    )
    assert done.facts["root"]["role"] == "root"
    assert done.facts["intermediate"]["path_length"] == 0
    assert not done.facts["root"]["key_here"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--root-key-file", "r"), "no name"),
        (("--name", "Acme"), "where is the root's key"),
        (
            ("--name", "A" * 50, "--root-key-file", "r", "--base-url", "https://x"),
            "http://",
        ),
        (("--name", "Acme", "--root-key-file", "ca.pass"), "there already"),
        (
            ("--name", "Acme", "--root-key-file", "r", "--permit", "ip:10.0.0.1/8"),
            "not a network",
        ),
        (
            ("--name", "Acme", "--root-key-file", "r", "--store", "mysql://x"),
            "not the address of a store",
        ),
    ],
)
def test_init_refuses_what_makes_no_ca(empty: Shell, words: Words, said: str) -> None:
    done = empty.run("ca", "init", *words)
    assert done.code == 2
    assert said in done.err
    assert sorted(path.name for path in empty.folder.iterdir()) == ["ca.pass"]


def test_a_second_init_changes_nothing(shell: Shell) -> None:
    before = shell.path("ca.db").read_bytes()
    done = shell.run("ca", "init", "--name", "Other", "--root-key-file", "other.key")
    assert done.code == 3
    assert "has a CA already" in done.err
    assert not shell.path("other.key").exists()
    assert shell.path("ca.db").read_bytes() == before


def test_name_constraints_of_four_kinds(empty: Shell) -> None:
    empty.works(
        *("ca", "init", "--name", "Acme", "--root-key-file", "root.key"),
        *("--permit", "acme.test", "--permit", "ip:10.0.0.0/8"),
        *("--permit", "email:acme.test", "--permit", "uri:.acme.test"),
        *("--exclude", "secret.acme.test"),
    )
    empty.works("ca", "export", "--chain", "--store", "sqlite:///ca.db")
    empty.works("cert", "issue", "www.acme.test", "10.1.2.3")
    for name in ("www.other.test", "a.secret.acme.test", "192.0.2.1"):
        done = empty.run("cert", "issue", name)
        assert done.code == 2, name
        assert "name constraints" in done.err


def test_issue_writes_a_key_and_a_chain_that_openssl_verifies(shell: Shell) -> None:
    done = shell.works(
        *("cert", "issue", "www.acme.test", "--cert-file", "w.pem"),
        *("--key-file", "w.key"),
    )
    assert "good until" in done.out
    assert stat.S_IMODE(shell.path("w.key").stat().st_mode) == 0o600
    root = shell.works("ca", "export", "--root", "--store", "sqlite:///ca.db").out
    shell.path("root.pem").write_text(root)
    shell.works("crl", "export", "--pem", "--out", "issuing.crl")
    shell.works("crl", "publish", "pki")
    crls = [path for path in (shell.folder / "pki/crl").iterdir()]
    assert len(crls) == 3
    verified = shell.openssl(
        *("verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "w.pem"),
        *("-purpose", "sslserver", "-verify_hostname", "www.acme.test", "w.pem"),
    )
    assert verified.returncode == 0, verified.stderr


def test_a_name_of_its_own_and_a_profile(shell: Shell) -> None:
    shell.works("cert", "issue", "alice@acme.test", "--profile", "client")
    certificate = shell.certificate("alice@acme.test-client.pem")
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(usage.value) == [x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_key_that_is_there_is_used(shell: Shell) -> None:
    shell.works("cert", "issue", "a.test", "--cert-file", "1", "--key-file", "k")
    key = shell.path("k").read_bytes()
    shell.works("cert", "issue", "a.test", "--cert-file", "2", "--key-file", "k")
    assert shell.path("k").read_bytes() == key
    done = shell.run(
        *("cert", "issue", "a.test", "--key-file", "k", "--key", "rsa2048"),
    )
    assert done.code == 2


def test_sign_takes_a_request_of_openssl(shell: Shell) -> None:
    made = shell.openssl(
        *("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem"),
        *("-out", "r.csr", "-subj", "/CN=www.acme.test"),
        *("-addext", "subjectAltName=DNS:www.acme.test,DNS:acme.test"),
    )
    assert made.returncode == 0
    done = shell.works("cert", "sign", "r.csr", "--cert-file", "r.pem", "--json")
    assert done.facts["names"] == ["www.acme.test", "acme.test"]
    request = shell.path("r.csr").read_bytes()
    done = tlsmith("cert", "sign", "-", "--cert-file", "-", typed=request)
    assert done.out.startswith("-----BEGIN CERTIFICATE-----")
    # Nothing but the certificate goes to standard output.
    assert done.out.endswith("-----END CERTIFICATE-----\n")


def test_every_reason_of_a_refusal_is_told(shell: Shell) -> None:
    done = shell.run(
        *("cert", "issue", "a.test", "a@b.test", "--days", "5000"),
        *("--key", "p521", "--json"),
    )
    assert done.code == 2
    reasons = done.error["reasons"]
    assert any("5000" in one or "397" in one for one in reasons)
    assert any("a@b.test" in one for one in reasons)
    assert shell.works("cert", "list", "--json").out == ""


def test_list_finds_by_everything(shell: Shell) -> None:
    for name in ("a.acme.test", "b.acme.test", "c.other.test"):
        shell.works(
            "cert", "issue", name, "--cert-file", name, "--key-file", f"{name}.k"
        )
    serial = f"{shell.certificate('a.acme.test').serial_number:x}"
    fingerprint = (
        shell.openssl("x509", "-in", "a.acme.test", "-noout", "-fingerprint", "-sha256")
        .stdout.partition("=")[2]
        .strip()
    )

    def names(*words: str) -> list[str]:
        lines = shell.works("cert", "list", "--json", *words).out.splitlines()
        return [json.loads(line)["names"][0] for line in lines]

    assert names() == ["c.other.test", "b.acme.test", "a.acme.test"]
    assert names("--limit", "1") == ["c.other.test"]
    assert names("--name", ".acme.test") == ["b.acme.test", "a.acme.test"]
    assert names("--name", "a.acme.test") == ["a.acme.test"]
    assert names("--serial", serial) == ["a.acme.test"]
    assert names("--fingerprint", fingerprint) == ["a.acme.test"]
    assert names("--key", "a.acme.test.k") == ["a.acme.test"]
    assert names("--status", "revoked") == []
    assert names("--status", "expired") == []
    assert len(names("--expires-in", "91d")) == 3
    assert names("--expires-in", "80d") == []
    table = shell.works("cert", "list").out
    assert "serial number" in table
    assert serial in table
    shown = shell.works("cert", "show", serial).out
    assert "a.acme.test" in shown
    exported = tlsmith("cert", "export", fingerprint, "--chain").out
    assert exported.count("BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize("by", ["file", "serial", "fingerprint", "name", "key"])
def test_revoke_by(shell: Shell, by: str) -> None:
    shell.works(
        "cert", "issue", "a.test", "--cert-file", "a.pem", "--key-file", "a.key"
    )
    shell.works(
        "cert", "issue", "b.test", "--cert-file", "b.pem", "--key-file", "b.key"
    )
    serial = f"{shell.certificate('a.pem').serial_number:x}"
    facts = json.loads(shell.works("cert", "show", serial, "--json").out)
    words = {
        "file": ("a.pem",),
        "serial": (serial,),
        "fingerprint": (facts["fingerprint_sha256"],),
        "name": ("--name", "a.test"),
        "key": ("--key", "a.key"),
    }[by]
    shell.works("cert", "revoke", *words, "--reason", "superseded")
    shell.works("crl", "export", "--out", "ca.crl")
    crl = x509.load_der_x509_crl(shell.path("ca.crl").read_bytes())
    assert [entry.serial_number for entry in crl] == [
        shell.certificate("a.pem").serial_number
    ]
    again = shell.run(
        "cert", "issue", "a.test", "--cert-file", "c.pem", "--key-file", "a.key"
    )
    assert again.code == (2 if by == "key" else 0)
    if by != "name":  # of the name there is another by now
        assert shell.run("cert", "revoke", *words).code == 3


def test_revoke_refuses_what_is_not_there(shell: Shell) -> None:
    for words, code in (
        (("12345",), 3),
        (("nonsense!",), 2),
        ((), 2),
        (("ca.pass",), 2),
        (("12345", "--reason", "boredom"), 2),
        (("12345", "--reason", "certificateHold"), 2),
        (("--name", "none.test"), 3),
    ):
        assert shell.run("cert", "revoke", *words).code == code, words


def test_hold_and_unhold(shell: Shell) -> None:
    shell.works(
        "cert", "issue", "a.test", "--cert-file", "a.pem", "--key-file", "a.key"
    )
    assert "on hold" in shell.works("cert", "hold", "a.pem").out
    assert shell.run("cert", "hold", "a.pem").code == 3
    shell.works("cert", "unhold", "a.pem")
    assert shell.run("cert", "unhold", "a.pem").code == 3


def test_renew_gives_a_new_key_and_certificate(shell: Shell) -> None:
    shell.works(
        "cert", "issue", "a.test", "--cert-file", "a.pem", "--key-file", "a.key"
    )
    old = shell.certificate("a.pem")
    done = shell.works(
        *("cert", "renew", "a.pem", "--key-file", "a.key", "--if-expires-in", "30d")
    )
    assert "nothing was done" in done.err
    assert shell.certificate("a.pem") == old
    done = shell.works(
        *("cert", "renew", "a.pem", "--key-file", "a.key", "--if-expires-in", "100d"),
        "--revoke-old",
    )
    assert f"{old.serial_number:x} is revoked: superseded" in done.err
    new = shell.certificate("a.pem")
    assert new.public_key() != old.public_key()
    assert new.serial_number != old.serial_number
    shell.works("cert", "renew", "a.pem", "--same-key")
    assert shell.certificate("a.pem").public_key() == new.public_key()
    shown = json.loads(
        shell.works("cert", "show", f"{old.serial_number:x}", "--json").out
    )
    assert shown["status"] == "revoked"
    assert shell.run("cert", "renew", f"{old.serial_number:x}").code == 2


def test_many_from_csv(shell: Shell) -> None:
    shell.works("csr", "c.test", "--csr-file", "c.csr", "--key-file", "c.key")
    with open(shell.path("hosts.csv"), "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["names", "csr", "days", "profile"])
        rows.writerow(["a.test b.test", "", "30", ""])
        rows.writerow(["", "c.csr", "", ""])
        rows.writerow(["bad..name", "", "", ""])
        rows.writerow(["d.test", "", "4000", ""])
        rows.writerow(["e.test", "", "", "nonsense"])
        rows.writerow(["f.test", "missing.csr", "", ""])
    done = shell.run(
        *("cert", "issue", "--from-csv", "hosts.csv", "--out-dir", "out", "--json")
    )
    assert done.code == 2
    for line in ("line 4", "line 5", "line 6", "line 7"):
        assert line in done.err
    issued = [json.loads(line) for line in done.out.splitlines()]
    assert [one["names"] for one in issued] == [["a.test", "b.test"], ["c.test"]]
    names = sorted(path.name[:6] for path in shell.path("out").iterdir())
    assert names == ["a.test", "a.test", "c.test"]
    keys = list(shell.path("out").glob("*-key.pem"))
    assert [stat.S_IMODE(path.stat().st_mode) for path in keys] == [0o600]


def test_names_of_rows_lead_nowhere_else(shell: Shell) -> None:
    shell.path("hosts.csv").write_text("names\nspiffe://a.test/../../../etc/x\n")
    shell.works("cert", "issue", "--from-csv", "hosts.csv", "--out-dir", "out")
    found = [path.name for path in shell.path("out").iterdir()]
    assert len(found) == 2
    assert not any("/" in name or name.startswith(".") for name in found)


def test_the_log_tells_everything(shell: Shell) -> None:
    shell.works(
        "cert", "issue", "a.test", "--cert-file", "a.pem", "--key-file", "a.key"
    )
    shell.works("cert", "revoke", "a.pem")
    done = shell.works("audit", "verify", "--json")
    assert done.facts["intact"]
    records = [
        json.loads(line) for line in shell.works("audit", "export").out.splitlines()
    ]
    assert [one["action"] for one in records] == [
        "ca.create",
        "ca.create",
        "crl.issue",
        "certificate.issue",
        "certificate.revoke",
        "crl.issue",
    ]
    assert shell.run("audit", "verify", "--head", "00" * 32).code == 1
    assert shell.run("audit", "verify", "--head", "x").code == 2
    shell.works("audit", "verify", "--head", records[2]["hash"])
    assert "certificate.revoke" in shell.works("audit", "list", "--limit", "2").out


def test_profiles_are_checked_and_set(shell: Shell) -> None:
    shell.path("bad.toml").write_text("[profiles.server]\nmax_dayz = 3\nkeys = 7\n")
    done = shell.run("profile", "check", "bad.toml")
    assert done.code == 2
    assert "max_dayz" in done.err
    assert "keys" in done.err
    assert shell.run("profile", "set", "bad.toml").code == 2
    shell.path("good.toml").write_text('[profiles.server.names]\ndns = ["acme.test"]\n')
    shell.works("profile", "check", "good.toml")
    shell.works("profile", "set", "good.toml")
    assert "acme.test" in shell.works("profile", "export").out
    assert shell.run("cert", "issue", "www.other.test").code == 2
    assert "server" in shell.works("profile", "list").out


def test_tokens_are_shown_once(shell: Shell) -> None:
    done = shell.works("access", "token", "ci", "--role", "issuer")
    token = done.out.strip()
    assert token.startswith("tlsmith_")
    assert token.encode() not in shell.path("ca.db").read_bytes()
    shell.works("access", "token", "x", "--role", "viewer", "--out", "x.token")
    assert stat.S_IMODE(shell.path("x.token").stat().st_mode) == 0o600
    granted = shell.works("access", "grant", "web.test", "--role", "issuer")
    assert "already" not in granted.err
    lines = shell.works("access", "list", "--json").out.splitlines()
    found = [json.loads(line) for line in lines]
    assert {one["name"] for one in found} == {"ci", "x", "web.test"}
    (ci,) = [one["id"] for one in found if one["name"] == "ci"]
    shell.works("access", "revoke", ci)
    shell.works("access", "revoke", "web.test")
    assert shell.run("access", "revoke", "nothing").code == 3


def test_crls_are_issued_when_due(shell: Shell) -> None:
    assert "nothing was done" in shell.works("crl", "issue").err
    assert "number 2" in shell.works("crl", "issue", "--force").out
    lines = shell.works("crl", "list", "--json").out.splitlines()
    assert {json.loads(line)["kind"] for line in lines} == {"complete", "delta"}
    assert "/crl/" in shell.works("crl", "list").out
    assert shell.run("crl", "export", "--path", "../ca.db", "--out", "x").code == 3


def test_a_wrong_passphrase_is_named_and_kept_secret(shell: Shell) -> None:
    shell.path("wrong").write_text("hunter2\n")
    shell.path("wrong").chmod(0o600)
    done = shell.run("cert", "issue", "a.test", "--passphrase-file", "wrong")
    assert done.code == 2
    assert "passphrase" in done.err
    assert "hunter2" not in done.err
    assert not shell.path("a.test.pem").exists()


def test_no_store_is_a_clear_error(
    empty: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = empty.run("cert", "list")
    assert done.code == 3
    assert "no store at" in done.err
    monkeypatch.delenv("TLSMITH_STORE")
    assert empty.run("cert", "list").code == 2
    empty.path("text").write_text("not a database, but long enough to be one" * 100)
    assert empty.run("cert", "list", "--store", "sqlite:///text").code == 3


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--cert-file", "gone/a.pem"), "file-not-found"),
        (("--key-file", "gone/a.key"), "file-not-found"),
        (("--cert-file", "a.pem", "--key-file", "a.pem"), "same-file"),
        (("--cert-file", "ca.pass"), "file-exists"),
        (("--cert-file", "."), "is-a-directory"),
    ],
)
def test_nothing_is_issued_that_cannot_be_written(
    shell: Shell, words: Words, code: str
) -> None:
    done = shell.run("cert", "issue", "a.test", *words, "--json")
    assert done.error["code"] == code
    assert shell.works("cert", "list", "--json").out == ""
    left = {path.name for path in shell.folder.iterdir()}
    assert left <= {"ca.db", "ca.db-wal", "ca.db-shm", "ca.pass", "root.key"}


def test_renew_replaces_no_other_file(shell: Shell) -> None:
    shell.works("cert", "issue", "a.test")
    shell.path("notes").write_text("mine")
    done = shell.run("cert", "renew", "a.test.pem", "--key-file", "notes", "--json")
    assert done.error["code"] == "file-exists"
    assert shell.path("notes").read_text() == "mine"
    assert len(shell.works("cert", "list", "--json").out.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read 'hosts.csv': no such file or directory"),
        (b"names\n\xff.test\n", "cannot be read as CSV"),
    ],
)
def test_a_csv_that_cannot_be_read(
    shell: Shell, content: bytes | None, said: str
) -> None:
    if content is not None:
        shell.path("hosts.csv").write_bytes(content)
    done = shell.run("cert", "issue", "--from-csv", "hosts.csv", "--out-dir", "out")
    assert done.code in (2, 3)
    assert said in done.err


def test_a_csv_needs_a_folder_that_can_be_written(shell: Shell) -> None:
    shell.path("hosts.csv").write_text("names\na.test\n")
    done = shell.run("cert", "issue", "--from-csv", "hosts.csv", "--out-dir", "ca.db")
    assert done.code == 3
    assert shell.works("cert", "list", "--json").out == ""


def test_a_subject_is_enough_where_the_profile_says_so(shell: Shell) -> None:
    done = shell.works(
        *("cert", "issue", "--profile", "code-signing"),
        *("--subject", "CN=Acme Build,O=Acme"),
    )
    assert "CN='Acme Build'" in done.out
    subject = shell.certificate("certificate.pem").subject.rfc4514_string()
    assert subject == "CN=Acme Build,O=Acme"
    shell.works(
        *("cert", "issue", "--profile", "client", "--subject", "CN=Zoë Müller"),
        *("--cert-file", "zoe.pem", "--key-file", "zoe.key"),
    )
    assert shell.certificate("zoe.pem").subject.rfc4514_string() == "CN=Zoë Müller"
    refused = shell.run("cert", "issue", "a.test", "--subject", "CN=b.test")
    assert refused.code == 2
    assert "the common name 'b.test' is not among the names" in refused.err


def test_what_a_profile_leaves_out_of_a_subject_is_told(shell: Shell) -> None:
    done = shell.works("cert", "issue", "a.test", "--subject", "CN=a.test,O=Acme")
    assert "leaves O='Acme' out of the subject" in done.err
    assert shell.certificate("a.test.pem").subject.rfc4514_string() == "CN=a.test"


def test_a_mistake_in_the_configuration_is_told_once(shell: Shell) -> None:
    done = shell.run("serve", "--listen", "nowhere", "--http", "none")
    assert done.code == 2
    assert done.err.startswith("tlsmith: the configuration has 2 mistakes\n")
    assert done.err.count("'nowhere' is not HOST:PORT") == 1


def test_a_token_replaces_no_file(shell: Shell) -> None:
    words = ("access", "token", "ci", "--role", "issuer", "--out", "ci.token")
    shell.works(*words)
    before = shell.path("ci.token").read_bytes()
    done = shell.run(*words, "--json")
    assert done.error["code"] == "file-exists"
    gone = shell.run("access", "token", "x", "--role", "viewer", "--out", "gone/x")
    assert gone.code == 3
    assert shell.path("ci.token").read_bytes() == before
    assert len(shell.works("access", "list", "--json").out.splitlines()) == 1


@pytest.mark.parametrize("which", ["token", "grant"])
def test_a_profile_that_is_not_there_is_not_granted(shell: Shell, which: str) -> None:
    words = ("access", which, "ci.test", "--role", "issuer", "--profile")
    done = shell.run(*words, "sever")
    assert done.code == 2
    assert "no profile is called 'sever'; did you mean server?" in done.err
    facts = shell.works(*words, "server", "--name", "a.test", "--json").facts
    assert (facts["profiles"], facts["names"]) == (["server"], ["a.test"])
    listed = shell.works("access", "list").out
    assert listed.splitlines()[1].split()[-2:] == ["server", "a.test"]


def test_what_became_of_a_certificate_names_its_ca(shell: Shell) -> None:
    shell.works("cert", "issue", "a.test")
    listed = json.loads(shell.works("cert", "list", "--json").out)
    held = json.loads(shell.works("cert", "hold", "a.test.pem", "--json").out)
    assert held["issuer"] == listed["issuer"] != ""


def test_a_row_shows_a_few_of_many_names(shell: Shell) -> None:
    names = [f"n{number}.test" for number in range(9)]
    shell.works("cert", "issue", *names)
    row = shell.works("cert", "list").out.splitlines()[1]
    assert row.endswith("n0.test, n1.test, n2.test, n3.test and 5 more")
    shown = shell.works(
        "cert", "show", f"{shell.certificate('n0.test+8.pem').serial_number:x}"
    )
    assert "n8.test" in shown.out


def test_every_act_is_told_to_programs(shell: Shell) -> None:
    shell.path("policy.toml").write_text("[policy]\nmax_days = 90\n")
    checked = shell.works("profile", "check", "policy.toml", "--json").facts
    assert "server" in checked["profiles"]
    assert shell.works("profile", "set", "policy.toml", "--json").facts["version"] == 2
    lines = shell.works("crl", "issue", "--force", "--json").out.splitlines()
    issued = [json.loads(line) for line in lines]
    lines = shell.works("crl", "list", "--json").out.splitlines()
    listed = [json.loads(line) for line in lines]
    assert issued == listed[-2:]
    published = shell.works("crl", "publish", "pub", "--json").facts
    files = [path for path in shell.path("pub").rglob("*") if path.is_file()]
    assert published == {
        "folder": "pub",
        "documents": len(files),
        "ocsp_responses": 0,
    }
    assert shell.works("ca", "migrate", "--json").facts == {"migrations": []}
    kept = shell.works("ca", "backup", "b.db", "--json").facts
    assert kept == {"file": "b.db", "bytes": shell.path("b.db").stat().st_size}
    words = ("ca", "restore", "b.db", "--store", "sqlite:///other.db", "--json")
    assert shell.works(*words).facts["store"] == "sqlite:///other.db"


def test_the_store_of_the_environment_is_the_one_that_is_meant(shell: Shell) -> None:
    there = "--store", "sqlite:///ca.db"
    for words in (("show",), ("show", "--json"), ("export", "--root")):
        done = shell.works("ca", *words)
        assert (done.out, done.err) == (shell.works("ca", *words, *there).out, "")
    assert "number 1, 0 entries" in shell.works("ca", "show").out


def test_the_local_ca_can_be_meant_all_the_same(shell: Shell) -> None:
    for words in (("show",), ("export", "--root")):
        done = shell.run("ca", *words, "--local")
        assert (done.code, "no local CA yet" in done.err) == (2, True)
        done = shell.run("ca", *words, "--local", "--store", "sqlite:///ca.db")
        assert (done.code, "exclude each other" in done.err) == (2, True)
    done = shell.run("ca", "export", "--csr", "--local")
    assert (done.code, "a local CA has nothing" in done.err) == (2, True)


_HELD = """\
[profiles.server]
requesters = ["token:ci-*"]
[profiles.server.names]
dns = ["corp.test"]
"""


def test_a_policy_for_others_does_not_stop_the_server(shell: Shell) -> None:
    shell.path("policy.toml").write_text(_HELD)
    shell.works("profile", "set", "policy.toml")
    refused = tlsmith("serve", "--listen", "127.0.0.1:0", "--http", "off")
    assert refused.code == 2
    assert "the server's own certificate: profile server does not" in refused.err
    assert "hint: name it as the CA may: --base-url https://NAME:PORT" in refused.err
    words = ("serve", "--listen", "127.0.0.1:0", "--http", "off", "--base-url")
    command = [TLSMITH, *words, "https://ca.corp.test"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        assert server.stderr.readline().startswith("listening on https://127.0.0.1:")
        server.terminate()
        server.stderr.read()
    assert server.returncode == 0
    listed = shell.works("cert", "list", "--name", "ca.corp.test", "--json").out
    assert json.loads(listed)["names"] == ["ca.corp.test"]


def test_an_adopted_key_says_where_its_passphrase_goes(empty: Shell) -> None:
    empty.openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-keyout", "old.key", "-out"),
        *("old.pem", "-subj", "/CN=Old", "-passout", "pass:another"),
    )
    done = empty.run("ca", "init", "--adopt", "old.pem")
    assert done.code == 2
    assert "hint: give it with --adopt-passphrase-file FILE" in done.err
