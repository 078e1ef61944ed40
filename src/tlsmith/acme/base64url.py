"""Base64url without padding, in the one form there is of it (RFC 7515 section 2)."""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64

# To the standard alphabet; what must not be there becomes what is in no alphabet.
_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_PADDING = (b"", b"", b"==", b"=")
# The bits that are left over in the last character are zero (RFC 4648 section 3.5).
_LAST = (None, "", "AQgw", "AEIMQUYcgkosw048")


def decode_base64url(text: str) -> bytes:
    """Return what `text` encodes.

    Raises:
        ValueError: it has padding, blanks, other characters or left-over bits.
    """
    rest = len(text) & 3
    if rest and text[-1] not in _LAST[rest]:  # type: ignore[operator]
        raise ValueError("not base64url: cut short, or bits left over at its end")
    try:
        data = text.encode("ascii").translate(_STANDARD) + _PADDING[rest]
        return a2b_base64(data, strict_mode=True)
    except (Error, UnicodeEncodeError):
        raise ValueError("not base64url without padding") from None


def encode_base64url(data: bytes) -> str:
    text = b2a_base64(data, newline=False).translate(_URL_SAFE, b"=")
    return text.decode("ascii")
