"""PEM (RFC 7468): base64 between a BEGIN and an END line."""

import binascii
import re
from collections.abc import Sequence
from functools import lru_cache

from tlsmith.errors import InputError

_COLUMNS = 64  # RFC 7468 section 2: exactly 64 but for the last line
_BEGIN = re.compile(rb"^-----BEGIN ([^\r\n]+?)-----[ \t]*\r?$", re.MULTILINE)


def encode_pem(label: str, der: bytes) -> bytes:
    """Return one PEM block, such as that of a "CERTIFICATE"."""
    packed = binascii.b2a_base64(der, newline=False)
    lines = [packed[at : at + _COLUMNS] for at in range(0, len(packed), _COLUMNS)]
    name = label.encode()
    begin, end = b"-----BEGIN %s-----" % name, b"-----END %s-----\n" % name
    return b"\n".join((begin, *lines, end))


def encode_chain(ders: Sequence[bytes]) -> bytes:
    """Return DER certificates as PEM blocks, one after another, with nothing between.

    Args:
        ders: end entity first, as RFC 8446 section 4.4.2 has it.
    """
    return _blocks(ders[:1]) + _above(tuple(ders[1:]))


def _blocks(ders: Sequence[bytes]) -> bytes:
    return b"".join(encode_pem("CERTIFICATE", der) for der in ders)


# What stands above an end entity thousands have in common.
_above = lru_cache(maxsize=64)(_blocks)


def split_pem(data: bytes) -> list[tuple[str, bytes]]:
    """Return the label and contents of every PEM block; text around them is passed by.

    The contents of a block with headers (RFC 1421) are what follows the headers.

    Raises:
        InputError: a block has no end, or is not base64.
    """
    blocks = []
    offset = 0
    while begin := _BEGIN.search(data, offset):
        name = begin[1]
        end = data.find(b"-----END " + name + b"-----", begin.end())
        line = data.count(b"\n", 0, begin.start()) + 1
        label = name.decode("latin-1")
        if end < 0:
            raise InputError(
                f"the {label} block at line {line} has no END line",
                hint="the file was cut short: get it again",
            )
        blocks.append((label, _decode(data[begin.end() : end], label, line)))
        offset = end
    return blocks


def _decode(text: bytes, label: str, line: int) -> bytes:
    if b":" in text:
        text = re.split(rb"\r?\n[ \t]*\r?\n", text.strip(), maxsplit=1)[-1]
    try:
        return binascii.a2b_base64(b"".join(text.split()), strict_mode=True)
    except binascii.Error as error:
        raise InputError(
            f"the {label} block at line {line} is not base64",
            hint="the file was changed or cut short: get it again",
        ) from error
