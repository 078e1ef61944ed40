"""A client gets a certificate by ACME, another try fails: what an operator sees."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving_ca import Replica, ServedCA

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(shutil.which("lego") is None, reason="no lego here"),
]


@pytest.fixture
def ca(tmp_path: Path) -> ServedCA:
    made = ServedCA(tmp_path)
    made.init()
    return made


@pytest.fixture
def server(ca: ServedCA) -> Iterator[Replica]:
    # Nobody answers there, so no name is found.
    with ca.served("--acme-resolver", "127.0.0.1:1") as replica:
        yield replica


class Lego:
    """A client with its own account."""

    def __init__(self, ca: ServedCA, server: Replica) -> None:
        self._ca = ca
        self._server = server

    def run(self, name: str, *more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **self._ca.environment,
            "LEGO_CA_CERTIFICATES": self._ca.path("root.pem"),
        }
        return subprocess.run(
            [
                *("lego", "--server", f"{self._server.url}/acme/directory"),
                *("--path", self._ca.path("lego"), "--email", "web@corp.example"),
                *("--accept-tos", "--http", "--http.port", "127.0.0.1:0"),
                *more,
                *("--domains", name, "run"),
            ],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def lines(ca: ServedCA, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ca.works(*words, "--json").out.splitlines()]


def test_an_operator_sees_who_got_what_and_why_not(
    ca: ServedCA, server: Replica
) -> None:
    client = Lego(ca, server)
    ca.works(
        *("eab", "create", "racks", "--preauthorize", "rack.corp.example"),
        *("--out", ca.path("racks.eab")),
    )
    kept = Path(ca.path("racks.eab")).read_text()
    key = dict(line.split("=", 1) for line in kept.splitlines())
    bound = ("--eab", "--kid", key["EAB_KID"], "--hmac", key["EAB_HMAC_KEY"])
    done = client.run("a.rack.corp.example", *bound)
    assert done.returncode == 0, done.stderr
    done = client.run("gone.corp.example", *bound)
    assert done.returncode != 0

    [account] = lines(ca, "account", "list")
    assert account["contacts"] == ["mailto:web@corp.example"]
    assert (account["orders"], account["valid_orders"]) == (2, 1)
    [eab] = lines(ca, "eab", "list")
    assert (eab["status"], account["eab"]) == ("used", eab["id"])

    [valid] = lines(ca, "order", "list", "--status", "valid")
    shown = ca.works("order", "show", valid["id"])
    assert f"no challenge: EAB {eab['id']}" in shown.out
    [certificate] = lines(ca, "cert", "list", "--requester", f"acme:{account['id']}")
    assert certificate["serial_number"] in shown.out

    [failed] = lines(ca, "order", "list", "--status", "invalid")
    assert failed["identifiers"] == [{"type": "dns", "value": "gone.corp.example"}]
    failure = failed["failure"]
    assert failure["challenge"] == "http-01"
    # The client was told the same.
    assert failure["detail"][:40] in done.stderr
    assert failure["advice"] in ca.works("account", "show", account["id"]).out

    page = dashboard(ca, server)
    assert failure["said"] in page
    assert account["id"] in page

    ca.works("account", "revoke", account["id"])
    done = client.run("b.rack.corp.example", *bound)
    assert done.returncode != 0
    assert "deactivated by the CA" in done.stderr
    assert ca.works("audit", "verify", "--json").facts["intact"]


def dashboard(ca: ServedCA, server: Replica) -> str:
    """The page as a browser has it."""
    answer = httpx.get(
        f"{server.url}/dashboard/",
        auth=("me", ca.token("board", "viewer")),
        verify=ssl.create_default_context(cafile=ca.path("root.pem")),
        follow_redirects=True,
    )
    assert answer.status_code == 200
    assert answer.url.path == "/dashboard/acme"
    return answer.text
