from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.describe.forge import codes, leaf
from tlsmith.core.describe.armour import decode_packed, scan_pem
from tlsmith.core.describe.found import Found

DER = leaf()
TEXT = base64.encodebytes(DER)


def pem(label: str = "CERTIFICATE", text: bytes = TEXT) -> bytes:
    name = label.encode()
    return b"-----BEGIN " + name + b"-----\n" + text + b"-----END " + name + b"-----\n"


def only(data: bytes) -> Found:
    (found,) = scan_pem(data)
    return found


def test_a_block_is_read_with_its_label_and_place() -> None:
    found = only(b"# text\nsubject: x\n" + pem())
    assert (found.kind, found.form, found.encoding) == ("certificate", "der", "pem")
    assert (found.content, found.label, found.offset) == (DER, "CERTIFICATE", 18)
    assert found.block.startswith(b"-----BEGIN")
    assert not found.findings


@pytest.mark.parametrize(
    "data",
    [
        pem().replace(b"\n", b"\r\n"),
        pem().replace(b"\n", b"\r"),
        pem().replace(b"\n", b"\n    "),
        pem().replace(b"\n", b"  \n"),
        b"Bag Attributes\n    friendlyName: x\nsubject=CN = x\n" + pem(),
        pem(text=base64.b64encode(DER) + b"\n"),
        pem(text=b"\n\n" + TEXT + b"\n"),
    ],
)
def test_blanks_and_text_around_a_block_are_no_fault(data: bytes) -> None:
    found = only(data)
    assert found.content == DER
    assert not found.findings


def test_blocks_one_behind_another_are_all_read() -> None:
    assert [one.content for one in scan_pem(pem() * 3)] == [DER] * 3
    assert [one.content for one in scan_pem(pem().rstrip() + pem())] == [DER] * 2


def test_without_a_begin_line_there_is_no_block() -> None:
    assert scan_pem(b"") == []
    assert scan_pem(b"BEGIN CERTIFICATE") == []
    assert scan_pem(b"-----END CERTIFICATE----- BEGIN") == []


def test_a_block_without_its_end_is_read_and_told_of() -> None:
    cut = pem()[:300]
    found = only(cut)
    assert DER.startswith(found.content)
    assert "missing-end" in codes(found.findings)
    assert found.block == b""
    first, second = scan_pem(b"\n\n" + cut + b"\n" + pem())
    assert "line 3: the block has no END" in first.findings[0].message
    assert second.content == DER


def test_another_label_at_the_end_is_told_of() -> None:
    data = pem().replace(b"END CERTIFICATE", b"END X509 CRL")
    assert codes(only(data).findings) == ["label-mismatch"]


@pytest.mark.parametrize(
    "begin",
    [b"----BEGIN CERTIFICATE----", b"-----BEGIN Certificate-----", b"--BEGIN X--"],
)
def test_a_boundary_that_is_not_exact_is_told_of(begin: bytes) -> None:
    data = pem().replace(b"-----BEGIN CERTIFICATE-----", begin)
    found = only(data)
    assert found.content == DER
    assert "bad-boundary" in codes(found.findings)


def test_the_boundary_of_an_ssh_key_is_as_it_should_be() -> None:
    data = (
        b"---- BEGIN SSH2 PUBLIC KEY ----\nComment: me\nAAAA\n"
        b"---- END SSH2 PUBLIC KEY ----\n"
    )
    found = only(data)
    assert (found.kind, found.form) == ("public-key", "ssh2")
    assert not found.findings


def test_line_ends_that_are_written_out_are_understood() -> None:
    for written in (b"\\n", b"\\r\\n"):
        found = only(b'KEY="' + pem().replace(b"\n", written) + b'"\n')
        assert found.content == DER
        assert codes(found.findings) == ["escaped-newlines"]


def test_a_character_that_is_none_of_base64_is_told_of_with_its_line() -> None:
    lines = TEXT.splitlines(keepends=True)
    text = b"".join([*lines[:2], b"\xe9" + lines[2], *lines[3:]])
    found = only(b"\n" + pem(text=text))
    assert codes(found.findings) == ["bad-base64"]
    assert found.findings[0].message == "line 5: '\\xe9' is no character of base64"
    assert DER.startswith(found.content)
    assert len(found.content) > 50


def test_an_empty_block_is_told_of() -> None:
    assert codes(only(pem(text=b"\n")).findings) == ["empty-block"]
    assert codes(only(pem(text=b"")).findings) == ["empty-block"]


@pytest.mark.parametrize(
    ("packed", "content", "fault"),
    [
        (b"", b"", None),
        (b"YWJj", b"abc", None),
        (b"YWI=", b"ab", None),
        (b"YQ==", b"a", None),
        (b"YWI", b"ab", "lacks its padding"),
        (b"YQ=", b"a", "lacks its padding"),
        (b"YWJjY", b"abc", "one is missing"),
        (b"YQ==YQ==", b"a", "goes on behind its padding, after 2"),
    ],
)
def test_base64_is_decoded_as_far_as_it_goes(
    packed: bytes, content: bytes, fault: str | None
) -> None:
    found, told = decode_packed(packed)
    assert found == content
    assert (fault in told) if fault and told else (told is None)


def test_padding_that_is_wrong_is_told_of_with_its_block() -> None:
    found = only(pem(text=b"YQ==YQ==\n"))
    assert codes(found.findings) == ["bad-base64"]
    assert found.findings[0].message.startswith("line 1: ")


def test_headers_are_read_and_kept_apart() -> None:
    headers = (
        b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,\n  00112233\nX-Odd: \xff\n\n"
    )
    found = only(pem("RSA PRIVATE KEY", headers + TEXT))
    assert found.headers == (
        ("Proc-Type", "4,ENCRYPTED"),
        ("DEK-Info", "AES-128-CBC,00112233"),
        ("X-Odd", "�"),
    )
    assert (found.kind, found.form) == ("private-key", "encrypted-pem")
    assert found.content == DER


def test_headers_without_a_body_leave_nothing() -> None:
    found = only(pem("RSA PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED\n"))
    assert found.content == b""
    assert codes(found.findings) == ["empty-block"]


@given(st.text(st.sampled_from("-BEGIND X\n=:aA+\\é\0"), max_size=300))
def test_any_text_is_scanned(text: str) -> None:
    for found in scan_pem(text.encode()):
        assert found.encoding == "pem"


@pytest.mark.parametrize(
    "data",
    [
        b"-" * 2_000_000 + b" BEGIN",
        b"-----BEGIN " * 200_000,
        b"-- BEGIN" + b" " * 2_000_000,
        (b"-----BEGIN A-----" + b"A" * 8) * 50_000,
    ],
)
def test_a_text_made_to_be_slow_is_not(data: bytes) -> None:
    start = time.process_time()
    scan_pem(data)
    assert time.process_time() - start < 5
