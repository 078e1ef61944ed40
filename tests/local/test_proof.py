"""Clients say themselves whether they accept."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tlsmith.core.issuer import Issuer
from tlsmith.errors import TLSmithError
from tlsmith.local import create_authority, ensure_authority
from tlsmith.local.proof import CLIENTS, Client, Proof, prove

NOW = datetime.now(UTC)


@pytest.fixture
def issuer(home: Path) -> Issuer:
    authority, _ = ensure_authority(str(home / "tlsmith"), NOW)
    return authority.issuer()


@pytest.fixture
def root_file(issuer: Issuer, home: Path) -> str:
    (file,) = (home / "tlsmith/authorities").glob("*/root.pem")
    return str(file)


def _by_name(proofs: list[Proof]) -> Mapping[str, Proof]:
    return {proof.client: proof for proof in proofs}


def _python(code: str, message: str = "(.+)") -> Client:
    return Client("mine", (sys.executable, "-c", code, "{port}", "{url}"), message)


def test_clients_that_do_not_know_the_root_reject_and_say_why(issuer: Issuer) -> None:
    proofs = prove(issuer, NOW, os.environ)
    assert proofs
    for proof in proofs:
        assert not proof.accepted, proof
        assert proof.message, proof
        assert proof.decided_by == ()
    python = _by_name(proofs)[CLIENTS[-1].name]
    assert "unable to get local issuer certificate" in python.message


def test_clients_that_read_a_variable_accept(issuer: Issuer, root_file: str) -> None:
    environment = {**os.environ, "SSL_CERT_FILE": root_file}
    proofs = _by_name(prove(issuer, NOW, environment))
    for name in (CLIENTS[-1].name, "openssl s_client", "curl"):
        if name in proofs:
            expected = Proof(name, True, "", ("SSL_CERT_FILE",))
            assert proofs[name] == expected, proofs[name]
    if "wget" in proofs:  # it has no such variable
        assert not proofs["wget"].accepted


def test_a_proxy_is_not_asked_for_localhost(issuer: Issuer, root_file: str) -> None:
    environment = {
        **os.environ,
        "SSL_CERT_FILE": root_file,
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": "example.test",
    }
    for name, proof in _by_name(prove(issuer, NOW, environment)).items():
        assert proof.accepted or name in ("wget", "gnutls-cli"), proof


def test_a_client_that_is_not_here_has_no_row(issuer: Issuer) -> None:
    missing = Client("missing", ("no-such-client",), "(.+)")
    assert prove(issuer, NOW, os.environ, [missing]) == []


def test_the_clients_own_words_are_told(issuer: Issuer) -> None:
    code = "import sys; sys.exit('first line\\nreason: %s' % sys.argv[1].isdigit())"
    (proof,) = prove(issuer, NOW, os.environ, [_python(code, "reason: (.+)")])
    assert proof == Proof("mine", False, "True")
    (proof,) = prove(issuer, NOW, os.environ, [_python(code, "never (.+)")])
    assert proof.message == "first line"
    (proof,) = prove(issuer, NOW, os.environ, [_python("raise SystemExit(9)", "x(.)")])
    assert proof.message == "exit code 9, without a word"


def test_one_that_hangs_is_given_up_and_the_rest_done(issuer: Issuer) -> None:
    hanging = _python("import time; time.sleep(60)")
    fine = Client("fine", (sys.executable, "-c", ""), "(.+)")
    proofs = prove(issuer, NOW, os.environ, [hanging, fine], deadline=0.5)
    assert proofs[0] == Proof("mine", False, "no answer within 0.5 seconds")
    assert proofs[1].accepted


def test_one_that_cannot_start_is_told(issuer: Issuer, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF of no machine")
    broken.chmod(0o755)
    (proof,) = prove(
        issuer, NOW, os.environ, [Client("broken", (str(broken),), "(.+)")]
    )
    assert not proof.accepted
    assert proof.message.startswith("cannot be started")


def test_a_client_that_says_nothing_does_not_stop_the_server(issuer: Issuer) -> None:
    code = (
        "import socket, sys\n"
        "for i in range(3): socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
    )
    (proof,) = prove(issuer, NOW, os.environ, [_python(code)])
    assert proof.accepted


def test_no_key_is_left_behind(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen = _python(f"import os; raise SystemExit(str(os.listdir({str(tmp_path)!r})))")
    (proof,) = prove(issuer, NOW, os.environ, [seen])
    assert proof.message == "[]"
    assert list(tmp_path.iterdir()) == []


def test_a_ca_this_python_cannot_serve_is_told(home: Path) -> None:
    authority, _ = create_authority(str(home / "tlsmith"), NOW, kind="ml-dsa-65")
    try:
        proofs = prove(authority.issuer(), NOW, os.environ, [CLIENTS[-1]])
    except TLSmithError as error:
        assert error.code == "no-proof"  # noqa: PT017 -- it depends on the OpenSSL
    else:
        assert not proofs[0].accepted
