"""Whatever bytes come, what reads them refuses in our words, or understands."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlsmith.errors import TLSmithError
from tlsmith.server.rest.decode import (
    check_content_type,
    convert,
    decode_body,
    decode_query,
)
from tlsmith.server.rest.messages import (
    AuditQuery,
    CertificateQuery,
    NewCertificate,
    NewCertificates,
    NewToken,
    Revocations,
    TimelineQuery,
)
from tlsmith.server.rest.once import parse_key
from tlsmith.server.rest.table import ENDPOINTS, Table

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
FIELDS = sorted(
    {
        field
        for one in ENDPOINTS
        for kind in (one.body, one.query)
        for field in getattr(kind, "__struct_encode_fields__", ())
    }
)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_query_or_refused(query: bytes) -> None:
    for kind in (CertificateQuery, AuditQuery, TimelineQuery):
        with suppress(TLSmithError):
            decode_query(kind, query)


@given(st.lists(st.tuples(st.sampled_from(FIELDS), st.text()), max_size=4))
@settings(max_examples=200)
def test_any_values_are_a_query_or_refused(pairs: list[tuple[str, str]]) -> None:
    from urllib.parse import urlencode

    query = urlencode(pairs, errors="surrogatepass").encode()
    for kind in (CertificateQuery, AuditQuery, TimelineQuery):
        with suppress(TLSmithError):
            decode_query(kind, query)


@given(st.binary(max_size=300) | VALUES.map(lambda one: json.dumps(one).encode()))
def test_any_bytes_are_a_body_or_refused(body: bytes) -> None:
    for kind in (NewCertificate, NewCertificates, NewToken, Revocations):
        with suppress(TLSmithError):
            decode_body(kind, body)


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5))
@settings(max_examples=200)
def test_what_a_body_holds_is_of_its_types_and_printable(
    values: dict[str, object],
) -> None:
    refusal, made = _refusal(json.dumps(values).encode())
    assert "\n" not in refusal
    assert len(refusal) < 600
    words = (made.profile, made.subject, made.issuer, *(made.names or ()))
    for text in filter(None, words):
        assert not {chr(code) for code in (*range(32), 127)} & set(text)


def _refusal(body: bytes) -> tuple[str, NewCertificate]:
    """What is said of a body, or what it is."""
    try:
        return "", decode_body(NewCertificate, body)
    except TLSmithError as error:
        return error.message, NewCertificate()


@given(st.binary(max_size=200), st.sampled_from(["GET", "POST", "PUT", "DELETE", "X"]))
def test_any_path_is_of_an_endpoint_or_refused(path: bytes, method: str) -> None:
    table = Table()
    for start in (b"/", b"/certificates/", b"/grants/", b"/tokens/", b""):
        with suppress(TLSmithError):
            endpoint, names = table.find(method, start + path)
            convert(endpoint.place, names)  # type: ignore[arg-type]


@given(st.binary(max_size=300))
def test_any_field_is_a_key_and_a_type_or_refused(field: bytes) -> None:
    with suppress(TLSmithError):
        assert parse_key(field).isprintable()
    with suppress(TLSmithError):
        check_content_type(field, "application/json")


@pytest.mark.parametrize(
    ("given", "key"), [(b'"a b"', "a b"), (b"abc", "abc"), (b' "x" ', "x")]
)
def test_a_key_is_read_with_quotes_or_without(given: bytes, key: str) -> None:
    assert parse_key(given) == key
