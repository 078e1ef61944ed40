"""What to say of an input that holds nothing we know."""

from __future__ import annotations

from collections.abc import Sequence

from tlsmith.core.describe.found import Found
from tlsmith.core.describe.plain import bytes_text, safe
from tlsmith.errors import InputError

_HINT = (
    "give a certificate, key, request, revocation list, OCSP message, PKCS#7, PKCS#12 "
    "or Java keystore, as PEM or DER"
)
# What the first octets give away: (they start with, name, hint).
_SIGNS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a ZIP or JAR file", "unpack it first"),
    (b"\x1f\x8b", "a gzip file", "unpack it first, with gunzip"),
    (b"\x7fELF", "a program", _HINT),
    (b"%PDF", "a PDF file", _HINT),
    (b"<!doctype html", "an HTML page", "perhaps the download gave an error page"),
    (b"<html", "an HTML page", "perhaps the download gave an error page"),
    (b"<?xml", "an XML file", _HINT),
    (b"puttY-user-key".lower(), "a PuTTY key", "puttygen exports it as OpenSSH or PEM"),
    (
        b"certificate:\n    data:",
        "what openssl printed about a certificate, without the certificate itself",
        "give the PEM or DER file that it was printed from",
    ),
    (b"SQLite format 3".lower(), "an SQLite database", "NSS: certutil -L -d DIR"),
    (b"\xed\xab\xee\xdb", "an RPM package", _HINT),
    (b"\x00\x00\x00", "a binary file", _HINT),
)


def nothing_known(data: bytes, found: Sequence[Found]) -> InputError:
    """Return the error to raise for an input without an object of a known kind."""
    labels = [one.label for one in found if one.label]
    if labels:
        shown = ", ".join(dict.fromkeys(safe(label) for label in labels[:5]))
        return InputError(
            f"PEM of a kind we do not know: {shown}", code="unknown-input", hint=_HINT
        )
    if found:
        return InputError(
            f"DER of a kind we do not know, {bytes_text(len(data))}",
            code="unknown-input",
            hint=f"openssl asn1parse -inform DER shows its parts; {_HINT}",
        )
    if not data.strip():
        what = "empty" if not data else "blank"
        return InputError(f"the input is {what}", code="empty-input", hint=_HINT)
    return _guess(data)


def _guess(data: bytes) -> InputError:
    start = data[:64].lower().lstrip()
    for sign, name, hint in _SIGNS:
        if start.startswith(sign.lower()):
            return InputError(f"this is {name}", code="unknown-input", hint=hint)
    size = bytes_text(len(data))
    if data[:2] in (b"\x30\x80", b"\x30\x81", b"\x30\x82", b"\x30\x83", b"\x30\x84"):
        message = f"DER that is broken, or of a kind we do not know, {size}"
        return InputError(message, code="unknown-input", hint=_HINT)
    noise = sum(octet < 9 or 13 < octet < 32 for octet in data[:512])
    kind = "binary data" if noise else "text"
    message = f"no certificate, key or the like in {size} of {kind}"
    return InputError(message, code="unknown-input", hint=_HINT)
