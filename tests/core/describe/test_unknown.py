from __future__ import annotations

import pytest

from core.describe.forge import look
from core.describe.samples import pem_of
from tlsmith.core import der
from tlsmith.errors import InputError


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the input is empty"),
        (b" \n\t", "the input is blank"),
        (b"just words", "in 10 bytes of text"),
        (bytes(range(1, 200)), "in 199 bytes of binary data"),
        (bytes(300), "a binary file"),
        (b"PK\x03\x04" + b"x" * 50, "a ZIP or JAR file"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (b"\x7fELF\x02", "a program"),
        (b"  <!DOCTYPE html>", "an HTML page"),
        (b"<HTML>", "an HTML page"),
        (b"%PDF-1.7", "a PDF file"),
        (b"Certificate:\n    Data:\n        Version: 3", "what openssl printed"),
        (b"PuTTY-User-Key-File-3: ssh-ed25519", "a PuTTY key"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x30\x82\x01\x00" + b"x" * 20, "DER that is broken"),
        (der.sequence(der.object_identifier("1.2.3")), "DER of a kind we do not know"),
        (pem_of(b"x", "ODD THING"), "PEM of a kind we do not know: ODD THING"),
    ],
)
def test_what_holds_nothing_we_know_is_named(data: bytes, words: str) -> None:
    with pytest.raises(InputError) as caught:
        look(data)
    assert words in caught.value.message
    assert caught.value.hint
    assert caught.value.code in ("unknown-input", "empty-input")
