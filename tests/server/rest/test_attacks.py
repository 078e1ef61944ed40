"""Requests as attackers make them."""

import http.client
import ssl
from pathlib import Path

import httpx
import pytest

from server.rest.world import BASE, Served, csr, make_ca, serving


def raw(served: Served, method: str, path: str, body: bytes = b"", **fields: str):  # type: ignore[no-untyped-def]
    """Send a request as it is: httpx would tidy the path."""
    connection = http.client.HTTPSConnection(
        "localhost",
        served.port,
        context=ssl.create_default_context(cafile=str(served.root)),
        timeout=20,
    )
    headers = {"authorization": f"Bearer {served.tokens['administrator']}"}
    headers |= {name.replace("_", "-"): value for name, value in fields.items()}
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/authorities/../../../etc/passwd",
        "/authorities/..%2f..%2fetc%2fpasswd",
        "/authorities/%2e%2e",
        "/authorities/%00",
        "/authorities/a%0Ab",
        "/certificates/..%2fpolicy",
        "/certificates/%2e%2e/policy",
        "/certificates/../policy",
        "/certificates/%ff",
        "/policy/",
        "//policy",
        "/POLICY",
        "/policy%2f",
        "/tokens/..",
        "/certificates/" + "1" * 5000,
    ],
)
def test_no_path_leads_elsewhere(served: Served, path: str) -> None:
    status, body = raw(served, "GET", BASE + path)
    assert status in (400, 404, 405), body
    assert b'"code"' in body
    assert b"root:" not in body
    assert str(served.folder).encode() not in body


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "TRACE", "OPTIONS", "PUT"])
def test_another_method_is_refused_with_those_there_are(
    served: Served, method: str
) -> None:
    response = served.client("administrator").request(method, "/certificates")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST, HEAD"


def test_head_is_get_without_its_body(served: Served) -> None:
    response = served.client("viewer").head("/whoami")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" * 200_000, "bad-field"),
        (b'{"csr":' + b"[" * 200_000, "bad-field"),
        (b'{"x":' + b'{"x":' * 100_000, "unknown-field"),
        (b"", "which-key"),
        (b"null", "bad-field"),
        (b"{", "bad-json"),
        (b'{"csr":"\xff"}', "bad-json"),
        (b'{"csr":"\\ud800"}', "bad-json"),
        (b'{"csr":"a\\u0000b"}', "bad-field"),
        (b'{"names":["a\\nb.test"],"generate":"p256"}', "bad-field"),
        (b'{"names":["a\\u0000b.test"],"generate":"p256"}', "bad-field"),
        (b'{"names":["a.test\\n"],"generate":"p256"}', "bad-field"),
        (b'{"names":[1],"generate":"p256"}', "bad-field"),
        (b'{"names":["a.test"],"generate":"p256","clamp":"true"}', "bad-field"),
        (b'{"names":["a.test"],"generate":"p256","profile":"a\\u001bb"}', "bad-field"),
        (b'{"__proto__":{}}', "unknown-field"),
    ],
)
def test_a_body_that_is_none_is_refused(served: Served, body: bytes, code: str) -> None:
    client = served.client("issuer")
    fields = {"content-type": "application/json"}
    response = client.post("/certificates", content=body, headers=fields)
    assert response.status_code == 400, response.text
    assert response.json()["code"] == code, response.text
    assert len(response.content) < 2000


def test_a_body_that_is_too_large_is_not_read(served: Served) -> None:
    fields = {"content-type": "application/json"}
    response = served.client("issuer").post(
        "/certificates", content=b" " * (1024**2 + 1), headers=fields
    )
    assert response.status_code == 413
    whole = (b" " * 65536 for _ in range(32))  # chunked: nothing says how much
    response = served.client("issuer").post(
        "/certificates", content=whole, headers=fields
    )
    assert response.status_code == 413


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "text/json",
        "application/json; charset=utf-16",
    ],
)
def test_another_type_of_body_is_refused(served: Served, kind: str) -> None:
    """A form is what a page of somebody else's could have a browser send."""
    response = served.client("issuer").post(
        "/certificates", content=b"{}", headers={"content-type": kind}
    )
    assert response.status_code == 415


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        "Bearer tlsmith_" + "A" * 43,
        "Bearer tlsmith_' OR 1=1 --",
        "Bearer " + "A" * 9000,
        "Token tlsmith_" + "A" * 43,
        "Bearer tlsmith_\xff" + "A" * 43,
    ],
)
def test_what_is_no_token_is_refused(served: Served, value: str) -> None:
    client = served.client(None)
    response = client.get("/whoami", headers={"authorization": value.encode("latin-1")})
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert "AAAA" not in response.text


def test_without_anything_that_says_who_asks_nothing_is_told(served: Served) -> None:
    response = served.client(None).get("/certificates")
    assert (response.status_code, response.json()["code"]) == (401, "no-credentials")
    assert "error" not in response.headers["www-authenticate"]
    assert served.client(None).get("/openapi.json").status_code == 200


def test_names_make_no_line_of_their_own_in_the_audit_log(served: Served) -> None:
    client = served.client("administrator")
    for name in ("a\nb", "a\x00b", "a\x1b[31mb", ""):
        body = {"name": name, "role": "viewer"}
        assert client.post("/tokens", json=body).status_code == 400
    for path in ("/grants/a%0Ab", "/grants/a%00b", "/grants/a%1Bb"):
        response = client.put(path, json={"role": "viewer"})
        assert response.status_code in (400, 404)
    assert b"\n" not in client.get("/grants").content


def test_a_client_certificate_is_who_it_says_while_it_is_good(served: Served) -> None:
    cert_file, key_file, issued = served.client_certificate("web-7.corp.example")
    administrator = served.client("administrator")
    client = served.client(certificate=(cert_file, key_file))
    refused = client.get("/whoami")
    assert (refused.status_code, refused.json()["code"]) == (403, "no-grant")
    grant = {"role": "issuer", "profiles": ["server"], "names": ["corp.example"]}
    administrator.put("/grants/web-7.corp.example", json=grant)
    assert client.get("/whoami").json() == {
        "name": "certificate:web-7.corp.example",
        "role": "issuer",
        "profiles": ["server"],
        "names": ["corp.example"],
    }
    good = client.post("/certificates", json={"csr": csr("a.corp.example").pem})
    assert good.status_code == 201
    assert (
        client.post(
            "/certificates", json={"csr": csr("a.evil.example").pem}
        ).status_code
        == 403
    )
    assert client.get("/tokens").status_code == 403
    path = f"/certificates/{issued.serial_number:x}/revoke"
    assert administrator.post(path, json={}).status_code == 200
    response = client.get("/whoami")
    assert (response.status_code, response.json()["code"]) == (401, "bad-certificate")


def test_a_certificate_of_another_ca_is_nobody(served: Served, tmp_path: Path) -> None:
    authority = make_ca(f"sqlite:///{tmp_path}/other.db")
    with serving(authority, tmp_path) as other:
        cert_file, key_file, _ = other.client_certificate("web-7.corp.example")
    authority.close()
    client = served.client(certificate=(cert_file, key_file))
    with pytest.raises(httpx.TransportError):
        client.get("/whoami")


def test_refusals_are_in_the_audit_log_but_cannot_fill_it(tmp_path: Path) -> None:
    authority = make_ca(f"sqlite:///{tmp_path}/ca.db")
    with serving(authority, tmp_path) as served:
        client = served.client(token="tlsmith_" + "A" * 43)
        for _ in range(40):
            assert client.get("/whoami").status_code == 401
        viewer = served.client("viewer")
        assert viewer.get("/tokens").status_code == 403
        records = served.audited("access.refused")
        assert 1 <= len(records) <= 6
        assert records[0].actor == "unknown"
        assert records[0].object == "bad-token"
        assert '"address":"127.0.0.1"' in records[0].detail
        assert "AAAA" not in "".join(map(str, records))
    authority.close()


def test_who_is_refused_too_often_is_turned_away(tmp_path: Path) -> None:
    authority = make_ca(f"sqlite:///{tmp_path}/ca.db")
    with serving(authority, tmp_path, failures=5) as served:
        client = served.client(token="tlsmith_" + "B" * 43)
        statuses = [client.get("/whoami").status_code for _ in range(7)]
        assert statuses[:5] == [401] * 5
        assert statuses[6] == 429
        assert int(client.get("/whoami").headers["retry-after"]) > 0
    authority.close()


def test_a_store_that_is_gone_says_nothing_of_itself(tmp_path: Path) -> None:
    authority = make_ca(f"sqlite:///{tmp_path}/ca.db")
    with serving(authority, tmp_path) as served:
        client = served.client("issuer")
        assert client.get("/whoami").status_code == 200
        authority.writer.close()
        response = client.post("/certificates", json={"csr": csr("a.example").pem})
        assert response.status_code == 503
        assert response.headers["retry-after"]
        assert "sqlite" not in response.text
        assert str(tmp_path) not in response.text
    authority.storage.close()


@pytest.mark.parametrize("profile", ["client", "peer"])
def test_an_issuer_makes_itself_no_administrator(served: Served, profile: str) -> None:
    admin = served.client("administrator")
    admin.put("/grants/boss.corp.example", json={"role": "administrator"})
    body = {"csr": csr("boss.corp.example").pem, "profile": profile}
    response = served.client("issuer").post("/certificates", json=body)
    assert response.status_code == 403, response.text
    assert "whose grant reaches further" in response.json()["detail"]
    # Nor by renewing the administrator's own certificate for another key.
    issued = served.issue("boss.corp.example", profile=profile)
    path = f"/certificates/{issued.serial_number:x}/renew"
    renewal = {"csr": csr("boss.corp.example").pem}
    assert served.client("issuer").post(path, json=renewal).status_code == 403
    assert admin.post(path, json=renewal).status_code == 201
    server = {"csr": csr("boss.corp.example").pem, "profile": "server"}
    assert served.client("issuer").post("/certificates", json=server).status_code == 201
    admin.delete("/grants/boss.corp.example")


def test_a_grant_of_less_may_be_used_by_who_may_more(served: Served) -> None:
    admin = served.client("administrator")
    grant = {"role": "issuer", "names": ["a.corp.example"]}
    admin.put("/grants/less.corp.example", json=grant)
    body = {"csr": csr("less.corp.example").pem, "profile": "client"}
    for scope, status in (
        ({}, 201),
        ({"names": ["corp.example"]}, 201),
        ({"names": ["less.corp.example"]}, 403),
        ({"profiles": ["client"]}, 403),
    ):
        token = served.token("some", "issuer", **scope)
        response = served.client(token=token).post("/certificates", json=body)
        assert response.status_code == status, response.text
    admin.delete("/grants/less.corp.example")
