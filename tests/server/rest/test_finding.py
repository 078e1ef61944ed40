"""Finding certificates, page by page; and the figures of a dashboard."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from server.rest.world import Served, csr, first_certificate
from tlsmith.core.view import view_certificate


def found(served: Served, **query: object) -> list[str]:
    response = served.client("viewer").get("/certificates", params=query)  # type: ignore[arg-type]
    assert response.status_code == 200, response.text
    return [one["serial_number"] for one in response.json()["certificates"]]


def test_each_filter_finds_what_it_says(served: Served) -> None:
    issued = served.issue("find.deep.example")
    serial = f"{issued.serial_number:x}"
    other = served.issue("other.test", profile="client")
    info = view_certificate(issued.chain[0]).public_key_info
    soon = (datetime.now(UTC) + timedelta(days=4000)).isoformat()
    for query in (
        {"name": "find.deep.example"},
        {"name": ".deep.example"},
        {"serial_number": serial.upper()},
        {"fingerprint": sha256(issued.chain[0]).hexdigest()},
        {"key": sha256(info).hexdigest()},
        {"profile": "server", "requester": "cli:root", "limit": "500"},
        {"expires_before": soon, "profile": "server", "limit": "500"},
    ):
        serials = found(served, **query)
        assert serial in serials
        assert f"{other.serial_number:x}" not in serials
    assert found(served, name="nobody.test") == []


def test_pages_give_each_certificate_once(served: Served) -> None:
    wanted = {
        f"{served.issue(f'p{n}.pages.example').serial_number:x}" for n in range(7)
    }
    for query in ({}, {"expires_before": "2199-01-01T00:00:00Z"}):
        seen: list[str] = []
        cursor: str | None = None
        for _ in range(20):
            more = {"cursor": cursor} if cursor else {}
            page = served.client("viewer").get(
                "/certificates",
                params={"name": ".pages.example", "limit": "2", **query, **more},
            )
            seen += [one["serial_number"] for one in page.json()["certificates"]]
            cursor = page.json()["next"]
            if cursor is None:
                break
        assert sorted(seen) == sorted(wanted)


def test_what_expired_is_found_as_expired(served: Served) -> None:
    issued = served.issue("brief.example", lifetime=timedelta(hours=2))
    serial = f"{issued.serial_number:x}"
    assert serial not in found(served, status="expired", name="brief.example")
    assert serial in found(served, status="good", name="brief.example")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=x",
        "cursor=1-1",
        "cursor=x",
        "cursor=99999999999999999999999",
        "expires_before=2030-01-01T00:00:00Z&cursor=5",
        "status=best",
        "name=a%20b",
        "name=%00",
        "requester=a%0Ab",
        "serial_number=zz",
        "serial_number=" + "1" * 41,
        "fingerprint=12",
        "expires_before=yesterday",
        "expires_before=5",
        "what=x",
        "limit=1&limit=2",
        "name=%ff",
    ],
)
def test_a_query_that_is_none_is_refused(served: Served, query: str) -> None:
    response = served.client("viewer").get(f"/certificates?{query}")
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"


def test_a_chain_is_pem_up_to_the_root(served: Served) -> None:
    issued = served.issue("chain.example")
    response = served.client("viewer").get(
        f"/certificates/{issued.serial_number:x}/chain"
    )
    assert first_certificate(response.text).serial_number == issued.serial_number
    assert response.text.count("BEGIN CERTIFICATE") == 2


def test_a_number_that_nobody_has_is_not_found(served: Served) -> None:
    for path in ("/certificates/ab12", "/certificates/ab12/chain"):
        response = served.client("viewer").get(path)
        assert (response.status_code, response.json()["code"]) == (404, "not-found")


def test_figures_follow_what_happens(served: Served) -> None:
    client = served.client("operator")
    before = client.get("/summary").json()
    issued = served.issue("figures.example")
    client.post(f"/certificates/{issued.serial_number:x}/revoke", json={})
    after = client.get("/summary").json()
    assert after["counts"]["issued"] == before["counts"]["issued"] + 1
    assert after["counts"]["revoked"] == before["counts"]["revoked"] + 1
    assert [one["role"] for one in after["authorities"]] == ["root", "intermediate"]
    assert after["crls"]
    assert [one["issuer"] for one in after["ocsp"]] == [after["authorities"][1]["slug"]]
    today = datetime.now(UTC).date()
    query = f"/timeline?what=revoked&from={today - timedelta(days=1)}&to={today}"
    days = client.get(query).json()["days"]
    assert sum(day["number"] for day in days) == after["counts"]["revoked"]
    assert (
        client.get(f"/timeline?what=issued&from={today}&to=1970-01-01").json()["code"]
        == "bad-days"
    )


def test_what_expires_next_is_in_the_summary(served: Served) -> None:
    made = csr("next.example")
    body = {"csr": made.pem, "lifetime": "12h"}
    facts = served.client("issuer").post("/certificates", json=body).json()
    expiries = served.client("viewer").get("/summary").json()["next_expiries"]
    assert facts["serial_number"] in [one["serial_number"] for one in expiries]
