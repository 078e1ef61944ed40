"""Signed requests: what RFC 8555 section 6.2 asks, and all that is not that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import import_key

from acme_signing import ALGORITHMS, KID, NONCE, URL, Client, client, flattened, outcome
from tlsmith.acme.base64url import decode_base64url, encode_base64url
from tlsmith.acme.jwk import parse_jwk, read_jwk
from tlsmith.acme.jws import (
    ProtectedHeader,
    check_algorithm,
    parse_inner_jws,
    parse_jws,
    verify_jws,
)
from tlsmith.acme.problems import encode_problem
from tlsmith.errors import ACMEProblem

# RFC 7515 appendix A.3.
RFC_7515 = {
    "protected": "eyJhbGciOiJFUzI1NiJ9",
    "payload": "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
    "signature": "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQ"
    "xfKTUJqPP3-Kg6NU1Q",
}
RFC_7515_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}


def refusal(body: bytes, type: str = "malformed") -> str:
    with pytest.raises(ACMEProblem) as caught:
        parse_jws(body)
    assert (caught.value.type, caught.value.status) == (type, 400)
    return caught.value.message


def changed(body: bytes, **members: Any) -> bytes:
    """The request with other members; those that are None are taken out."""
    made = {**json.loads(body), **members}
    return json.dumps({k: v for k, v in made.items() if v is not None}).encode()


def with_header(header: bytes) -> bytes:
    """A request whose protected header is these bytes."""
    return flattened(header, b"{}", client().signature)


# What is taken ---------------------------------------------------------------------


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_request_says_what_was_signed(alg: str) -> None:
    signed = parse_jws(client(alg).sign({"a": 1}))
    assert signed.header == ProtectedHeader(alg, NONCE, URL, None, KID)
    assert json.loads(signed.payload) == {"a": 1}
    verify_jws(signed, client(alg).account_key)


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")
def test_what_another_implementation_signs_is_taken(alg: str) -> None:
    key = import_key(client(alg).jwk | private_members(client(alg)))  # type: ignore[arg-type]
    header = client(alg).header(kid=None, jwk=client(alg).jwk)
    made = joserfc_jws.serialize_json(
        {"protected": header}, b'{"contact":[]}', key, registry=theirs(alg)
    )
    signed = parse_jws(json.dumps(made).encode())
    assert signed.header.jwk is not None
    verify_jws(signed, parse_jwk(signed.header.jwk))
    assert signed.payload == b'{"contact":[]}'


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")
def test_another_implementation_takes_what_the_tests_sign(alg: str) -> None:
    """So that what is refused below is refused for its own reason."""
    body = json.loads(client(alg).sign({"a": 1}))
    key = import_key(client(alg).jwk)  # type: ignore[arg-type]
    found = joserfc_jws.deserialize_json(body, key, registry=theirs(alg))
    assert found.payload == b'{"a": 1}'


def theirs(alg: str) -> joserfc_jws.JWSRegistry:
    """What makes it let through the members that ACME adds."""
    return joserfc_jws.JWSRegistry(algorithms=[alg], strict_check_header=False)


def private_members(signer: Client) -> dict[str, str]:
    """What makes a JWK a private one."""
    numbers = signer.key.private_bytes_raw() if signer.alg.startswith("Ed") else None
    if numbers is not None:
        return {"d": encode_base64url(numbers)}
    private = signer.key.private_numbers()
    if signer.alg.startswith("ES"):
        size = (signer.key.curve.key_size + 7) // 8
        return {"d": encode_base64url(private.private_value.to_bytes(size, "big"))}
    parts = {"d": private.d, "p": private.p, "q": private.q}
    parts |= {"dp": private.dmp1, "dq": private.dmq1, "qi": private.iqmp}
    return {
        name: encode_base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))
        for name, value in parts.items()
    }


def test_the_example_of_the_rfc_verifies() -> None:
    header = encode_base64url(b'{"alg":"ES256"}')
    assert header == RFC_7515["protected"]
    # It has no url, which ours have to have; what is signed is the RFC's.
    signed = parse_inner_jws(client().sign({}, alg="ES256"))._replace(
        signing_input=f"{header}.{RFC_7515['payload']}".encode(),
        signature=decode_base64url(RFC_7515["signature"]),
    )
    verify_jws(signed, read_jwk(RFC_7515_KEY))


def test_a_post_as_get_has_a_payload_of_nothing() -> None:
    """RFC 8555 section 6.3: not an empty object."""
    assert parse_jws(client().sign()).payload == b""
    assert parse_jws(client().sign({})).payload == b"{}"


def test_a_key_comes_with_the_request_where_there_is_no_account_yet() -> None:
    signed = parse_jws(client().sign({}, kid=None, jwk=client().jwk))
    assert (signed.header.kid, signed.header.jwk) == (None, client().jwk)


def test_blanks_escapes_and_unknown_members_do_not_matter() -> None:
    """RFC 7515 sections 4 and 7.2: what is not understood is ignored."""
    body = json.loads(client().sign({}, extra={"deep": ["x"]}, typ="JOSE", x5u="http:"))
    spaced = json.dumps({**body, "more": {"a": 1}}, indent=4).encode() + b"\n"
    escaped = spaced.replace(b"protected", b"prot\\u0065cted")
    for each in (spaced, escaped):
        verify_jws(parse_jws(each), client().account_key)


# What is not -----------------------------------------------------------------------


@pytest.mark.parametrize("member", ["protected", "payload", "signature"])
def test_all_three_members_are_strings_in_strict_base64url(member: str) -> None:
    body = client().sign({"a": "some"})
    text = json.loads(body)[member]
    for wrong in (None, 1, [text], {"a": text}, True):
        assert member in refusal(changed(body, **{member: wrong}))
    for wrong in (f"{text}=", f" {text}", f"{text}\n", "+/", "A", f"{text[:-1]}ü"):
        assert refusal(changed(body, **{member: wrong})).startswith(member)
    assert refusal(body.replace(b'"%s": "' % member.encode(), b'"%s": null, "'))


def test_there_is_no_unprotected_header_and_one_signature() -> None:
    """RFC 8555 section 6.2."""
    body = client().sign({})
    for header in ({}, {"alg": "none"}, "x", 1):
        assert refusal(changed(body, header=header)).startswith("header")
    for signatures in ([], [json.loads(body)]):
        assert refusal(changed(body, signatures=signatures)).startswith("signatures")
    compact = ".".join(json.loads(body).values())
    assert refusal(compact.encode())
    general = {"payload": "", "signatures": [{"protected": "", "signature": ""}]}
    assert refusal(json.dumps(general).encode())


@pytest.mark.parametrize(
    "alg", ["none", "None", "HS256", "HS512", "ES256K", "RS1", "es256", "", "x" * 9000]
)
def test_what_is_no_signature_is_refused_with_a_list(alg: str) -> None:
    """RFC 8555 section 6.2: neither "none" nor a MAC."""
    with pytest.raises(ACMEProblem) as caught:
        parse_jws(client().sign({}, alg=alg))
    problem = caught.value
    assert (problem.type, problem.status) == ("badSignatureAlgorithm", 400)
    assert problem.fields == {"algorithms": ALGORITHMS}
    assert len(problem.message) < 300
    inner = parse_inner_jws(client().sign({}, alg=alg))
    with pytest.raises(ACMEProblem):
        verify_jws(inner, client().account_key)
    with pytest.raises(ACMEProblem):
        check_algorithm(alg)


@pytest.mark.parametrize("alg", [None, 1, ["ES256"], {}])
def test_an_algorithm_is_named(alg: object) -> None:
    header = {k: v for k, v in client().header().items() if k != "alg"}
    if alg is not None:
        header["alg"] = alg
    assert "alg" in refusal(with_header(json.dumps(header).encode()))


def test_either_a_key_or_an_account_is_named() -> None:
    """RFC 8555 section 6.2."""
    assert "both" in refusal(client().sign({}, jwk=client().jwk))
    assert "neither" in refusal(client().sign({}, kid=None))
    assert "both" in refusal(client().sign({}, kid="", jwk={}))
    for wrong in (1, [], {}):
        assert "kid" in refusal(client().sign({}, kid=wrong))
    for wrong in (1, [], "x"):
        assert "jwk" in refusal(client().sign({}, kid=None, jwk=wrong))


def test_a_nonce_is_there_and_base64url() -> None:
    """RFC 8555 sections 6.5 and 6.5.2."""
    refusal(client().sign({}, nonce=None), "badNonce")
    refusal(client().sign({}, nonce=""), "badNonce")
    for wrong in ("a=", "a+b", "a b", "a\n", "ä", "a.b", "\0"):
        assert "nonce" in refusal(client().sign({}, nonce=wrong))
    assert "nonce" in refusal(client().sign({}, nonce=1))


def test_a_url_is_there() -> None:
    """RFC 8555 section 6.4.1; whether it is the right one the server knows."""
    assert "url" in refusal(client().sign({}, url=None))
    assert "url" in refusal(client().sign({}, url=["x"]))


def test_no_extension_of_the_header_is_understood() -> None:
    """RFC 7515 section 4.1.11, RFC 7797 section 6."""
    for crit in (["b64"], [], "x"):
        assert refusal(client().sign({}, crit=crit)).startswith("crit")
    for b64 in (True, False):
        assert refusal(client().sign({}, b64=b64)).startswith("b64")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"alg"', b'"alg": "ES256", "alg"'),
        (b'"alg"', b'"\\u0061lg": "none", "alg"'),
        (b'"nonce"', b'"x": {"a": 1, "a": 2}, "nonce"'),
        (b'"kid"', b'"kid": 1, "kid"'),
        (b'"url"', b'"url": {}, "url"'),
    ],
)
def test_no_member_of_the_protected_header_comes_twice(old: bytes, new: bytes) -> None:
    """RFC 7515 section 4: readers would differ in what is signed."""
    header = json.dumps(client().header()).encode()
    assert refusal(with_header(header.replace(old, new, 1)))


@pytest.mark.parametrize(
    "more", [b'"payload": "e30", ', b'"p\\u0061yload": "e30", ', b'"x": 1, "x": 1, ']
)
def test_no_member_of_the_request_comes_twice(more: bytes) -> None:
    body = client().sign({})
    assert "twice" in refusal(b"{" + more + body[1:])


def test_no_member_of_the_key_comes_twice() -> None:
    header = json.dumps(client().header(kid=None, jwk=client().jwk)).encode()
    doubled = header.replace(b'"kty"', b'"kty": "oct", "kty"')
    assert "twice" in refusal(with_header(doubled))


DEEP = 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'""',
        b"{}",
        b"\xff",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"[" * DEEP,
        b'{"x":' * DEEP,
        b'{"protected":' + b"[" * DEEP,
        b'{"protected":"e30","payload":"","signature":"","x":' + b"[" * DEEP,
        b'{"protected":"e30","payload":"","signature":"","x":"\xff"}',
        b'{"protected":"e30","payload":"","signature":"","x":NaN}',
        b'{"protected":"e30","payload":"","signature":"","x":' + b"9" * 9999 + b"}",
        b'{"protected":"e30","payload":"","signature":"","x":1e9999}',
        b'{"protected":"\\ud800","payload":"","signature":""}',
        b'{"protected":"","payload":"","signature":""}',
        b'{"protected":"bnVsbA","payload":"","signature":""}',
        b'{"protected":"W10","payload":"","signature":""}',
        b'{"protected":"e30","payload":"","signature":""} {}',
    ],
    ids=lambda body: repr(body[:60]),
)
def test_a_body_that_is_no_request_is_malformed(body: bytes) -> None:
    assert refusal(body)


@pytest.mark.parametrize(
    "header",
    [
        b"[" * DEEP,
        b'{"jwk":' * DEEP,
        b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"alg":"ES256","url":"","nonce":"a","kid":"a","x":"\xff"}',
        b'{"alg":"ES256","url":"\\udfff","nonce":"a","kid":"a"}',
        b'{"alg":"ES256","url":"","nonce":"a","jwk":{"x":' + b"9" * 9999 + b"}}",
        b'{"alg":"ES256","url":"","nonce":"a","jwk":{"x":NaN}}',
        b'{"alg":"ES256","url":"","nonce":"a","jwk":' + b'{"a":' * DEEP,
        b"\xff\xfe",
        "{}".encode("utf-16"),
    ],
    ids=lambda header: repr(header[:60]),
)
def test_a_header_that_is_none_is_malformed(header: bytes) -> None:
    assert refusal(with_header(header))


# Whose it is -----------------------------------------------------------------------


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_request_that_was_changed_does_not_verify(alg: str) -> None:
    body = client(alg).sign({"a": 1})
    key = client(alg).account_key
    for member in ("protected", "payload"):
        header = json.dumps(client(alg).header(nonce="other")).encode()
        other = {"protected": header, "payload": b'{"a": 2}'}[member]
        made = changed(body, **{member: encode_base64url(other)})
        with pytest.raises(ACMEProblem, match="does not verify") as caught:
            verify_jws(parse_jws(made), key)
        assert (caught.value.type, caught.value.status) == ("malformed", 400)
    with pytest.raises(ACMEProblem, match="does not verify"):
        verify_jws(parse_jws(changed(body, signature="")), key)


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_another_key_of_the_kind_does_not_verify(alg: str) -> None:
    other = client(alg, 1)
    assert other.jwk != client(alg).jwk
    with pytest.raises(ACMEProblem, match="does not verify"):
        verify_jws(parse_jws(other.sign({})), client(alg).account_key)


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("other", ["ES256", "ES384", "ES512", "EdDSA", "RS256"])
def test_a_key_signs_with_its_own_algorithms_only(alg: str, other: str) -> None:
    families = {alg[:2].replace("PS", "RS"), other[:2]}
    if alg == other or families in ({"RS"}, {"Ed"}):
        return
    signed = parse_jws(client(alg).sign({}))
    with pytest.raises(ACMEProblem, match=f"does not sign with {alg}") as caught:
        verify_jws(signed, client(other).account_key)
    assert caught.value.type == "malformed"


# Anything at all -------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
header_names = st.sampled_from(
    ["alg", "nonce", "url", "jwk", "kid", "crit", "b64", "typ", "x"]
)
headers = st.dictionaries(
    header_names, st.sampled_from(["ES256", "RS256", "none", NONCE, KID]) | json_values
)
outer = st.dictionaries(
    st.sampled_from(["protected", "payload", "signature", "header", "signatures", "x"]),
    st.text() | json_values,
)


def no_other_error(body: bytes) -> None:
    found = outcome(lambda: verify_jws(parse_jws(body), client().account_key))
    if found is not None:
        assert found.type in ("malformed", "badNonce", "badSignatureAlgorithm")
        assert encode_problem(found)


@given(st.binary())
@example(b"\x00")
def test_nothing_but_a_problem_comes_of_any_bytes(body: bytes) -> None:
    no_other_error(body)


@given(outer)
def test_nothing_but_a_problem_comes_of_any_object(body: dict[str, Any]) -> None:
    no_other_error(json.dumps(body).encode())
    no_other_error(
        json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )


@given(headers, st.binary(max_size=80), st.binary(max_size=80))
def test_nothing_but_a_problem_comes_of_any_header(
    header: dict[str, Any], payload: bytes, signature: bytes
) -> None:
    no_other_error(flattened(json.dumps(header).encode(), payload, lambda _: signature))


@given(st.integers(0), st.integers(0, 255))
def test_no_byte_of_a_request_can_be_another_one(place: int, value: int) -> None:
    """But for blanks between its members, which nobody signs."""
    body = client().sign({"identifiers": []})
    place %= len(body)
    made = body[:place] + bytes([value]) + body[place + 1 :]
    found = outcome(lambda: verify_jws(parse_jws(made), client().account_key))
    assert found is not None or json.loads(made) == json.loads(body)
