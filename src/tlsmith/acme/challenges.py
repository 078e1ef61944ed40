"""What a client shows to prove that a name is its own (RFC 8555 section 8)."""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode

from tlsmith.acme.base64url import encode_base64url
from tlsmith.acme.identifiers import Identifier
from tlsmith.core.names import ip_bytes

HTTP_01, DNS_01, TLS_ALPN_01 = "http-01", "dns-01", "tls-alpn-01"
DNS_ACCOUNT_01, DNS_PERSIST_01 = "dns-account-01", "dns-persist-01"
# What proves a wildcard, which a web server does not (RFC 8555 section 7.1.3 leaves it
# to the CA), and an address, which DNS does not (RFC 8738 section 7).
FOR_WILDCARDS = (DNS_01, DNS_ACCOUNT_01, DNS_PERSIST_01)
FOR_ADDRESSES = (HTTP_01, TLS_ALPN_01)

# 128 bits at least (RFC 8555 section 8.1), and no file name is longer.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,200}", re.ASCII)


def is_token(text: str) -> bool:
    """Tell whether it is a token: base64url, of 128 bits or more (RFC 8555 8.1)."""
    return bool(_TOKEN.fullmatch(text))


def key_authorization(token: str, thumbprint: str) -> str:
    """Return what binds a challenge to an account's key (RFC 8555 section 8.1)."""
    return f"{token}.{thumbprint}"


def http_path(token: str) -> str:
    """Return where the key authorization is asked for (RFC 8555 section 8.3)."""
    return f"/.well-known/acme-challenge/{token}"


def dns_digest(key_authorization: str) -> str:
    """Return what the TXT record says (RFC 8555 section 8.4)."""
    return encode_base64url(_sha256(key_authorization))


def alpn_digest(key_authorization: str) -> bytes:
    """Return what the acmeIdentifier extension holds (RFC 8737 section 3)."""
    return _sha256(key_authorization)


def dns_name(identifier: Identifier) -> str:
    """Return where dns-01's record is; a wildcard's is its base's (RFC 8555 8.4)."""
    return f"_acme-challenge.{identifier.base.value}"


def dns_account_name(identifier: Identifier, account_url: str) -> str:
    """Return where dns-account-01's TXT record is (draft-ietf-acme-dns-account-label).

    Every account has a label of its own, so that several prove one name at a time.
    """
    label = b32encode(_sha256(account_url)[:10]).decode("ascii").lower()
    return f"_{label}.{dns_name(identifier)}"


def dns_persist_name(identifier: Identifier) -> str:
    """Return where dns-persist-01's TXT record is (draft-ietf-acme-dns-persist)."""
    return f"_validation-persist.{identifier.base.value}"


def alpn_server_name(identifier: Identifier) -> str:
    """Return what SNI says: a name, or an address's name in reverse (RFC 8738 6)."""
    if identifier.type == "dns":
        return identifier.value
    packed = ip_bytes(identifier.value)
    if len(packed) == 4:
        return ".".join(map(str, reversed(packed))) + ".in-addr.arpa"
    return ".".join(reversed(packed.hex())) + ".ip6.arpa"


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode("ascii")).digest()
