"""`tlsmith serve` whose CA key is in a PKCS#11 token that goes away, and comes back."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.rest.world import csr
from serving_ca import Replica, ServedCA
from signers.tokens import MODULE, PIN, Tokens, uri

pytestmark = [
    pytest.mark.interop,
    pytest.mark.slow,
    pytest.mark.skipif(not MODULE, reason="SoftHSM 2 is not installed"),
]


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    """SoftHSM in a folder of the test, with one token."""
    folder = tmp_path / "tokens"
    folder.mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {folder}\nobjectstore.backend = file\n"
        "log.level = ERROR\n"
    )
    made = Tokens(folder, {**os.environ, "SOFTHSM2_CONF": str(configuration)})
    made.add()
    return made


@pytest.fixture
def ca(tmp_path: Path, tokens: Tokens) -> ServedCA:
    made = ServedCA(tmp_path)
    made.environment["SOFTHSM2_CONF"] = tokens.environment["SOFTHSM2_CONF"]
    pin = tmp_path / "pin"
    pin.write_bytes(PIN)
    pin.chmod(0o600)
    made.init("--signer", uri("issuing", more=f"&pin-source=file:{pin}"))
    return made


def soon(what: Callable[[], Any], seconds: float = 15) -> Any:
    """Return what is so in a little while."""
    deadline = time.monotonic() + seconds
    while True:
        found = what()
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


class Visitor:
    """A client of everything a server has."""

    def __init__(self, ca: ServedCA, replica: Replica) -> None:
        context = ssl.create_default_context(cafile=ca.path("root.pem"))
        token = ca.token("ci", "operator")
        fields = {"authorization": f"Bearer {token}"}
        self.api = httpx.Client(
            base_url=f"{replica.url}/api/v1", verify=context, headers=fields, timeout=20
        )
        self.plain = httpx.Client(
            base_url=f"http://127.0.0.1:{replica.http_port}", timeout=20
        )
        self._ca = ca

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.api.close()
        self.plain.close()

    def issue(self) -> httpx.Response:
        return self.api.post("/certificates", json={"csr": csr("a.test").pem})

    def is_ready(self) -> bool:
        return self.plain.get("/readyz").status_code == 200

    def ocsp(self, stem: str) -> str:
        """What `openssl ocsp` says, with a nonce, so that nothing kept will do."""
        ca, base = self._ca, str(self.plain.base_url).rstrip("/")
        done = subprocess.run(
            ["openssl", "ocsp", "-issuer", ca.path("chain.pem"), "-cert",
             ca.path(f"{stem}.pem"), "-url", f"{base}/ocsp", "-CAfile",
             ca.path("root.pem"), "-partial_chain"],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert "Response verify OK" in done.stderr, done.stderr + done.stdout
        found = re.search(r": (good|revoked|unknown)", done.stdout)
        assert found is not None, done.stdout
        return found[1]


def test_requests_fail_clearly_and_go_on_when_it_is_back(
    ca: ServedCA, tokens: Tokens
) -> None:
    ca.issue("web", "web.test")
    with ca.served() as replica, Visitor(ca, replica) as visitor:
        assert visitor.issue().status_code == 201
        assert soon(visitor.is_ready)
        assert visitor.ocsp("web") == "good"
        for _ in range(2):
            tokens.take_away()
            for _ in range(3):
                begun = time.monotonic()
                answer = visitor.issue()
                assert answer.status_code == 503, answer.text
                assert time.monotonic() - begun < 5
                assert answer.headers["retry-after"] == "2"
                told = answer.json()
                assert told["detail"] == "the CA's key cannot be reached just now"
                assert MODULE not in answer.text
                assert "pkcs11" not in answer.text
            # What needs no signature of the CA goes on: its status, above all.
            assert visitor.ocsp("web") == "good"
            assert visitor.api.get("/certificates").status_code == 200
            assert visitor.plain.get("/healthz").status_code == 200
            assert soon(lambda: not visitor.is_ready())
            tokens.bring_back()
            answer = soon(lambda: (a := visitor.issue()).status_code == 201 and a)
            assert answer, visitor.issue().text
            assert soon(visitor.is_ready)
        log = replica.log()
        assert replica.stop() == 0
    assert PIN.decode() not in log
    assert "Traceback" not in log


def test_what_was_revoked_meanwhile_is_on_the_crl_when_it_is_back(
    ca: ServedCA, tokens: Tokens
) -> None:
    ca.issue("web", "web.test")
    with ca.served() as replica, Visitor(ca, replica) as visitor:
        (found,) = visitor.api.get("/certificates", params={"name": "web.test"}).json()[
            "certificates"
        ]
        serial = found["serial_number"]
        assert visitor.ocsp("web") == "good"
        tokens.take_away()
        answer = visitor.api.post(f"/certificates/{serial}/revoke", json={})
        assert answer.status_code == 200
        # The responder's key is not in the token: the news is out at once.
        assert visitor.ocsp("web") == "revoked"
        entries = {one["path"]: one["entries"] for one in _crls(visitor)}
        assert set(entries.values()) == {0}
        tokens.bring_back()
        assert soon(lambda: any(one["entries"] == 1 for one in _crls(visitor)))
    audit = ca.works("audit", "verify", "--json").out
    assert json.loads(audit)["intact"]


def _crls(visitor: Visitor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = visitor.api.get("/crls").json()["crls"]
    return found
