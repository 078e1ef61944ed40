"""Certificates in order: end entity first, each followed by the one that signed it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tlsmith.core.formats.objects import HeldCertificate

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList

# Signatures tried for one certificate: many of one name are a bundle, or an attack.
_MOST_TRIED = 16


@dataclass(frozen=True, slots=True)
class Ordered:
    """Certificates of one file, sorted.

    Args:
        chain: end entity first; empty where no certificate is one, as in a bundle of
            roots.
        others: those that have no part in the chain, as they came.
        has_root: the last of the chain is signed by its own key.
    """

    chain: tuple[HeldCertificate, ...]
    others: tuple[HeldCertificate, ...]
    has_root: bool

    @property
    def all(self) -> tuple[HeldCertificate, ...]:
        return (*self.chain, *self.others)

    @property
    def without_root(self) -> tuple[HeldCertificate, ...]:
        """The chain as servers send it (RFC 8446 section 4.4.2)."""
        return self.chain[:-1] if self.has_root and len(self.chain) > 1 else self.chain


def order_certificates(
    certificates: Sequence[HeldCertificate], key_infos: Collection[bytes] = ()
) -> Ordered:
    """Return certificates with the chain of the end entity first, in order.

    An issuer is known by its name, its key identifier and its signature. The end entity
    is the one whose key is there, the newest of several; without a key, the first that
    is no CA's, or the only one that signed none of the others.

    Args:
        key_infos: SubjectPublicKeyInfos of the private keys there are.
    """
    issuers = _Issuers(certificates)
    signed_others = {
        issuer.der
        for one in certificates
        for issuer in issuers.of(one)
        if issuer.der != one.der
    }
    lowest = [one for one in certificates if one.der not in signed_others]
    first = _end_entity(lowest, key_infos)
    if first is None:
        return Ordered((), tuple(certificates), has_root=False)
    chain = _chain(first, issuers)
    members = {one.der for one in chain}
    others = tuple(one for one in certificates if one.der not in members)
    return Ordered(tuple(chain), others, has_root=is_self_signed(chain[-1].parsed))


def is_ca(certificate: Certificate) -> bool:
    """Tell whether it is a CA's (RFC 5280 section 4.2.1.9).

    Version 1 has no way to say so: there, one signed by its own key counts as a CA's.
    """
    from cryptography import x509

    try:
        constraints = certificate.extensions.get_extension_for_class(
            x509.BasicConstraints
        )
    except x509.ExtensionNotFound:
        is_old = certificate.version == x509.Version.v1
        return is_old and is_self_signed(certificate)
    except Exception:  # extensions that the library cannot read
        return False
    return constraints.value.ca


def is_self_signed(certificate: Certificate) -> bool:
    """Tell whether a certificate is signed by its own key."""
    return has_signed(certificate, certificate)


def public_info(certificate: Certificate) -> bytes | None:
    """Return the DER SubjectPublicKeyInfo; None where the key is of no known kind."""
    from tlsmith.core.keys import public_key_info

    try:
        return public_key_info(certificate.public_key())
    except Exception:  # a curve or a kind that the library does not know
        return None


class _Issuers:
    """Finds, among certificates, those that signed one."""

    def __init__(self, certificates: Sequence[HeldCertificate]) -> None:
        self._by_name: dict[bytes, list[HeldCertificate]] = defaultdict(list)
        self._known: dict[bytes, list[HeldCertificate]] = {}
        for one in certificates:
            self._by_name[one.parsed.subject.public_bytes()].append(one)

    def of(self, one: HeldCertificate) -> list[HeldCertificate]:
        """Return the issuers of a certificate, itself among them if self-signed."""
        if one.der not in self._known:
            named = self._by_name.get(one.parsed.issuer.public_bytes(), [])
            self._known[one.der] = [
                issuer
                for issuer in named[:_MOST_TRIED]
                if has_signed(issuer.parsed, one.parsed)
            ]
        return self._known[one.der]


def has_signed(issuer: Certificate, certificate: Certificate) -> bool:
    """Tell whether the key of one certificate made the signature on another."""
    from cryptography.exceptions import InvalidSignature

    if issuer.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except Exception:
        return signed_with_old_hash(
            issuer, certificate, certificate.tbs_certificate_bytes
        )
    return True


def signed_with_old_hash(
    issuer: Certificate,
    what: Certificate | CertificateRevocationList,
    signed: bytes,
) -> bool:
    """Check a signature with SHA-1 or MD5, as old roots and their chains have.

    The library refuses those as a whole; here they only say which issuer is meant.

    Args:
        signed: the part of `what` that the signature covers.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    try:
        key, digest = issuer.public_key(), what.signature_hash_algorithm
        signature = what.signature
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(signature, signed, ec.ECDSA(digest))
        else:
            return False
    except Exception:
        return False
    return True


def _end_entity(
    lowest: Sequence[HeldCertificate], key_infos: Collection[bytes]
) -> HeldCertificate | None:
    if key_infos:
        own = [one for one in lowest if public_info(one.parsed) in key_infos]
        if own:
            return max(own, key=lambda one: one.parsed.not_valid_before_utc)
    end_entities = [one for one in lowest if not is_ca(one.parsed)]
    if end_entities:
        return end_entities[0]
    return lowest[0] if len(lowest) == 1 else None


def _chain(first: HeldCertificate, issuers: _Issuers) -> list[HeldCertificate]:
    chain = [first]
    while True:
        above = [one for one in issuers.of(chain[-1]) if one not in chain]
        if not above:
            return chain
        chain.append(min(above, key=_preference))


def _preference(issuer: HeldCertificate) -> tuple[bool, float]:
    """Prefer a cross-signed issuer to a root, for old clients; then the longest-lived.

    A client that has the root already stops there and needs no more.
    """
    lasts = issuer.parsed.not_valid_after_utc.timestamp()
    return is_self_signed(issuer.parsed), -lasts
