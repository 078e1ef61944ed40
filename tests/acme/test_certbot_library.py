"""What certbot's own library sends is read, and what is answered it reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import josepy
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from msgspec import Raw

from acme import challenges, jws, messages
from acme_signing import KID, NONCE, URL, client
from tlsmith.acme import problems
from tlsmith.acme.base64url import decode_base64url
from tlsmith.acme.binding import verify_binding
from tlsmith.acme.challenges import dns_digest, dns_name, http_path, key_authorization
from tlsmith.acme.identifiers import Identifier, parse_identifiers
from tlsmith.acme.jwk import AccountKey, parse_jwk
from tlsmith.acme.jws import SignedRequest, parse_jws, verify_jws
from tlsmith.acme.messages import (
    Finalize,
    KeyChange,
    NewAccount,
    NewOrder,
    Revocation,
    decode_payload,
)
from tlsmith.acme.problems import encode_problem
from tlsmith.acme.resources import (
    AccountView,
    AuthorizationView,
    ChallengeView,
    DirectoryView,
    IdentifierView,
    OrderView,
    encode,
    encode_account,
    encode_directory,
)
from tlsmith.errors import Subproblem

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TOKEN = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"
KEYS = {
    "ES256": josepy.JWKEC(key=client("ES256").key),
    "RS256": josepy.JWKRSA(key=client("RS256").key),
}


def sent(alg: str, payload: Any, kid: str | None = KID) -> SignedRequest:
    """What arrives when certbot sends this."""
    made = jws.JWS.sign(
        payload.json_dumps().encode(),
        key=KEYS[alg],
        alg=getattr(josepy, alg),
        nonce=decode_base64url(NONCE),
        url=URL,
        kid=kid,
    )
    return parse_jws(made.json_dumps(indent=2).encode())


def account_key(alg: str) -> AccountKey:
    return parse_jwk(KEYS[alg].public_key().to_json())


@pytest.mark.parametrize("alg", KEYS)
def test_a_request_of_an_account_is_read(alg: str) -> None:
    order = messages.NewOrder(
        identifiers=[
            messages.Identifier(typ=messages.IDENTIFIER_FQDN, value="a.test"),
            messages.Identifier(typ=messages.IDENTIFIER_IP, value="::1"),
        ],
        profile="short",
    )
    signed = sent(alg, order)
    verify_jws(signed, account_key(alg))
    assert (signed.header.kid, signed.header.nonce, signed.header.url) == (
        KID,
        NONCE,
        URL,
    )
    read = decode_payload(signed.payload, NewOrder)
    assert read.profile == "short"
    assert parse_identifiers(read.asked) == (("dns", "a.test"), ("ip", "::1"))


@pytest.mark.parametrize("alg", KEYS)
def test_a_request_for_an_account_is_read_with_its_binding(alg: str) -> None:
    public = KEYS[alg].public_key()
    directory = messages.Directory({"newAccount": URL})
    binding = messages.ExternalAccountBinding.from_data(
        public, "key-1", "c2VjcmV0LXNlY3JldA", directory
    )
    new = messages.NewRegistration.from_data(
        email="a@b.test", terms_of_service_agreed=True, external_account_binding=binding
    )
    signed = sent(alg, new, kid=None)
    assert signed.header.jwk is not None
    key = parse_jwk(signed.header.jwk)
    verify_jws(signed, key)
    read = decode_payload(signed.payload, NewAccount)
    assert read.contact == ["mailto:a@b.test"]
    assert read.binding is not None
    found = {"key-1": b"secret-secret"}
    assert verify_binding(read.binding, key, URL, found.get) == "key-1"


@pytest.mark.parametrize("alg", KEYS)
def test_thumbprints_and_key_authorizations_are_the_same(alg: str) -> None:
    ours = account_key(alg)
    key = KEYS[alg]
    thumbprint = josepy.b64encode(key.thumbprint()).decode()
    assert ours.thumbprint == thumbprint
    http = challenges.HTTP01(token=decode_base64url(TOKEN))
    authorization = key_authorization(TOKEN, ours.thumbprint)
    assert http.key_authorization(key) == authorization
    assert http.path == http_path(TOKEN)
    dns = challenges.DNS01(token=decode_base64url(TOKEN))
    assert dns.validation(key) == dns_digest(authorization)
    assert dns.validation_domain_name("a.test") == dns_name(Identifier("dns", "a.test"))


def test_other_payloads_are_read() -> None:
    csr = {"csr": josepy.b64encode(b"a request").decode()}
    assert decode_payload(json.dumps(csr).encode(), Finalize).csr == b"a request"
    revocation = {"certificate": josepy.b64encode(b"\xff").decode(), "reason": 1}
    read = decode_payload(json.dumps(revocation).encode(), Revocation)
    assert (read.certificate, read.reason) == (b"\xff", 1)
    change = {"account": KID, "oldKey": KEYS["ES256"].public_key().to_json()}
    key = parse_jwk(decode_payload(json.dumps(change).encode(), KeyChange).old_key)
    assert key.thumbprint == account_key("ES256").thumbprint


def test_a_directory_is_read() -> None:
    ours = DirectoryView(
        "https://n",
        "https://a",
        "https://o",
        "https://r",
        "https://k",
        renewal_info="https://i",
        terms_of_service="https://terms",
        website="https://site",
        caa_identities=("ca.test",),
        external_account_required=True,
        profiles={"short": "hours"},
    )
    read = messages.Directory.from_json(json.loads(encode_directory(ours)))
    assert (read["newNonce"], read["newOrder"]) == ("https://n", "https://o")
    assert read["renewalInfo"] == "https://i"
    assert read.meta.terms_of_service == "https://terms"
    assert read.meta.caa_identities == ("ca.test",)
    assert read.meta.external_account_required is True
    assert read.meta.profiles == {"short": "hours"}


def test_an_order_is_read() -> None:
    ours = OrderView(
        "invalid",
        [IdentifierView("dns", "a.test")],
        ["https://authz"],
        "https://finalize",
        expires=AT,
        not_before=AT,
        not_after=AT,
        certificate="https://certificate",
        error=problems.bad_csr("no"),
    )
    read = messages.Order.from_json(json.loads(encode(ours)))
    assert read.status == messages.STATUS_INVALID
    assert read.identifiers[0].value == "a.test"
    assert read.authorizations == ("https://authz",)
    assert read.expires == AT
    assert read.error.code == "badCSR"


def test_an_authorization_is_read() -> None:
    ours = AuthorizationView(
        IdentifierView("dns", "a.test"),
        "pending",
        [
            ChallengeView("dns-01", "https://c/1", "pending", TOKEN),
            ChallengeView("http-01", "https://c/2", "valid", TOKEN, AT),
            ChallengeView("tls-alpn-01", "https://c/3", "processing", TOKEN),
            ChallengeView("dns-persist-01", "https://c/4", "invalid", error=Raw(b"{}")),
        ],
        AT,
        wildcard=True,
    )
    said = json.loads(encode(ours))
    read = messages.Authorization.from_json(said)
    assert (read.identifier.value, read.expires) == ("a.test", AT)
    kinds = [type(each.chall) for each in read.challenges]
    assert kinds[:2] == [challenges.DNS01, challenges.HTTP01]
    assert kinds[3] is challenges.UnrecognizedChallenge
    assert read.challenges[1].validated == AT
    assert read.challenges[0].chall.encode("token") == TOKEN


def test_an_account_is_read() -> None:
    ours = AccountView("valid", "https://orders", ("mailto:a@b.test",), True)
    read = messages.Registration.from_json(json.loads(encode_account(ours)))
    assert read.emails == ("a@b.test",)
    assert read.status == "valid"


def test_a_problem_is_read() -> None:
    wrong = [Subproblem("rejectedIdentifier", "not ours", ("dns", "a.test"))]
    ours = problems.compound("some are wrong", wrong)
    read = messages.Error.from_json(json.loads(encode_problem(ours)))
    assert (read.code, read.detail) == ("compound", "some are wrong")
    assert read.subproblems is not None
    [problem] = read.subproblems
    assert problem.code == "rejectedIdentifier"
    assert problem.identifier.value == "a.test"


@pytest.mark.parametrize("kind", [ec.SECP384R1(), ec.SECP521R1()])
def test_larger_curves_are_read(kind: ec.EllipticCurve) -> None:
    key = josepy.JWKEC(key=ec.generate_private_key(kind))
    ours = parse_jwk(key.public_key().to_json())
    assert ours.thumbprint == josepy.b64encode(key.thumbprint()).decode()


def test_larger_rsa_keys_are_read() -> None:
    key = josepy.JWKRSA(key=rsa.generate_private_key(65537, 3072))
    assert parse_jwk(key.public_key().to_json()).kind == "rsa"
