"""PEM: base64 between two lines, as the library writes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains import family
from tlsmith.core.formats import encode_chain, encode_pem, split_pem
from tlsmith.errors import InputError

labels = st.sampled_from(["CERTIFICATE", "PRIVATE KEY", "X509 CRL", "PKCS7"])


@given(st.lists(st.tuples(labels, st.binary(max_size=300)), max_size=4))
def test_splitting_undoes_encoding(blocks: list[tuple[str, bytes]]) -> None:
    assert split_pem(b"".join(encode_pem(*block) for block in blocks)) == blocks


def test_certificates_are_written_as_the_library_writes_them() -> None:
    one = family()
    assert encode_chain(one.ders) == one.pem


@given(st.binary(min_size=1, max_size=300))
def test_every_line_but_the_last_has_64_columns(data: bytes) -> None:
    lines = encode_pem("CERTIFICATE", data).splitlines()[1:-1]
    assert all(len(line) == 64 for line in lines[:-1])
    assert 0 < len(lines[-1]) <= 64


def test_text_around_blocks_and_other_line_ends_do_no_harm() -> None:
    pem = family().leaf.pem
    spoilt = b"subject=CN = a\n" + pem.replace(b"\n", b" \r\n") + b"--- the end ---\n"
    assert split_pem(spoilt) == [("CERTIFICATE", family().leaf.der)]


def test_headers_are_not_part_of_the_contents() -> None:
    body = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAEC\n"
    block = b"-----BEGIN X-----\n" + body + b"-----END X-----\n"
    assert split_pem(block) == [("X", b"\x00\x01\x02")]


def test_a_block_without_an_end_names_its_line() -> None:
    with pytest.raises(InputError, match="CERTIFICATE block at line 2 has no END"):
        split_pem(b"\n" + family().leaf.pem[:200])


def test_a_block_that_is_not_base64_names_its_line() -> None:
    pem = bytearray(family().leaf.pem)
    pem[100:101] = b"!"
    with pytest.raises(InputError, match="CERTIFICATE block at line 1 is not base64"):
        split_pem(bytes(pem))
