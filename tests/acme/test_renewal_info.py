"""Ids of certificates: RFC 9773's own, and those of certificates we issue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.acme.base64url import encode_base64url
from tlsmith.acme.renewal_info import CertID, encode_cert_id, parse_cert_id
from tlsmith.core import der
from tlsmith.errors import ACMEProblem

# RFC 9773 section 4.1.
IDENTIFIER = bytes.fromhex("69885b6b87464041e1b37b847ba0ae2cde01c8d4")
EXAMPLE = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


def test_the_example_of_the_rfc_is_read_and_written() -> None:
    certificate = CertID(IDENTIFIER, 0x87654321)
    assert parse_cert_id(EXAMPLE) == certificate
    assert encode_cert_id(certificate) == EXAMPLE


@given(st.binary(min_size=1, max_size=64), st.integers(1, 2**160 - 1))
def test_reading_undoes_writing(identifier: bytes, serial_number: int) -> None:
    text = encode_cert_id(CertID(identifier, serial_number))
    assert parse_cert_id(text) == CertID(identifier, serial_number)
    content = der.read(der.integer(serial_number))[0].content
    assert text.split(".")[1] == encode_base64url(content)


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "a", "aYhba4dGQEHhs3uEe6CuLN4ByNQ", f"{EXAMPLE}.AA"),
        *("aYhba4dGQEHhs3uEe6CuLN4ByNQ.", ".AIdlQyE", f"{EXAMPLE}=", f" {EXAMPLE}"),
        "aYhba4dGQEHhs3uEe6CuLN4ByNR.AIdlQyE",  # bits left over
        "aYhba4dGQEHhs3uEe6CuLN4ByNQ.h2VDIQ",  # negative
        "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AACHZUMh",  # more zeros than it needs
        "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AAE",  # a zero it does not need
        "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AA",  # zero
        "aYhba4dGQEHhs3uEe6CuLN4ByNQ.a+==",
        f"aYhba4dGQEHhs3uEe6CuLN4ByNQ.{encode_base64url(b'1' * 22)}",
        f"{encode_base64url(b'1' * 65)}.AIdlQyE",
        "\ud800.AIdlQyE",
        "a" * 100_000,
    ],
)
def test_every_other_way_is_malformed(text: str) -> None:
    with pytest.raises(ACMEProblem) as caught:
        parse_cert_id(text)
    assert (caught.value.type, caught.value.status) == ("malformed", 400)
    assert len(caught.value.message) < 300


@given(st.text("aA-_.Q=", max_size=12) | st.text(max_size=12))
def test_a_certificate_has_one_id(text: str) -> None:
    try:
        certificate = parse_cert_id(text)
    except ACMEProblem:
        return
    assert encode_cert_id(certificate) == text
