"""Which certificates may be made trust anchors, and which had better not."""

from __future__ import annotations

import codecs
from datetime import datetime
from typing import TYPE_CHECKING

from tlsmith.core.formats import split_pem
from tlsmith.core.keys import check_public_key
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import InputError, ProfileError
from tlsmith.truststores.base import Root

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_UTF_16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")
# PKCS #1's names for RSA with each (RFC 8017 appendix A.2.4).
_BROKEN_HASHES = {"1.2.840.113549.1.1.2": "MD2", "1.2.840.113549.1.1.4": "MD5"}


def parse_roots(data: bytes, source: str) -> tuple[list[Root], list[str]]:
    """Return the certificates in a file, PEM or DER, and what there is to warn of.

    Args:
        source: what messages call the file.

    Raises:
        InputError: there is no certificate in it.
    """
    data = _as_bytes_of_text(data)
    blocks = split_pem(data)
    found = [der for label, der in blocks if label in _LABELS]
    if not blocks and data[:1] == b"\x30":
        found = [data]
    if not found:
        raise InputError(
            f"no certificate in {source!r}",
            hint="give the root's certificate, PEM or DER",
        )
    warnings = []
    if any("PRIVATE KEY" in label for label, _ in blocks):
        warnings.append(
            f"{source!r} holds a private key as well: it is ignored, and does not "
            "belong beside a certificate that is handed out"
        )
    return [Root(der) for der in dict.fromkeys(found)], warnings


def _as_bytes_of_text(data: bytes) -> bytes:
    """Return a file without the mark that Windows puts first, UTF-16 as ASCII."""
    for mark, encoding in ((codecs.BOM_UTF8, ""), *_UTF_16):
        if data.startswith(mark):
            rest = data[len(mark) :]
            return rest.decode(encoding, "replace").encode() if encoding else rest
    return data


def check_root(root: Root, now: datetime, source: str) -> list[str]:
    """Refuse what is no root, or a bad one; return why a person had better be asked.

    Args:
        now: in UTC.
        source: what messages call it.

    Raises:
        InputError: it is not a certificate.
        ProfileError: every reason not to trust it.
    """
    try:
        view = view_certificate(root.der)
    except InputError as error:
        raise InputError(
            f"{source!r}: {error.message}", hint="see what it is with `tlsmith show`"
        ) from error
    reasons = [*_not_a_ca(view), *_not_now(view, now), *_weak(root)]
    if reasons:
        raise ProfileError(
            f"the certificate in {source!r} cannot be a trusted root",
            reasons=reasons,
            hint="give the self-signed certificate at the top of the chain",
        )
    return [*_boundless(view), *_of_long_ago(root)]


def _boundless(view: CertificateView) -> list[str]:
    """Return what its key can be used for, where nothing holds it to some names."""
    constraints = view.name_constraints
    open_kinds = ("dns", "ip") if constraints is None else constraints.open_kinds
    if "dns" in open_kinds:
        but = " but those it excludes" if constraints and constraints.excluded else ""
        return [
            f"it can vouch for every name there is{but}: whoever has its key can pose "
            "as any site to this machine"
        ]
    if "ip" in open_kinds:
        return [
            "it can vouch for every IP address: whoever has its key can pose to this "
            "machine as any server that is reached by its address"
        ]
    return []


def _of_long_ago(root: Root) -> list[str]:
    from cryptography.x509 import load_der_x509_certificate

    found = load_der_x509_certificate(root.der).signature_algorithm_oid.dotted_string
    if found not in _BROKEN_HASHES:
        return []
    return [
        f"it signed itself with {_BROKEN_HASHES[found]}, which was broken long ago: "
        "what else it signed so can be forged"
    ]


def _not_a_ca(view: CertificateView) -> list[str]:
    # RFC 5280 section 4.2.1.9: without CA:TRUE its key must not verify certificates.
    if not view.is_ca:
        return ["it is not a CA's certificate: basicConstraints has no CA:TRUE"]
    if not view.may_sign_certificates:
        return ["its keyUsage does not let it sign certificates"]
    return []


def _not_now(view: CertificateView, now: datetime) -> list[str]:
    if now > view.not_after:
        return [f"it expired on {view.not_after:%Y-%m-%d}"]
    if now < view.not_before:
        return [f"it begins only on {view.not_before:%Y-%m-%d}"]
    return []


def _weak(root: Root) -> list[str]:
    """Return what is wrong with its key and its signature.

    The hash of its signature does not matter: nobody relies on what a root says of
    itself, it is trusted for being itself.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import load_der_x509_certificate

    try:
        certificate = load_der_x509_certificate(root.der)
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        return [f"its key is of a kind that cannot be judged: {error}"]
    reasons = []
    try:
        check_public_key(key)
    except InputError as error:
        reasons.append(f"its key cannot be relied on: {error.message}")
    reasons += _not_self_signed(certificate)
    return reasons


def _not_self_signed(certificate: Certificate) -> list[str]:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if certificate.issuer != certificate.subject:
        issuer = certificate.issuer.rfc4514_string()
        return [
            f"it is not self-signed: {issuer} signed it, which is the root to trust"
        ]
    try:
        certificate.verify_directly_issued_by(certificate)
    except InvalidSignature:
        return ["it is not self-signed: its own key did not sign it"]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return []  # SHA-1 and older, which the library does not check any more
    return []
