"""Finalize: the order's state, and a CSR that is of the order (7.4)."""

from __future__ import annotations

import base64
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from acme_account import Account, Order
from acme_csrs import csr, forged
from acme_jose import Signer, b64, rsa_key
from acme_keys import exponent_3
from acme_wire import Answer
from server.acme.cases import Case, Cases
from server.acme.world import World

CASES = Cases()
NAMES = ("f1.test", "f2.test")


def _finalize(account: Account, *names: str) -> Any:
    order = account.ready(*(names or NAMES))
    return order.finalize


def _raw(account: Account, text: Any) -> Answer:
    order = account.ready(*NAMES)
    return account.post(order.start["finalize"], {"csr": text})


@CASES.of("7.4", 403, "orderNotReady")
def order_pending(account: Account) -> Answer:
    return account.order(*NAMES).finalize(csr(*NAMES))


@CASES.of("7.4", 403, "orderNotReady")
def order_proved_in_part(account: Account) -> Answer:
    order = account.order(*NAMES)
    account.prove(order.start["authorizations"][0])
    return order.finalize(csr(*NAMES))


@CASES.of("7.4", 403, "orderNotReady")
def order_valid(account: Account) -> Answer:
    order = account.issued(*NAMES)
    return order.finalize(csr(*NAMES))


@CASES.of("7.4", 403, "orderNotReady")
def order_valid_and_another_csr(account: Account) -> Answer:
    order = account.issued(*NAMES)
    return order.finalize(csr(*NAMES, key=Signer().key))


@CASES.of("7.4", 403, "orderNotReady")
def order_invalid(account: Account) -> Answer:
    order = account.ready(*NAMES)
    account.post(order.start["authorizations"][0], {"status": "deactivated"})
    assert order.now["status"] == "invalid"
    return order.finalize(csr(*NAMES))


@CASES.of("7.4", 403, "unauthorized")
def order_of_another(account: Account) -> Answer:
    other = Account.registered(account.wire, account.site)
    order = other.ready(*NAMES)
    answer = account.post(order.start["finalize"], {"csr": b64(csr(*NAMES))})
    assert order.now["status"] == "ready"
    return answer


@CASES.of("7.4", 404, "malformed")
def order_that_is_not_there(account: Account) -> Answer:
    url = account.order(*NAMES).url
    return account.post(f"{url[:-8]}00000000/finalize", {"csr": b64(csr(*NAMES))})


def _pem(der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return (
        f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----"
    )


_DER = csr(*NAMES)
# No base64url at all: the payload is malformed.
CASES.each(
    {
        "csr_in_pem": _pem(_DER),
        "csr_padded": f"{b64(_DER)}=",
        "csr_in_the_standard_alphabet": "+/" + b64(_DER)[2:],
        "csr_with_line_ends": base64.encodebytes(_DER).decode(),
        "csr_with_blanks": f" {b64(_DER)}",
        "csr_in_another_script": "МИИБ",
    },
    "7.4, 6.1",
    400,
    "malformed",
    _raw,
)
# Base64url of what is no CSR, or not one to be signed.
CASES.each(
    {
        "csr_empty": b"",
        "csr_of_pem_in_base64url": _pem(_DER).encode(),
        "csr_cut_short": _DER[:-1],
        "csr_half": _DER[: len(_DER) // 2],
        "csr_followed_by_more": _DER + b"\0",
        "csr_twice": _DER * 2,
        "csr_of_nuls": bytes(500),
        "csr_of_text": b"not a CSR at all",
        "csr_of_json": b'{"csr": true}',
        "csr_of_an_integer": b"\x02\x01\x01",
        "csr_of_an_empty_sequence": b"\x30\x00",
        "csr_of_endless_length": b"\x30\x84\xff\xff\xff\xff" + _DER[4:],
        "csr_of_indefinite_length": b"\x30\x80" + _DER[4:] + b"\0\0",
        "csr_nested": b"\x30\x80" * 2000,
        "csr_signed_by_nobody": forged(_DER),
        "csr_changed_after_signing": _DER.replace(b"f1.test", b"f3.test"),
        "csr_of_a_certificate": None,
    },
    "7.4",
    400,
    "badCSR",
    lambda account, der: _finalize(account)(
        _a_certificate(account) if der is None else der
    ),
)


def _a_certificate(account: Account) -> bytes:
    pem = account.issued("f9.test").chain
    end = "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(pem.split(end)[0] + end)


def _other(*args: x509.GeneralName) -> dict[str, Any]:
    return {"others": args}


_URI = x509.UniformResourceIdentifier("spiffe://f1.test/x")
_MAIL = x509.RFC822Name("a@f1.test")
_CA = (x509.BasicConstraints(ca=True, path_length=None), True)
_SIGNS = (
    x509.KeyUsage(False, False, False, False, False, True, True, False, False),
    True,
)
_ANY = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)
_UNKNOWN = (
    x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\5\0"),
    True,
)

# Names, keys and extensions that are not those of the order.
CASES.each(
    {
        "no_names": ((), {}),
        "a_name_missing": (("f1.test",), {}),
        "a_name_more": ((*NAMES, "f3.test"), {}),
        "a_name_else": (("f1.test", "f3.test"), {}),
        "a_subdomain_more": ((*NAMES, "www.f1.test"), {}),
        "a_wildcard_more": ((*NAMES, "*.f1.test"), {}),
        "a_wildcard_instead": (("*.f1.test", "f2.test"), {}),
        "the_parent_instead": (("test", "f2.test"), {}),
        "an_address_more": ((*NAMES, "192.0.2.1"), {}),
        "a_name_with_a_dot_at_its_end": (("f1.test.", "f2.test"), {}),
        "a_name_with_a_nul": (("f1.test\0.x.test", "f2.test"), {}),
        "a_uri_more": (NAMES, _other(_URI)),
        "a_mailbox_more": (NAMES, _other(_MAIL)),
        "common_name_not_in_the_order": (NAMES, {"common_name": "f3.test"}),
        "common_name_of_a_subdomain": (NAMES, {"common_name": "www.f1.test"}),
        "names_in_the_common_name_alone": ((), {"common_name": "f1.test"}),
        "wants_to_be_a_ca": (NAMES, {"extensions": (_CA,)}),
        "key_rsa_of_1024_bits": (NAMES, {"key": rsa_key(1024)}),
        "key_rsa_with_exponent_3": (NAMES, {"key": exponent_3()}),
        "key_on_p192": (NAMES, {"key": ec.generate_private_key(ec.SECP192R1())}),
        "key_on_p224": (NAMES, {"key": ec.generate_private_key(ec.SECP224R1())}),
        "key_on_secp256k1": (NAMES, {"key": ec.generate_private_key(ec.SECP256K1())}),
        "key_on_brainpool": (
            NAMES,
            {"key": ec.generate_private_key(ec.BrainpoolP256R1())},
        ),
    },
    "7.4",
    400,
    "badCSR",
    lambda account, asked: _finalize(account)(csr(*asked[0], **asked[1])),
)


@CASES.of("7.4, 11.1", 400, "badCSR")
def key_of_the_account(account: Account) -> Answer:
    return _finalize(account)(csr(*NAMES, key=account.key.key))


@CASES.of("7.4, 11.1", 400, "badCSR")
def key_of_another_account(account: Account) -> Answer:
    other = Account.registered(account.wire, account.site)
    return _finalize(account)(csr(*NAMES, key=other.key.key))


@CASES.of("RFC 8738, 4", 400, "badCSR")
def address_as_a_dns_name(account: Account) -> Answer:
    order = account.ready("127.0.0.1")
    return order.finalize(csr(others=(x509.DNSName("127.0.0.1"),)))


@CASES.of("RFC 8738, 4", 400, "badCSR")
def another_address(account: Account) -> Answer:
    return account.ready("127.0.0.1").finalize(csr("127.0.0.2"))


# What is of the order, though it looks otherwise.
CASES.each(
    {
        "names_in_another_order": (tuple(reversed(NAMES)), {}),
        "names_in_capitals": (("F1.TEST", "f2.Test"), {}),
        "names_twice": ((*NAMES, *NAMES), {}),
        "common_name_of_the_order": (NAMES, {"common_name": "f2.test"}),
        "common_name_in_capitals": (NAMES, {"common_name": "F2.TEST"}),
        "key_rsa": (NAMES, {"key": rsa_key(2048)}),
        "key_on_p384": (NAMES, {"key": Signer("ES384").key}),
    },
    "7.4",
    200,
    None,
    lambda account, asked: _finalize(account)(csr(*asked[0], **asked[1])),
)


@CASES.of("7.4", 200)
def name_in_the_common_name_alone(account: Account) -> Answer:
    # "in either the commonName portion of the requested subject name or" the SAN.
    return account.ready("f1.test").finalize(csr(common_name="f1.test"))


@CASES.of("RFC 8738", 200)
def address(account: Account) -> Answer:
    return account.ready("127.0.0.1").finalize(csr("127.0.0.1"))


@pytest.mark.parametrize("case", CASES, ids=CASES.ids)
def test_torture(case: Case, account: Account) -> None:
    case.check(account)


@pytest.mark.parametrize("kind", ["dsa", "ed448", "ed25519", "rsa_3072"])
def test_a_key_of_another_kind_is_no_error_of_ours(account: Account, kind: str) -> None:
    key: Any = {
        "dsa": lambda: dsa.generate_private_key(2048),
        "ed448": ed448.Ed448PrivateKey.generate,
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "rsa_3072": lambda: rsa_key(3072),
    }[kind]()
    answer = account.ready(*NAMES).finalize(csr(*NAMES, key=key))
    assert (answer.status, answer.type) in ((200, None), (400, "badCSR")), answer


def test_a_refused_csr_leaves_the_order_ready(account: Account) -> None:
    # Section 7.4: the client may try again with another.
    order = account.ready(*NAMES)
    for wrong in (csr("f1.test"), forged(csr(*NAMES)), b"\x30\x00"):
        assert order.finalize(wrong).type == "badCSR"
        assert order.now["status"] == "ready"
    answer = order.finalize(csr(*NAMES))
    assert answer.status == 200
    assert answer.json["status"] == "valid"


def test_what_is_issued_is_of_the_order(account: Account) -> None:
    key = Signer().key
    order = account.ready("F3.test", "*.f3.test", "127.0.0.1")
    names = ("f3.test", "*.f3.test", "127.0.0.1")
    assert order.finalize(csr(*names, key=key)).status == 200
    certificate = x509.load_der_x509_certificate(order.der)
    kinds = certificate.extensions.get_extension_for_class
    names_there = kinds(x509.SubjectAlternativeName).value
    assert sorted(names_there.get_values_for_type(x509.DNSName)) == [
        "*.f3.test",
        "f3.test",
    ]
    assert [str(one) for one in names_there.get_values_for_type(x509.IPAddress)] == [
        "127.0.0.1"
    ]
    assert certificate.public_key() == key.public_key()
    assert not kinds(x509.BasicConstraints).value.ca


@pytest.mark.parametrize(
    "asked", [_SIGNS, _ANY, _UNKNOWN], ids=["to_sign", "any_usage", "nobody_knows"]
)
def test_what_a_csr_asks_beside_names_is_not_in_the_certificate(
    account: Account, asked: Any
) -> None:
    # Clients ask for more than they need; what there is says the profile.
    plain, order = account.issued(*NAMES), account.ready(*NAMES)
    assert order.finalize(csr(*NAMES, extensions=(asked,))).status == 200
    made, usual = (
        x509.load_der_x509_certificate(one.der).extensions for one in (order, plain)
    )
    assert [one.oid for one in made] == [one.oid for one in usual]
    for kind in (x509.KeyUsage, x509.ExtendedKeyUsage, x509.BasicConstraints):
        same = [each.get_extension_for_class(kind) for each in (made, usual)]
        assert same[0] == same[1]


def test_finalized_by_many_at_once_one_certificate_is_issued(account: Account) -> None:
    for turn in range(4):
        name = f"many{turn}.test"
        order = account.ready(name)
        requests = [csr(name, key=Signer().key) for _ in range(6)]
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(order.finalize, requests))
        won = [answer for answer in answers if answer.status == 200]
        lost = [answer for answer in answers if answer.status != 200]
        assert won
        assert {(one.status, one.type) for one in lost} <= {(403, "orderNotReady")}
        # Whoever is answered with "valid" is told of one and the same.
        told = {one.json.get("certificate") for one in won} - {None}
        assert told == {order.settled()["certificate"]}
        key = x509.load_der_x509_certificate(order.der).public_key()
        made = [x509.load_der_x509_csr(one).public_key() for one in requests]
        assert key in made


def _issued_count(acme: World, name: str) -> int:
    return len(acme.ca.works("cert", "list", "--name", name, "--json").out.splitlines())


def test_no_certificate_is_issued_that_nobody_is_told_of(
    acme: World, account: Account
) -> None:
    order: Order = account.ready("counted.test")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(order.finalize, [csr("counted.test")] * 6))
    assert order.settled()["status"] == "valid"
    assert _issued_count(acme, "counted.test") == 1
