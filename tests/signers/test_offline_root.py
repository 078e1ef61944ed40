"""An issuing key in a token: the token signs its request, and a root elsewhere that."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from running import tlsmith_here
from signers.tokens import PIN, Tokens, uri

pytestmark = pytest.mark.interop


def _run(*words: str) -> str:
    done = tlsmith_here(*words)
    assert done.code == 0, done.err
    return done.out


def test_a_root_apart_and_a_token_here(
    tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("root.pass").write_text("of the root\n")
    Path("pin").write_text(f"{PIN.decode()}\n")
    root = ("--root-key-file", "root.key", "--passphrase-file", "root.pass")
    _run("ca", "init", "--root-only", "--name", "Acme", "--root-cert", "r.pem", *root)
    store = ("--store", "sqlite:///ca.db", "--passphrase-file", "pin")
    _run(
        "ca",
        "init",
        "--offline-root",
        "--name",
        "Acme",
        "--signer",
        uri("issuing"),
        *store,
    )
    Path("i.csr").write_text(_run("ca", "export", "--csr", *store[:2]))
    _run("ca", "sign-intermediate", "i.csr", *root, "--out", "answer.pem")
    _run("ca", "import", "answer.pem", *store)
    _run("cert", "issue", "a.test", *store)
    # The next issuing key in the token as well, the root's file at hand.
    words = ("--root-key-file", "root.key", "--root-passphrase-file", "root.pass")
    _run("ca", "rotate", "--signer", uri("next"), *words, *store)
    _run("cert", "issue", "b.test", *store)
    for name in ("a.test.pem", "b.test.pem"):
        done = subprocess.run(
            ["openssl", "verify", "-CAfile", "r.pem", "-untrusted", name, name],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == f"{name}: OK", done.stderr
