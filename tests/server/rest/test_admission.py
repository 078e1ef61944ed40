"""Who is let in: not kept out by others, no body of theirs kept before it is known."""

import json
import socket
import ssl
import time
from pathlib import Path

import httpx
import pytest

from server.rest.world import BASE, ROOT, Served, csr, make_ca, serving
from tlsmith.authority.wanted import Wanted
from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.storage.authorities import REVOKED, set_state


def test_who_fails_does_not_lock_out_who_shares_the_address(tmp_path: Path) -> None:
    """Behind a load balancer, or a company's NAT, everybody has one address."""
    authority = make_ca(f"sqlite:///{tmp_path}/ca.db")
    with serving(authority, tmp_path, failures=3) as served:
        stranger = served.client(token="tlsmith_" + "B" * 43)
        for _ in range(5):
            last = stranger.get("/whoami").status_code
        assert last == 429
        assert served.client("issuer").get("/whoami").status_code == 200
        assert stranger.get("/whoami").status_code == 429
    authority.close()


def begun(served: Served, size: int, sent: int, token: str) -> tuple[bytes, float]:
    """Send the head of a request and a part of its body; return what is answered."""
    context = ssl.create_default_context(cafile=str(served.root))
    head = (
        f"POST {BASE}/certificates HTTP/1.1\r\nhost: localhost\r\n"
        f"authorization: Bearer {token}\r\ncontent-type: application/json\r\n"
        f"content-length: {size}\r\n\r\n"
    )
    with (
        socket.create_connection(("127.0.0.1", served.port), timeout=3) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as stream,
    ):
        stream.sendall(head.encode() + b" " * sent)
        start = time.monotonic()
        try:
            answer = stream.recv(4096)
        except TimeoutError:
            answer = b""
        return answer, time.monotonic() - start


def test_a_large_body_is_kept_of_nobody_unknown(served: Served) -> None:
    answer, seconds = begun(served, 900_000, 200_000, "tlsmith_" + "A" * 43)
    assert answer.startswith(b"HTTP/1.1 401 "), answer
    assert b"connection: close" in answer
    assert seconds < 2
    answer, _ = begun(served, 900_000, 200_000, served.tokens["viewer"])
    assert answer.startswith(b"HTTP/1.1 403 "), answer
    # Of who may ask, the rest is waited for.
    assert begun(served, 900_000, 200_000, served.tokens["issuer"])[0] == b""
    body = json.dumps({"csr": csr("big.test").pem}) + " " * 300_000
    fields = {"content-type": "application/json"}
    client = served.client("issuer")
    answer = client.post("/certificates", content=body, headers=fields)
    assert answer.status_code == 201


def test_a_certificate_of_a_revoked_ca_is_nobodys(tmp_path: Path) -> None:
    authority = make_ca(f"sqlite:///{tmp_path}/ca.db")
    with serving(authority, tmp_path) as served:
        cert_file, key_file, _ = served.client_certificate("web-7.corp.example")
        grant = {"role": "operator"}
        served.client("administrator").put("/grants/web-7.corp.example", json=grant)
        client = served.client(certificate=(cert_file, key_file))
        assert client.get("/whoami").status_code == 200
        intermediate = authority.issuers.records()[-1]
        authority.writer.submit(lambda tx: set_state(tx, intermediate.id, REVOKED))
        answer = client.get("/whoami")
        assert answer.json()["code"] == "bad-certificate"
        assert answer.status_code == 401
    authority.close()


@pytest.mark.parametrize("profile", ["server", "email", "code-signing"])
def test_a_certificate_for_something_else_says_not_who_asks(
    served: Served, tmp_path: Path, profile: str
) -> None:
    """The key of a web server lies about in more places than that of a person."""
    name = "op@corp.example" if profile != "server" else "op.corp.example"
    key = generate_private_key("p256")
    wanted = Wanted(parse_names([name]), key.public_key(), profile)
    issued = served.authority.issue(wanted, ROOT)
    cert_file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert_file.write_bytes(encode_chain(issued.chain))
    key_file.write_bytes(encode_private_key(key))
    grant = {"role": "operator"}
    path = f"/grants/{name}"
    assert served.client("administrator").put(path, json=grant).status_code == 200
    client = served.client(certificate=(cert_file, key_file))
    with pytest.raises(httpx.TransportError):
        client.get("/whoami")
