"""Where this server is: what is signed for another is not for us (RFC 8555 6.4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_site import Site
from acme_wire import JOSE
from server.acme.inside import inside
from tlsmith.errors import ACMEProblem
from tlsmith.server.acme.urls import Places, URLs

NAMES = ["ca.test", "LOCALHOST", "127.0.0.1", "::1", "*.wild.test"]


@pytest.mark.parametrize(
    "host",
    [
        "ca.test",
        "CA.test:8443",
        "localhost:1",
        "127.0.0.1:8443",
        "[::1]",
        "[0:0::1]:443",
        "a.wild.test",
    ],
)
def test_a_client_may_know_us_by_a_name_of_our_certificate(host: str) -> None:
    places = Places(None, NAMES)
    assert places.at(host).directory == f"https://{host}/acme/directory"
    assert places.for_client(host) is places.at(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "ca.test.evil.test",
        "xca.test",
        "127.0.0.2",
        "[::2]:443",
        "a.b.wild.test",
        "wild.test",
    ],
)
def test_nobody_who_verifies_knows_us_by_another(host: str) -> None:
    with pytest.raises(ACMEProblem) as caught:
        Places(None, NAMES).for_client(host)
    assert (caught.value.type, caught.value.status) == ("malformed", 421)
    assert "tls.names" in str(caught.value)


@pytest.mark.parametrize("host", ["", "a b", "ca.test:x", 'evil.test"><script>'])
def test_what_is_no_host_is_told_as_that(host: str) -> None:
    with pytest.raises(ACMEProblem) as caught:
        Places(None, NAMES).at(host)
    assert caught.value.status == 400


def test_what_is_given_out_is_set() -> None:
    places = Places("https://ca.test", NAMES)
    assert places.for_client("evil.test").base == "https://ca.test"
    assert places.at("localhost:1").base == "https://localhost:1"


def test_whom_a_client_signed_for_cannot_hand_it_on(
    tmp_path: Path, acme_site: Site
) -> None:
    with inside(f"sqlite:///{tmp_path}/ca.db", acme_site) as made:
        account = made.account()
        elsewhere = account.url.replace("ca.test", "evil.test")
        for host in ("evil.test", "ca.test"):
            answer = account.post(
                elsewhere,
                {"status": "deactivated"},
                header={"kid": elsewhere},
                headers={"Content-Type": JOSE, "Host": host},
                send_to=account.url,
            )
            assert (answer.status, answer.type) == (401, "unauthorized"), answer
        assert account.get(account.url)["status"] == "valid"


@pytest.mark.parametrize(
    "found", ["", "\0", "a\0b", "a/b", "é", "a b", "a?b", "\ud800"]
)
def test_what_no_account_is_called_is_asked_of_no_store(found: str) -> None:
    """PostgreSQL takes a NUL for an error of the store."""
    urls = URLs("https://ca.test")
    assert urls.account_id(urls.account("0a1b")) == "0a1b"
    assert urls.account_id(urls.account(found)) is None
