"""Clients connect, and the server sees what they make of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tlsmith.errors import TLSmithError
from tlsmith.local import LocalAuthority, create_authority, ensure_authority
from tlsmith.local.proof import Client, Proof, Surroundings, prove
from tlsmith.local.proof.client import NOT_HERE, program
from tlsmith.local.proof.clients import every_one
from tlsmith.local.proof.tools import OPENSSL, TOOLS

NOW = datetime.now(UTC)
PYTHON = Client(
    "python",
    (sys.executable, program("fetch.py"), "{url}", "ssl"),
    "system",
    OPENSSL,
    r"certificate verify failed: (.+?) \(_ssl",
)


@pytest.fixture
def authority(home: Path) -> LocalAuthority:
    return ensure_authority(str(home / "tlsmith"), NOW)[0]


@pytest.fixture
def root_file(authority: LocalAuthority) -> str:
    return os.path.join(authority.folder, "root.pem")


def _prove(
    authority: LocalAuthority,
    clients: Sequence[Client],
    environment: Mapping[str, str] | None = None,
    **more: float,
) -> list[Proof]:
    around = Surroundings(authority.root, environment or dict(os.environ), {})
    return prove(authority.issuer(), NOW, around, clients, **more)  # type: ignore[arg-type]


def _code(code: str, message: str = "(.+)") -> Client:
    words = (sys.executable, "-c", code, "{port}", "{url}")
    return Client("mine", words, "system", message=message)


def _tools() -> list[Client]:
    return every_one(TOOLS, os.environ["PATH"])


def test_clients_that_do_not_know_the_root_reject_and_say_why(
    authority: LocalAuthority,
) -> None:
    proofs = _prove(authority, [*_tools(), PYTHON])
    assert len(proofs) > 1
    for proof in proofs:
        assert not proof.is_good, proof
        assert proof.message, proof
        assert proof.decided_by == ()
        assert proof.mend in (
            "tlsmith trust install --env",
            "tlsmith trust install --store system",
            'eval "$(tlsmith env)"',  # of npm, where the machine has a cafile for it
        )
    assert proofs[-1].message == "unable to get local issuer certificate"


def test_clients_that_read_a_variable_accept(
    authority: LocalAuthority, root_file: str
) -> None:
    environment = {**os.environ, "SSL_CERT_FILE": root_file}
    proofs = {p.client: p for p in _prove(authority, [*_tools(), PYTHON], environment)}
    for name in ("python", "openssl s_client", "curl", "go", "ruby", "bun", "uv"):
        if name in proofs:
            assert proofs[name] == Proof(
                name, True, True, "", ("SSL_CERT_FILE",), "SSL_CERT_FILE"
            )
    if "wget" in proofs:  # it has no such variable
        assert not proofs["wget"].accepted


def test_a_client_that_verifies_nothing_is_found_out(authority: LocalAuthority) -> None:
    script = Path(program("https.js"))
    node = Client("node", ("node", str(script), "{url}"), "own")
    environment = {**os.environ, "NODE_TLS_REJECT_UNAUTHORIZED": "0"}
    if not every_one([node], os.environ["PATH"]):
        pytest.skip("not on this machine: node")
    (proof,) = _prove(authority, [node], environment)
    assert proof.accepted
    assert proof.verifies is False
    assert not proof.is_good
    assert proof.mend == "unset NODE_TLS_REJECT_UNAUTHORIZED"


def test_a_setting_that_turns_verification_off_is_found_out(
    authority: LocalAuthority, home: Path
) -> None:
    curls = [client for client in _tools() if client.name == "curl"]
    if not curls:
        pytest.skip("not on this machine: curl")
    (home / ".curlrc").write_text("insecure\n")
    (proof,) = _prove(authority, curls)
    assert (proof.verifies, proof.mend) == (False, None)
    assert "verification is turned off" in proof.message


def test_a_proxy_is_not_asked_for_localhost(
    authority: LocalAuthority, root_file: str
) -> None:
    environment = {
        **os.environ,
        "SSL_CERT_FILE": root_file,
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": "example.test",
    }
    for proof in _prove(authority, [PYTHON, *_tools()[:1]], environment):
        assert proof.connected, proof


def test_one_without_what_it_needs_has_no_row(authority: LocalAuthority) -> None:
    assert _prove(authority, [_code(f"raise SystemExit({NOT_HERE})")]) == []
    missing = Client("missing", ("no-such-client",), "system")
    assert every_one([missing], os.environ["PATH"]) == []


def test_the_clients_own_words_are_told(authority: LocalAuthority) -> None:
    connect = "import socket, sys; socket.create_connection(('127.0.0.1', sys.argv[1]))"
    code = f"{connect}; sys.exit('first line\\nreason: %s' % sys.argv[1].isdigit())"
    (proof,) = _prove(authority, [_code(code, "reason: (.+)")])
    assert (proof.accepted, proof.connected, proof.message) == (False, True, "True")
    (proof,) = _prove(authority, [_code(code, "never (.+)")])
    assert proof.message == "first line"
    (proof,) = _prove(authority, [_code(f"{connect}; sys.exit(9)")])
    assert proof.message == "exit code 9, without a word"


def test_what_did_not_come_as_far_says_nothing_of_trust(
    authority: LocalAuthority,
) -> None:
    (proof,) = _prove(authority, [_code("raise SystemExit('no toolchain')")])
    assert (proof.connected, proof.is_good) == (False, True)
    assert (proof.message, proof.mend) == ("no toolchain", None)


def test_one_that_hangs_is_given_up_and_the_rest_done(
    authority: LocalAuthority, root_file: str
) -> None:
    hanging = _code("import time; time.sleep(60)")
    environment = {**os.environ, "SSL_CERT_FILE": root_file}
    proofs = _prove(authority, [hanging, PYTHON], environment, deadline=3)
    assert proofs[0].message == "no answer within 3 seconds"
    assert proofs[1].accepted


def test_one_that_stays_is_ended_once_it_was_seen(
    authority: LocalAuthority, root_file: str
) -> None:
    code = (
        "import ssl, socket, sys, time\n"
        f"c = ssl.create_default_context(cafile={root_file!r})\n"
        "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        "c.wrap_socket(s, server_hostname='localhost').sendall(b'GET /')\n"
        "time.sleep(600)"
    )
    (proof,) = _prove(authority, [_code(code)._replace(stays=True)])
    assert (proof.accepted, proof.verifies) == (True, None)
    refusing = code.replace(f"cafile={root_file!r}", "").replace(
        "c.wrap", "try: c.wrap"
    )
    refusing = refusing.replace("\ntime.", "\nexcept ssl.SSLError: pass\ntime.")
    (proof,) = _prove(authority, [_code(refusing)._replace(stays=True)])
    assert not proof.accepted
    assert proof.message == "tlsv1 alert unknown ca"


def test_one_that_cannot_start_is_told(
    authority: LocalAuthority, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF of no machine")
    broken.chmod(0o755)
    (proof,) = _prove(authority, [Client("broken", (str(broken),), "system")])
    assert not proof.connected
    assert proof.message.startswith("cannot be started")


def test_progress_is_told(authority: LocalAuthority) -> None:
    told: list[tuple[int, int]] = []
    around = Surroundings(authority.root, dict(os.environ), {})
    clients = [_code("")] * 3
    prove(
        authority.issuer(),
        NOW,
        around,
        clients,
        progress=lambda done, all_: told.append((done, all_)),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_interrupt_ends_the_clients_at_once(
    authority: LocalAuthority, tmp_path: Path
) -> None:
    mark = tmp_path / "running"
    code = f"import time; open({str(mark)!r}, 'a').write('x'); time.sleep(600)"
    around = Surroundings(authority.root, dict(os.environ), {})

    def interrupt(_done: int, _all: int) -> None:
        while not mark.exists():
            time.sleep(0.01)
        raise KeyboardInterrupt

    start = time.monotonic()
    clients = [_code(""), *[_code(code)] * 30]
    with pytest.raises(KeyboardInterrupt):
        prove(authority.issuer(), NOW, around, clients, progress=interrupt)
    assert time.monotonic() - start < 20
    found = subprocess.run(["pgrep", "-f", str(mark)], capture_output=True, check=False)
    assert found.stdout == b""


def test_no_key_is_left_behind(
    authority: LocalAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    listing = f"sorted(n[:15] for n in os.listdir({str(tmp_path)!r}))"
    (proof,) = _prove(
        authority, [_code(f"import os; raise SystemExit(str({listing}))")]
    )
    assert proof.message == "['tlsmith-client-']", "its own folder, and no other"
    assert list(tmp_path.iterdir()) == []


def test_a_ca_this_python_cannot_serve_is_told(home: Path) -> None:
    authority, _ = create_authority(str(home / "tlsmith"), NOW, kind="ml-dsa-65")
    try:
        proofs = _prove(authority, [PYTHON])
    except TLSmithError as error:
        assert error.code == "no-proof"  # noqa: PT017 -- it depends on the OpenSSL
    else:
        assert not proofs[0].accepted
