"""The number by which OpenSSL finds a root in a folder: `X509_NAME_hash`.

SHA-1 of the subject in OpenSSL's canonical form: every string as UTF-8, in lower case
as far as it is ASCII, without white space at its ends and with single spaces between.
"""

from __future__ import annotations

import hashlib

from tlsmith.core import der
from tlsmith.errors import InputError

# The strings that are made canonical, of those a name may have, and how each has its
# characters. T61String is taken for Latin-1 there.
_ENCODINGS = {
    0x0C: "utf-8",
    0x13: "latin-1",  # PrintableString
    0x14: "latin-1",  # T61String
    0x16: "latin-1",  # IA5String
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
_SPACES = " \t\n\v\f\r"
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_VERSION = 0xA0
_FIELDS_BEFORE = 4  # serial number, signature, issuer, validity


def subject_hash(certificate: bytes) -> str:
    """Return the hash of a certificate's subject, eight hexadecimal digits.

    Args:
        certificate: DER.

    Raises:
        InputError: it is not a certificate.
    """
    canonical = b"".join(
        der.encode(der.SET, *sorted(_attribute(part) for part in der.children(name)))
        for name in (rdn.content for rdn in der.children(_subject(certificate)))
    )
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def _subject(certificate: bytes) -> bytes:
    body, _ = der.read(der.only(certificate, der.SEQUENCE).content)
    fields = [field for field in der.children(body.content) if field.tag != _VERSION]
    if len(fields) <= _FIELDS_BEFORE:
        raise InputError("not a certificate: there is no subject in it")
    return fields[_FIELDS_BEFORE].content


def _attribute(attribute: der.Element) -> bytes:
    kind, value = der.children(attribute.content)
    encoding = _ENCODINGS.get(value.tag)
    if encoding is None:
        return der.sequence(kind.whole, value.whole)
    try:
        text = value.content.decode(encoding, "surrogatepass")
    except UnicodeDecodeError as error:
        raise InputError(f"a name in it is not {encoding}") from error
    canonical = _canonical(text).encode("utf-8", "surrogatepass")
    return der.sequence(kind.whole, der.encode(der.UTF8_STRING, canonical))


def _canonical(text: str) -> str:
    for space in _SPACES[1:]:
        text = text.replace(space, " ")
    words = [word for word in text.split(" ") if word]
    return " ".join(words).translate(_LOWER)
