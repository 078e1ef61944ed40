from __future__ import annotations

import base64
import time

import pytest

from tlsmith.core.describe.base64text import decode_bare

DATA = bytes(range(256))


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(DATA),
        base64.encodebytes(DATA),
        b'"' + base64.b64encode(DATA) + b'"\n',
        b"  " + base64.b64encode(DATA).replace(b"A", b"A\r\n") + b"\n",
    ],
)
def test_base64_alone_is_decoded(text: bytes) -> None:
    assert decode_bare(text) == DATA


@pytest.mark.parametrize("text", [b"", b"short", b"x y: " + b"a" * 99, DATA])
def test_other_text_is_not(text: bytes) -> None:
    assert decode_bare(text) is None


def test_a_text_made_to_be_slow_is_not() -> None:
    start = time.process_time()
    assert decode_bare(b"A" + b" \n" * 1_000_000 + b"!") is None
    assert time.process_time() - start < 2
