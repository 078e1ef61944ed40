"""The extensions of what we issue, as DER (RFC 5280 section 4.2)."""

from __future__ import annotations

from functools import lru_cache

from tlsmith.core import der, oid
from tlsmith.core.extension_values import Extension
from tlsmith.core.names import GeneralName
from tlsmith.core.profiles import CertificateParameters, encode_key_usage
from tlsmith.core.subject import EMPTY
from tlsmith.errors import InputError

# What other parameters say: an extension given beside them would contradict those.
_OF_PARAMETERS = {
    oid.BASIC_CONSTRAINTS: "is_ca and path_length",
    oid.KEY_USAGE: "key_usage",
    oid.EXTENDED_KEY_USAGE: "extended_key_usage",
    oid.SUBJECT_ALT_NAME: "names",
    oid.NAME_CONSTRAINTS: "name_constraints",
    oid.SUBJECT_KEY_IDENTIFIER: "the key",
    oid.AUTHORITY_KEY_IDENTIFIER: "the issuer",
}


def encode_extensions(
    parameters: CertificateParameters,
    subject_key_identifier: bytes,
    authority_key_identifier: bytes | None,
) -> bytes:
    """Return the extensions field of a TBSCertificate, tagged [3].

    Raises:
        InputError: a CA without a subject, or an end entity without one and without
            names (4.1.2.6); an extension twice (4.2), or one that is not DER.
    """
    if parameters.subject == EMPTY and (parameters.is_ca or not parameters.names):
        raise InputError("a certificate with neither a subject nor a name")
    parts = [
        _basic_constraints(parameters.is_ca, parameters.path_length),
        _usages(parameters.key_usage, parameters.extended_key_usage),
    ]
    if parameters.names:
        # Critical where there is nothing else to go by (4.2.1.6), else never: some
        # clients refuse a critical one.
        critical = parameters.subject == EMPTY
        parts.append(_subject_alt_name(parameters.names, critical))
    if parameters.name_constraints is not None:
        encoded = parameters.name_constraints.encode()
        parts.append(extension(oid.NAME_CONSTRAINTS, encoded, critical=True))
    parts.append(_subject_key_identifier(subject_key_identifier))
    if authority_key_identifier is not None:
        parts.append(_authority_key_identifier(authority_key_identifier))
    if parameters.extensions:
        parts.append(_further(parameters.extensions))
    return der.context(3, der.sequence(*parts), constructed=True)


def extension(identifier: str, value: bytes, *, critical: bool = False) -> bytes:
    """Return a DER Extension; critical is left out where it is the default."""
    return der.sequence(
        der.object_identifier(identifier),
        der.TRUE if critical else b"",
        der.octet_string(value),
    )


@lru_cache(maxsize=16)
def _basic_constraints(is_ca: bool, path_length: int | None) -> bytes:
    parts = [der.TRUE] if is_ca else []
    if is_ca and path_length is not None:
        parts.append(der.integer(path_length))
    return extension(oid.BASIC_CONSTRAINTS, der.sequence(*parts), critical=True)


@lru_cache(maxsize=64)
def _usages(key_usage: int, extended: tuple[str, ...]) -> bytes:
    parts = []
    if key_usage:
        value = encode_key_usage(key_usage)
        parts.append(extension(oid.KEY_USAGE, value, critical=True))
    if extended:
        value = der.sequence(*map(der.object_identifier, extended))
        parts.append(extension(oid.EXTENDED_KEY_USAGE, value))
    return b"".join(parts)


def _subject_key_identifier(identifier: bytes) -> bytes:
    # Another one for each key, and all but a few are a SHA-1.
    if len(identifier) == _SHA1_SIZE:
        return _BEFORE_SHA1 + identifier
    return extension(oid.SUBJECT_KEY_IDENTIFIER, der.octet_string(identifier))


@lru_cache(maxsize=64)
def _authority_key_identifier(identifier: bytes) -> bytes:
    value = der.sequence(der.context(0, identifier))
    return extension(oid.AUTHORITY_KEY_IDENTIFIER, value)


@lru_cache(maxsize=256)
def _further(extensions: tuple[Extension, ...]) -> bytes:
    seen: set[str] = set()
    for one in extensions:
        if one.oid in _OF_PARAMETERS:
            raise InputError(
                f"extension {one.oid} is written from {_OF_PARAMETERS[one.oid]}",
                code="extension-twice",
                hint="leave it out of the further extensions",
            )
        if one.oid in seen:
            raise InputError(f"extension {one.oid} twice", code="extension-twice")
        seen.add(one.oid)
    return b"".join(one.encode() for one in extensions)


@lru_cache(maxsize=256)
def _subject_alt_name(names: tuple[GeneralName, ...], critical: bool) -> bytes:
    value = der.sequence(*(name.encode() for name in names))
    return extension(oid.SUBJECT_ALT_NAME, value, critical=critical)


_SHA1_SIZE = 20
_BEFORE_SHA1 = extension(
    oid.SUBJECT_KEY_IDENTIFIER, der.octet_string(bytes(_SHA1_SIZE))
)[:-_SHA1_SIZE]
