"""Certificates: who they are for, whether they are CAs, and what is wrong with them."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from tlsmith.scan.artefacts.artefact import Certificate
from tlsmith.scan.artefacts.keys import public_of, size_of
from tlsmith.scan.artefacts.shape import is_whole
from tlsmith.scan.grading import is_loopback

_LONGEST = timedelta(days=398, hours=1)
"""What browsers take of a server's (CA/Browser Forum, Baseline Requirements 6.3.2)."""
_LEAST_RSA = 2048
_LEAST_EC = 224
_HOST = re.compile(
    r"\*?[\w-]*(?:\.[\w-]+)+|[\da-fA-F]{0,4}(?::[\da-fA-F]{0,4}){2,7}"
    r"|[a-z][a-z\d-]*"
)
_OF_CA = re.compile(r"(?i)(?:^|[\W_\d])ca(?:$|[\W_\d])|root|auth|issu|sign|trust")
_WEAK_HASHES = ("md2", "md4", "md5", "sha1")
_LARGEST = 64_000


def certificate_of(data: bytes) -> Certificate | None:
    """What is known of a certificate in DER; None if it is none."""
    from cryptography.x509 import load_der_x509_certificate

    if len(data) > _LARGEST or not is_whole(data):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _known(load_der_x509_certificate(data))
    except Exception:
        # Of a dozen kinds, as many as there are ways to be no certificate.
        return None


def _known(loaded: Any) -> Certificate | None:
    public = loaded.public_key()
    key = public_of(public)
    if key is None:
        return None
    is_ca = _is_ca(loaded)
    subject = loaded.subject.rfc4514_string()[:200] or next(iter(_names(loaded)), "")
    is_self_signed = loaded.issuer == loaded.subject
    faults = set(_faults(loaded, public, is_ca, is_self_signed))
    words = [f"a CA's, {subject}" if is_ca else f"for {subject or 'nobody'}"]
    words += ["self-signed"] if is_self_signed else []
    words.append(size_of(public))
    words.append(_time_told(loaded, faults))
    if "weak-signature" in faults:
        words.append(f"signed with {_hash_of(loaded).upper()}")
    return Certificate(
        key,
        subject,
        is_ca,
        frozenset(faults),
        ", ".join(words),
        "" if is_ca else _host(loaded),
        loaded.not_valid_after_utc.timestamp(),
    )


def _host(loaded: Any) -> str:
    """This machine's own name, if it has no other."""
    names = _names(loaded)
    return names[0] if names and all(map(is_loopback, names)) else ""


def _faults(loaded: Any, public: Any, is_ca: bool, is_self_signed: bool) -> list[str]:
    faults = []
    now = datetime.now(UTC)
    if loaded.not_valid_after_utc < now:
        faults.append("expired")
    if _is_server(loaded) if is_ca else not _is_for_else(loaded):
        lasts = loaded.not_valid_after_utc - loaded.not_valid_before_utc
        faults += ["long-lived"] if lasts > _LONGEST else []
        faults += ["self-signed"] if is_self_signed else []
    if _is_weak(public):
        faults.append("weak-key")
    # Nobody asks a root's own signature for anything.
    if not (is_ca and is_self_signed) and _hash_of(loaded) in _WEAK_HASHES:
        faults.append("weak-signature")
    return faults


def _is_weak(public: Any) -> bool:
    bits = getattr(public, "key_size", None)
    if bits is None:
        return False
    least = _LEAST_EC if hasattr(public, "curve") else _LEAST_RSA
    return bool(bits < least)


def _is_ca(loaded: Any) -> bool:
    from cryptography.x509 import BasicConstraints, ExtensionNotFound, Version

    try:
        found = loaded.extensions.get_extension_for_class(BasicConstraints)
        return bool(found.value.ca)
    except ExtensionNotFound:
        # Before version 3 nothing says so; those that signed themselves were roots.
        return bool(loaded.version == Version.v1 and loaded.issuer == loaded.subject)
    except ValueError:
        return False


def _is_server(loaded: Any) -> bool:
    """Whether a server has it, though it says CA: `openssl req -x509` makes such."""
    from cryptography.x509 import KeyUsage

    try:
        loaded.extensions.get_extension_for_class(KeyUsage)
    except Exception:  # none, or one that cannot be read
        return loaded.issuer == loaded.subject and any(map(_is_host, _names(loaded)))
    return False


def _is_for_else(loaded: Any) -> bool:
    """Whether it is for anything but TLS: those who sign gems sign for themselves."""
    from cryptography.x509 import (
        ExtendedKeyUsage,
        RFC822Name,
        SubjectAlternativeName,
    )
    from cryptography.x509.oid import ExtendedKeyUsageOID

    find = loaded.extensions.get_extension_for_class
    with suppress(Exception):  # none, or one that cannot be read
        usages = set(find(ExtendedKeyUsage).value)
        return not usages & {
            ExtendedKeyUsageOID.SERVER_AUTH,
            ExtendedKeyUsageOID.CLIENT_AUTH,
            ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        }
    with suppress(Exception):
        names = list(find(SubjectAlternativeName).value)
        return all(isinstance(name, RFC822Name) for name in names)
    return False


def _is_host(name: str) -> bool:
    return bool(_HOST.fullmatch(name)) and not _OF_CA.search(name)


def _names(loaded: Any) -> list[str]:
    """Its names: what stands in it as alternative names, else its common name."""
    from cryptography.x509 import NameOID, SubjectAlternativeName

    with suppress(Exception):  # none, or one that cannot be read
        names = loaded.extensions.get_extension_for_class(SubjectAlternativeName)
        return [str(name.value)[:200] for name in names.value]
    common = loaded.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [str(one.value) for one in common]


def _hash_of(loaded: Any) -> str:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        found = loaded.signature_hash_algorithm
    except UnsupportedAlgorithm:
        dotted = loaded.signature_algorithm_oid.dotted_string
        return "md2" if dotted == "1.2.840.113549.1.1.2" else ""
    return str(found.name) if found else ""


def _time_told(loaded: Any, faults: set[str]) -> str:
    end = loaded.not_valid_after_utc
    if "expired" in faults:
        return f"expired on {end:%Y-%m-%d}"
    days = (end - loaded.not_valid_before_utc).days
    return f"until {end:%Y-%m-%d} ({days} days)"
