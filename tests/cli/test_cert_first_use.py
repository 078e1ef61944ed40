"""What a new user meets: wrong places, wrong words, and what is told of them."""

import json
import subprocess

import pytest

from cli.shells import Shell
from running import TLSMITH, tlsmith

Words = tuple[str, ...]


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


def test_show_says_which_ca_it_is_about(shell: Shell) -> None:
    done = shell.run("ca", "show")
    assert 'for that of the store: --store "$TLSMITH_STORE"' in done.err
    text = shell.works("ca", "show", "--store", "sqlite:///ca.db").out
    assert "number 1, 0 entries" in text


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


def test_a_grant_tells_of_certificates_that_are_there(shell: Shell) -> None:
    words = ("access", "grant", "a.test", "--role", "viewer")
    assert "warning" not in shell.works(*words).err
    shell.works("cert", "issue", "a.test", "--profile", "client")
    assert "1 good certificate has this name already" in shell.works(*words).err


def test_a_granted_name_is_as_in_certificates(shell: Shell) -> None:
    shell.works("access", "grant", "BÜCHER.test.", "--role", "viewer")
    listed = json.loads(shell.works("access", "list", "--json").out)
    assert listed["name"] == "xn--bcher-kva.test"
    shell.works("access", "revoke", "bücher.test")
    assert shell.works("access", "list", "--json").out == ""
