from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains import request
from core.describe.forge import codes, leaf, look, with_extension
from core.describe.rich import rich_certificate
from core.describe.samples import (
    OPENSSH,
    PEOPLE,
    SECRET,
    encrypted,
    every_der,
    ocsp_response,
    p12,
    pem_of,
    private,
    public,
)
from core.describe.strict import refuses
from core.describe.test_keystore import store, trusted
from core.describe.test_request import REQUESTED
from core.describe.test_request import made as request_with
from core.describe.test_revocation import entry, reason
from core.describe.test_revocation import made as list_with
from strategies import NOW, key_of_kind, mangled
from tlsmith.core.describe import describe as module
from tlsmith.core.describe.describe import describe_found
from tlsmith.core.describe.described import Context
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.recognise import MOST_OBJECTS
from tlsmith.errors import InputError

EVERY = every_der()
P256 = key_of_kind("p256")


def rich_list() -> bytes:
    return list_with(entry(1), entry(2, reason(1)))


def samples() -> list[bytes]:
    """Return one input of every kind and form, for the fuzz."""
    key = key_of_kind("ed25519")
    return [
        *EVERY.values(),
        rich_certificate(),
        rich_list(),
        PEOPLE.pem + PEOPLE.leaf.key_pem,
        p12(None),
        p12(b"changeit"),
        private(key, OPENSSH),
        public(key),
        encrypted(key_of_kind("rsa2048"), pem=True),
        store(trusted("root", PEOPLE.root.der)),
        pem_of(request(P256), "CERTIFICATE REQUEST"),
    ]


SAMPLES = samples()


def mangled_twice(data: bytes) -> st.SearchStrategy[bytes]:
    return mangled(data).flatmap(lambda once: mangled(once) if once else st.just(once))


@given(st.data(), st.integers(0, len(SAMPLES) - 1))
def test_whatever_is_broken_is_described_or_refused(
    draw: st.DataObject, index: int
) -> None:
    data = draw.draw(mangled_twice(SAMPLES[index]))
    try:
        json.dumps(look(data, passphrases=[SECRET]).facts())
    except InputError as error:
        refusal = error
    else:
        return
    assert refusal.hint


@given(st.binary(max_size=500) | st.text().map(str.encode))
def test_any_octets_are_described_or_refused(data: bytes) -> None:
    try:
        look(data)
    except InputError as error:
        refusal = error
    else:
        return
    assert refusal.code in ("unknown-input", "empty-input")


STRICT = {
    "certificate": [rich_certificate(), leaf(), PEOPLE.leaf.der],
    "certificate-signing-request": [request_with(REQUESTED), request(P256)],
    "certificate-revocation-list": [rich_list()],
    "ocsp-response": [ocsp_response(), ocsp_response(by_name=True)],
}


@pytest.mark.parametrize("kind", [*STRICT])
@given(st.data())
def test_what_the_library_refuses_is_found_fault_with(
    kind: str, draw: st.DataObject
) -> None:
    """Ours reads on where a strict reader stops, and may not be kinder for that."""
    whole = STRICT[kind][draw.draw(st.integers(0, len(STRICT[kind]) - 1))]
    data = draw.draw(mangled(whole))
    report = describe_found([Found(kind, "der", data)], Context(NOW))
    if refuses(kind, data):
        assert codes(report, "problem") + codes(report, "warning")


@pytest.mark.parametrize("kind", [*STRICT])
def test_the_strict_reader_reads_what_is_whole(kind: str) -> None:
    for data in STRICT[kind]:
        assert refuses(kind, data) is None
        assert refuses(kind, data[:-1])


def test_what_is_whole_and_rich_has_no_fault_of_form() -> None:
    report = look(rich_certificate())
    assert codes(report, "problem") == []
    assert report.facts()["objects"][0]["netscape_comment"] == "comment"


def test_an_extension_without_a_name_is_listed_only() -> None:
    found = look(with_extension("1.2.3.4", b"x")).facts()["objects"][0]
    assert "1.2.3.4" not in found
    assert any(one["name"] == "1.2.3.4" for one in found["extensions"])


def test_there_is_an_end_to_how_many_objects_are_shown() -> None:
    block = pem_of(public(key_of_kind("ed25519")), "PUBLIC KEY")
    report = look(block * (MOST_OBJECTS + 1))
    assert len(report.objects) == MOST_OBJECTS
    assert codes(report) == ["too-many-objects"]


def test_a_large_bundle_is_described_in_good_time() -> None:
    start = time.process_time()
    report = look(PEOPLE.pem * 50)
    assert len(report.objects) == 150
    assert time.process_time() - start < 3


BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


@pytest.mark.skipif(not BUNDLE.exists(), reason="no bundle of this system")
def test_every_root_of_this_system_is_read() -> None:
    start = time.process_time()
    report = look(BUNDLE.read_bytes())
    assert time.process_time() - start < 3
    form = {"truncated", "unexpected-type", "missing-field", "unexpected-element"}
    assert not form & {*codes(report)}
    assert all(one.certificate for one in report.objects)
    assert {one.facts["signature"] for one in report.objects} == {"good"}


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(InputError):
        look(b"")
    assert module.recognise_known(leaf())[0].kind == "certificate"
