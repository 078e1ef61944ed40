from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.describe.forge import codes
from core.describe.samples import (
    OPENSSH,
    PEOPLE,
    every_der,
    p12,
    pem_of,
    private,
    public,
    ssh_blob,
)
from strategies import key_of_kind
from tlsmith.core import der
from tlsmith.core.describe import recognise as module
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.recognise import MOST_OBJECTS, recognise

EVERY = every_der()
LEAF, ROOT = PEOPLE.leaf, PEOPLE.root


def only(data: bytes) -> Found:
    (found,) = recognise(data)
    return found


@pytest.mark.parametrize("expected", [*EVERY], ids=" ".join)
def test_der_is_recognised_bare_and_in_base64(expected: tuple[str, str]) -> None:
    data = EVERY[expected]
    found = only(data)
    assert (found.kind, found.form) == expected
    assert (found.content, found.encoding, found.offset) == (data, "der", 0)
    assert not found.findings
    found = only(base64.b64encode(data))
    assert (found.kind, found.form) == expected
    assert codes(found.findings) == ["bare-base64"]


def test_der_one_behind_another_is_told_apart() -> None:
    key = EVERY["private-key", "pkcs8"]
    found = recognise(LEAF.der + key + ROOT.der)
    assert [one.content for one in found] == [LEAF.der, key, ROOT.der]
    assert [one.offset for one in found] == [0, len(LEAF.der), len(LEAF.der + key)]


@pytest.mark.parametrize(
    ("behind", "code", "words"),
    [
        (b"\n", "trailing-newline", "1 byte of line end"),
        (b"\r\n", "trailing-newline", "2 bytes of line end"),
        (b"x", "trailing-data", "1 byte after the end"),
        (b"hello", "trailing-data", "5 bytes after the end"),
    ],
)
def test_what_is_behind_der_is_told_of(behind: bytes, code: str, words: str) -> None:
    found = only(LEAF.der + behind)
    assert found.content == LEAF.der
    assert codes(found.findings) == [code]
    assert words in found.findings[0].message


def test_der_that_ends_inside_a_second_header_is_one_object_and_more() -> None:
    found = only(LEAF.der + b"\x30")
    assert codes(found.findings) == ["trailing-data"]


def test_der_that_is_cut_is_recognised() -> None:
    found = only(LEAF.der[:200])
    assert (found.kind, found.content) == ("certificate", LEAF.der[:200])


def test_pem_and_text_are_read_in_the_order_they_stand() -> None:
    ssh = b"ssh-ed25519 " + base64.b64encode(ssh_blob(key_of_kind("ed25519"))) + b" me"
    found = recognise(b"text\n" + LEAF.pem + ssh + b"\n" + LEAF.key_pem)
    assert [(one.kind, one.form) for one in found] == [
        ("certificate", "der"),
        ("public-key", "openssh"),
        ("private-key", "pkcs8"),
    ]


def test_an_openssh_private_key_is_recognised() -> None:
    found = only(private(key_of_kind("ed25519"), OPENSSH))
    assert (found.kind, found.form) == ("private-key", "openssh")


def secret(**data: bytes) -> str:
    lines = "".join(
        f"  {key.replace('_', '.')}: {base64.b64encode(value).decode()}\n"
        for key, value in data.items()
    )
    return f"kind: Secret\nmetadata:\n  name: x\ndata:\n{lines}"


def test_the_entries_of_a_secret_are_recognised() -> None:
    text = secret(tls_crt=LEAF.pem + ROOT.pem, tls_key=LEAF.key_pem, other=b"words")
    found = recognise(text.encode())
    assert [(one.kind, one.entry) for one in found] == [
        ("certificate", "tls.crt"),
        ("certificate", "tls.crt"),
        ("private-key", "tls.key"),
    ]
    store = secret(keystore_p12=p12(b"changeit"))
    assert only(store.encode()).kind == "pkcs12"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("data:\n  tls.crt: '%%%'\nkind: Secret\n", "bad-base64", "'%' is no"),
        ("data:\n  x: YWJjY\nkind: Secret\n", "bad-base64", "'x': base64 of 5"),
        (secret(tls_crt=b"words"), "nothing-known", "holds no certificate"),
    ],
)
def test_an_entry_that_is_broken_is_told_of(text: str, code: str, words: str) -> None:
    found = only(text.encode())
    assert (found.kind, found.form) == ("unknown", "entry")
    assert codes(found.findings) == [code]
    assert words in found.findings[0].message


def test_the_value_of_a_secret_alone_is_recognised() -> None:
    found = only(base64.b64encode(LEAF.pem))
    assert (found.kind, found.encoding) == ("certificate", "pem")
    assert codes(found.findings) == ["bare-base64"]


def test_a_secret_in_json_is_recognised() -> None:
    data = {"tls.crt": base64.b64encode(LEAF.pem).decode()}
    found = only(json.dumps({"kind": "Secret", "data": data}).encode())
    assert (found.kind, found.entry) == ("certificate", "tls.crt")


def test_base64_in_base64_is_followed_a_little() -> None:
    data = LEAF.der
    for _ in range(module.DEEPEST):
        data = base64.b64encode(data)
    assert only(data).kind == "certificate"
    assert recognise(base64.b64encode(data)) == []


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf"])
def test_a_byte_order_mark_is_taken_off(mark: bytes) -> None:
    found = only(mark + LEAF.pem)
    assert found.content == LEAF.der
    assert codes(found.findings) == ["byte-order-mark"]


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_and_told_of(name: str) -> None:
    found = only(("\ufeff" + LEAF.pem.decode()).encode(name))
    assert found.content == LEAF.der
    assert codes(found.findings) == ["utf-16"]
    assert recognise("\ufeffwords".encode(name)) == []


@pytest.mark.parametrize(
    ("magic", "form"), [(b"\xfe\xed\xfe\xed", "jks"), (b"\xce\xce\xce\xce", "jceks")]
)
def test_java_keystores_are_known_by_their_magic(magic: bytes, form: str) -> None:
    found = only(magic + b"whatever")
    assert (found.kind, found.form, found.encoding) == ("java-keystore", form, "binary")


def test_der_of_no_kind_we_know_is_unknown() -> None:
    data = der.sequence(der.object_identifier("1.2.3"))
    assert (only(data).kind, only(data).content) == ("unknown", data)


@pytest.mark.parametrize("data", [b"", b"\n", b"0", b"0 text", b"words", bytes(64)])
def test_what_is_nothing_we_know_is_empty(data: bytes) -> None:
    assert recognise(data) == []


def test_there_is_an_end_to_how_many_are_read() -> None:
    small = public(key_of_kind("ed25519"))
    assert len(recognise(small * (MOST_OBJECTS + 5))) == MOST_OBJECTS
    block = pem_of(small, "PUBLIC KEY")
    assert len(recognise(block * (MOST_OBJECTS + 5))) == MOST_OBJECTS


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_octets_are_looked_at(data: bytes) -> None:
    for found in recognise(data):
        assert found.kind
