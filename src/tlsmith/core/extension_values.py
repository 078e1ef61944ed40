"""Extensions that profiles add: where revocation is published, policies and more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from tlsmith.core import der, oid
from tlsmith.core.names import parse_name
from tlsmith.errors import InputError

# TLS feature status_request: a handshake without an OCSP response fails (RFC 7633).
_STATUS_REQUEST = 5

OnlyContains = Literal["user", "ca", "attribute"]


class Extension(NamedTuple):
    """An extension of a certificate or a CRL (RFC 5280 section 4.2).

    Args:
        oid: dotted.
        value: DER, the contents of extnValue.
    """

    oid: str
    critical: bool
    value: bytes

    def encode(self) -> bytes:
        """Return the DER Extension; critical is left out where it is the default."""
        return encode_extension(self)


@lru_cache(maxsize=256)
def encode_extension(extension: Extension) -> bytes:
    """Return the DER Extension.

    Raises:
        InputError: the OID is none, or the value is not one DER element.
    """
    _, end = der.read(extension.value)
    if end != len(extension.value):
        raise InputError(f"the value of extension {extension.oid} is not one element")
    return der.sequence(
        der.object_identifier(extension.oid),
        der.TRUE if extension.critical else b"",
        der.octet_string(extension.value),
    )


def crl_distribution_points(urls: Sequence[str]) -> Extension:
    """Return where the CRL is that covers a certificate: one CRL, at every URL.

    RFC 5280 section 4.2.1.13.

    Raises:
        InputError: there is no URL, or one is none.
    """
    value = der.sequence(der.sequence(_distribution_point_name(urls)))
    return Extension(oid.CRL_DISTRIBUTION_POINTS, False, value)


def freshest_crl(urls: Sequence[str]) -> Extension:
    """Return where the delta CRL is, in a certificate or in a complete CRL.

    RFC 5280 sections 4.2.1.15 and 5.2.6.

    Raises:
        InputError: there is no URL, or one is none.
    """
    return crl_distribution_points(urls)._replace(oid=oid.FRESHEST_CRL)


def authority_information_access(
    *, ocsp: Sequence[str] = (), ca_issuers: Sequence[str] = ()
) -> Extension:
    """Return where OCSP is answered, and where the issuer's certificate is.

    RFC 5280 section 4.2.2.1.

    Raises:
        InputError: there is no URL, or one is none.
    """
    ways = [(oid.OCSP, url) for url in ocsp]
    ways += [(oid.CA_ISSUERS, url) for url in ca_issuers]
    if not ways:
        raise InputError("authorityInfoAccess without a URL")
    parts = [der.sequence(der.object_identifier(way), _uri(url)) for way, url in ways]
    return Extension(oid.AUTHORITY_INFORMATION_ACCESS, False, der.sequence(*parts))


def tls_feature() -> Extension:
    """Return must-staple: servers are to show an OCSP response (RFC 7633)."""
    value = der.sequence(der.integer(_STATUS_REQUEST))
    return Extension(oid.TLS_FEATURE, False, value)


def certificate_policies(oids: Sequence[str]) -> Extension:
    """Return the policies a certificate is issued under (RFC 5280 section 4.2.1.4).

    Raises:
        InputError: there is none, one twice, or one is no OID.
    """
    if not oids or len(set(oids)) != len(oids):
        raise InputError("certificatePolicies without a policy, or with one twice")
    parts = [der.sequence(der.object_identifier(policy)) for policy in oids]
    return Extension(oid.CERTIFICATE_POLICIES, False, der.sequence(*parts))


def ocsp_no_check() -> Extension:
    """Return that an OCSP responder's certificate is trusted for as long as it lives.

    RFC 6960 section 4.2.2.2.1.
    """
    return Extension(oid.OCSP_NO_CHECK, False, der.encode(der.NULL))


def no_revocation_available() -> Extension:
    """Return that nobody says whether a certificate was revoked (RFC 9608)."""
    return Extension(oid.NO_REVOCATION_AVAILABLE, False, der.encode(der.NULL))


def issuing_distribution_point(
    urls: Sequence[str] = (), *, only_contains: OnlyContains | None = None
) -> Extension:
    """Return which certificates a CRL covers (RFC 5280 section 5.2.5).

    Args:
        urls: of the distribution points whose certificates alone it covers.
        only_contains: end entities' certificates alone, or CAs', or attributes'.

    Raises:
        InputError: neither is given, or a URL is none.
    """
    parts = [_distribution_point_name(urls)] if urls else []
    if only_contains is not None:
        numbers: dict[OnlyContains, int] = {"user": 1, "ca": 2, "attribute": 5}
        parts.append(der.context(numbers[only_contains], b"\xff"))
    if not parts:
        raise InputError("issuingDistributionPoint that says nothing")
    return Extension(oid.ISSUING_DISTRIBUTION_POINT, True, der.sequence(*parts))


def _distribution_point_name(urls: Sequence[str]) -> bytes:
    """Return a distributionPoint, tagged [0], whose fullName is every URL."""
    if not urls:
        raise InputError("a distribution point without a URL")
    full_name = der.context(0, *map(_uri, urls), constructed=True)
    return der.context(0, full_name, constructed=True)


@lru_cache(maxsize=1024)
def _uri(url: str) -> bytes:
    name = parse_name(url)
    if name.kind != "uri":
        raise InputError(
            f"not a URL: {url!r}", hint="write it such as http://ca.example.com/crl"
        )
    return name.encode()
