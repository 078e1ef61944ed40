"""What peers sent, as people are shown it."""

from __future__ import annotations

import errno
import os
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.validation.words import quoted, reason_of


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"plain text", '"plain text"'),
        (b'say "hi" \\', r'"say \x22hi\x22 \x5c"'),
        (b"\x1b[2J\r\n\x00\xff", r'"\x1b[2J\x0d\x0a\x00\xff"'),
        ("grüße", r'"gr\xc3\xbc\xc3\x9fe"'),
        (b"x" * 101, '"' + "x" * 100 + '"...'),
    ],
)
def test_text_is_shown_in_quotation_marks(data: bytes | str, shown: str) -> None:
    assert quoted(data) == shown


@given(st.binary(max_size=5000))
def test_what_is_shown_is_short_printable_and_on_one_line(data: bytes) -> None:
    shown = quoted(data)
    assert shown.isprintable()
    assert shown.isascii()
    assert len(shown) <= 4 * 100 + 5


def test_reasons_are_the_systems_in_lower_case() -> None:
    assert reason_of(OSError(errno.ECONNREFUSED, "Connection refused")) == (
        "connection refused"
    )
    assert reason_of(TimeoutError()) == "no answer"
    assert reason_of(OSError("Odd")) == "odd"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        # As asyncio raises them, by their class alone or with no more than a text.
        (ConnectionResetError(), os.strerror(errno.ECONNRESET).lower()),
        (ConnectionAbortedError(), os.strerror(errno.ECONNABORTED).lower()),
        (ConnectionRefusedError(), os.strerror(errno.ECONNREFUSED).lower()),
        (BrokenPipeError(), os.strerror(errno.EPIPE).lower()),
        (OSError(), "the system does not say why"),
        (ConnectionResetError("Gone in the Handshake"), "gone in the handshake"),
        # Numbers of TLS and of look-ups mean something else to the system.
        (ssl.SSLEOFError(8, "EOF in violation"), "eof in violation"),
        (socket.gaierror(socket.EAI_NONAME, "Not known"), "not known"),
    ],
)
def test_there_are_words_for_every_reason(error: OSError, words: str) -> None:
    assert reason_of(error) == words


def test_reasons_of_tls_are_without_the_line_of_a_c_file() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ssl.SSLError) as raised:
        context.wrap_bio(incoming, outgoing, server_hostname="a.test").do_handshake()
    assert reason_of(raised.value) == "wrong version number"
