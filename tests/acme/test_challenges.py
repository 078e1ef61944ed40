"""What proves a name: digests and places, against the standards' own examples."""

from __future__ import annotations

import hashlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.acme.base64url import decode_base64url
from tlsmith.acme.challenges import (
    alpn_digest,
    alpn_server_name,
    dns_account_name,
    dns_digest,
    dns_name,
    dns_persist_name,
    http_path,
    is_token,
    key_authorization,
)
from tlsmith.acme.identifiers import Identifier

# RFC 8555 section 8.3.
TOKEN = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"
THUMBPRINT = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
NAME, WILDCARD = Identifier("dns", "a.test"), Identifier("dns", "*.a.test")


def test_a_key_authorization_is_that_of_the_rfc() -> None:
    authorization = key_authorization(TOKEN, THUMBPRINT)
    assert authorization == f"{TOKEN}.{THUMBPRINT}"
    assert http_path(TOKEN) == f"/.well-known/acme-challenge/{TOKEN}"
    digest = hashlib.sha256(authorization.encode()).digest()
    assert decode_base64url(dns_digest(authorization)) == digest
    assert alpn_digest(authorization) == digest


@pytest.mark.parametrize("token", [TOKEN, "a" * 22, "_-" * 11, "A" * 200])
def test_a_token_has_128_bits(token: str) -> None:
    assert is_token(token)


@pytest.mark.parametrize(
    "token",
    ["", "a" * 21, "a" * 201, TOKEN + "=", f"../{TOKEN}", f"{TOKEN}\n", "ä" * 30],
)
def test_what_is_no_token_is_told_apart(token: str) -> None:
    assert not is_token(token)


def test_records_of_a_wildcard_are_those_of_its_base() -> None:
    """RFC 8555 section 8.4."""
    for identifier in (NAME, WILDCARD):
        assert dns_name(identifier) == "_acme-challenge.a.test"
        assert dns_persist_name(identifier) == "_validation-persist.a.test"
        assert dns_account_name(identifier, "https://ca.test/1").endswith(
            "._acme-challenge.a.test"
        )


def test_an_account_has_the_label_of_the_draft() -> None:
    """draft-ietf-acme-dns-account-label section 3.1, its own example."""
    url = "https://example.com/acme/acct/ExampleAccount"
    name = dns_account_name(Identifier("dns", "example.org"), url)
    assert name == "_ujmmovf2vn55tgye._acme-challenge.example.org"


@given(st.ip_addresses())
def test_an_address_is_named_in_reverse(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """RFC 8738 section 6."""
    name = alpn_server_name(Identifier("ip", str(address)))
    assert name == address.reverse_pointer


def test_a_name_is_named_as_it_is() -> None:
    assert alpn_server_name(NAME) == "a.test"
