"""CAs in memory: what they sign, and what they refuse to."""

from __future__ import annotations

import inspect
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from handshakes import handshake
from tlsmith.api import CA, Encoded, KeyKind
from tlsmith.core.csr import encode_request
from tlsmith.core.formats import encode_private_key
from tlsmith.core.keys import KINDS, generate_private_key, kind_of
from tlsmith.core.names import parse_names
from tlsmith.core.subject import EMPTY
from tlsmith.errors import (
    InputError,
    KeyMismatchError,
    NameNotPermittedError,
    NotACAError,
    PathLengthError,
    ProfileError,
    ValidityError,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROOT = CA(now=NOW)
DAY = timedelta(days=1)


def _parsed(data: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(data)


def _usages(certificate: Encoded) -> set[x509.ObjectIdentifier]:
    extensions = x509.load_der_x509_certificate(certificate).extensions
    return set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def _request(*names: str) -> bytes:
    key = generate_private_key()
    return encode_request(parse_names(names), key, subject=EMPTY)


def test_a_root_is_self_signed_and_lasts_as_long_as_any_test_needs() -> None:
    root = _parsed(ROOT.root_pem)
    root.verify_directly_issued_by(root)
    assert root.not_valid_before_utc.year == 2000
    assert root.not_valid_after_utc.year == 2999
    assert ROOT.pem == ROOT.root_pem == ROOT.certificate.pem


def test_two_roots_are_told_apart_by_name() -> None:
    assert _parsed(ROOT.pem).subject != _parsed(CA().pem).subject


def test_a_root_may_be_called_anything() -> None:
    root = _parsed(CA(subject="CN=Our root,O=Acme").pem)
    assert root.subject.rfc4514_string() == "CN=Our root,O=Acme"


def test_a_server_certificate_is_the_default() -> None:
    certificate = ROOT.issue("localhost")
    assert _usages(certificate.der) == {ExtendedKeyUsageOID.SERVER_AUTH}
    assert certificate.not_before == NOW - timedelta(hours=1)
    assert certificate.not_after - certificate.not_before == 199 * DAY - timedelta(
        seconds=1
    )


def test_a_clients_certificate_is_for_servers_as_well() -> None:
    usages = _usages(ROOT.issue("a.test", client=True).der)
    assert usages == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


@pytest.mark.parametrize(
    "name",
    ["a.test", "*.a.test", "bücher.test", "127.0.0.1", "::1", "spiffe://a.test/web"],
)
def test_every_kind_of_name_is_signed(name: str) -> None:
    assert ROOT.issue(name).names == tuple(n.value for n in parse_names([name]))


@pytest.mark.parametrize(
    ("certified", "host"),
    [
        ("a.test", "a.test"),
        ("*.a.test", "b.a.test"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("bücher.test", "xn--bcher-kva.test"),
    ],
)
def test_clients_accept_a_host_by_its_name(certified: str, host: str) -> None:
    server = ROOT.issue(certified).server_context()
    assert handshake(ROOT.client_context(), server, host)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(ROOT.client_context(), server, "other.test")


def test_a_subject_may_hold_what_is_no_name() -> None:
    """The account of a database, for one."""
    certificate = ROOT.issue("a.test", subject="CN=alice,O=Acme")
    subject = _parsed(certificate.pem).subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "alice"
    assert certificate.names == ("a.test",)


def test_with_a_subject_no_name_is_needed() -> None:
    certificate = ROOT.issue(subject="CN=alice", client=True)
    assert certificate.names == ()
    assert _usages(certificate.der) == {ExtendedKeyUsageOID.CLIENT_AUTH}


@pytest.mark.parametrize(
    ("names", "subject", "message"),
    [
        ((), None, "no name"),
        (("a b",), None, "not a DNS name"),
        (("10.0.0.0/8",), None, "not an IP address"),
        (("a.test",), "alice", "not a subject"),
        (("a.test",), "CN=" + "a" * 65, "not a"),
    ],
)
def test_what_is_no_name_or_subject_is_refused(
    names: tuple[str, ...], subject: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ROOT.issue(*names, subject=subject)


def test_the_kinds_of_key_are_those_of_core() -> None:
    assert get_args(KeyKind) == KINDS


def test_keys_are_of_the_kind_of_the_cas_own_unless_asked() -> None:
    ca = CA(key="p384")
    assert kind_of(ca.issue("a.test").private_key) == "p384"
    assert kind_of(ca.issue("a.test", key="ed25519").private_key) == "ed25519"
    assert kind_of(ca.intermediate().certificate.private_key) == "p384"
    assert kind_of(CA().issue("a.test").private_key) == "p256"


def test_a_kind_of_key_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="no kind of key is called 'rsa'"):
        CA(key="rsa")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no kind of key is called 'rsa'"):
        ROOT.issue("a.test", key="rsa")  # type: ignore[arg-type]


def test_validity_can_be_chosen() -> None:
    assert ROOT.issue("a.test", days=1).not_after == NOW + DAY - timedelta(
        hours=1, seconds=1
    )
    ends = datetime(2020, 1, 1), datetime(2040, 1, 1)
    chosen = ROOT.issue("a.test", not_before=ends[0], not_after=ends[1])
    assert chosen.not_before == ends[0].replace(tzinfo=UTC)
    assert chosen.not_after == ends[1].replace(tzinfo=UTC)


@pytest.mark.parametrize("year", [1999, 3000])
def test_nothing_outlives_the_ca(year: int) -> None:
    moment = datetime(year, 6, 1)
    with pytest.raises(ValidityError):
        ROOT.issue("a.test", not_before=moment, not_after=moment + DAY)


def test_the_present_can_be_another() -> None:
    ca = CA(now=datetime(2050, 1, 1))
    assert ca.now == datetime(2050, 1, 1, tzinfo=UTC)
    assert ca.issue("a.test").not_after.year == 2050
    assert ca.intermediate().now == ca.now


def test_without_one_the_clock_is_read_each_time() -> None:
    ca = CA()
    first = ca.now
    assert first <= ca.now
    assert abs(first - datetime.now(UTC)) < timedelta(seconds=5)


def test_intermediates_make_a_chain_that_clients_accept() -> None:
    below = ROOT.intermediate(subject="CN=Below")
    lowest = below.intermediate()
    certificate = lowest.issue("localhost")
    assert len(certificate.chain) == 3
    assert lowest.root_pem == ROOT.root_pem
    assert lowest.pem != lowest.root_pem
    assert _parsed(below.pem).subject.rfc4514_string() == "CN=Below"
    for ca in (ROOT, below, lowest):
        assert handshake(ca.client_context(), certificate.server_context())


def test_path_lengths_are_counted_down_and_kept() -> None:
    ca = CA(path_length=1)
    below = ca.intermediate()
    assert below.issuer.view.path_length == 0
    with pytest.raises(PathLengthError):
        below.intermediate()
    with pytest.raises(PathLengthError):
        ca.intermediate(path_length=1)
    assert ROOT.intermediate().issuer.view.path_length is None
    assert ROOT.intermediate(path_length=3).issuer.view.path_length == 3


def test_by_default_every_name_is_permitted() -> None:
    assert ROOT.issue("example.com", "8.8.8.8", "me@example.com").names


def test_a_ca_may_be_held_to_some_names() -> None:
    ca = CA(permit=["test", "127.0.0.0/8"])
    assert handshake(ca.client_context(), ca.issue("a.test").server_context(), "a.test")
    with pytest.raises(NameNotPermittedError, match=r"example\.com, 10\.0\.0\.1"):
        ca.issue("a.test", "example.com", "10.0.0.1")


def test_a_ca_below_is_held_to_what_those_above_are() -> None:
    below = CA(permit=["test"]).intermediate().intermediate(permit=["a.test", "b"])
    assert below.issue("x.a.test")
    for name in ("b.test", "c.b"):
        with pytest.raises(NameNotPermittedError):
            below.issue(name)


@pytest.mark.parametrize("as_der", [False, True])
def test_a_ca_made_elsewhere_can_be_loaded(as_der: bool) -> None:
    pem = ROOT.certificate.der if as_der else ROOT.pem
    ca = CA.load(pem, ROOT.key_pem)
    assert handshake(ROOT.client_context(), ca.issue("localhost").server_context())
    assert ca.root_pem == ROOT.root_pem


def test_an_encrypted_key_is_loaded_with_its_passphrase() -> None:
    encrypted = ROOT.certificate.encrypted_key_pem("secret")
    assert CA.load(ROOT.pem, encrypted, passphrase="secret", now=NOW).now == NOW
    for passphrase in (None, "wrong"):
        with pytest.raises(InputError):
            CA.load(ROOT.pem, encrypted, passphrase=passphrase)


def test_an_intermediate_is_loaded_with_those_above_it() -> None:
    below = ROOT.intermediate().intermediate()
    chain = below.certificate.chain_pem + below.root_pem
    ca = CA.load(chain, below.key_pem)
    certificate = ca.issue("localhost")
    assert len(certificate.chain) == 3
    assert handshake(ROOT.client_context(), certificate.server_context())
    with pytest.raises(InputError, match="followed by its issuer's"):
        CA.load(below.pem + below.root_pem, below.key_pem)


def test_what_is_no_ca_is_not_loaded() -> None:
    leaf = ROOT.issue("a.test")
    with pytest.raises(NotACAError):
        CA.load(leaf.pem, leaf.key_pem)
    with pytest.raises(KeyMismatchError):
        CA.load(ROOT.pem, leaf.key_pem)
    with pytest.raises(InputError, match="not a certificate"):
        CA.load(ROOT.key_pem, ROOT.key_pem)


def test_a_loaded_ca_with_a_key_we_do_not_make_makes_usual_ones() -> None:
    """Such as RSA of 1024 bits, from a test suite of long ago."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- weak on purpose
    name = _parsed(ROOT.pem).subject
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(NOW + 30 * DAY)
        .add_extension(x509.BasicConstraints(True, None), True)
    )
    pem = certificate.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    ca = CA.load(pem, encode_private_key(key), now=NOW)
    certified = ca.issue("a.test")
    assert kind_of(certified.private_key) == "p256"
    assert certified.not_after == NOW + 30 * DAY
    ca.revoke(certified)
    assert x509.load_pem_x509_crl(ca.crl_pem)


def test_a_request_is_signed_for_its_names_and_key() -> None:
    key = generate_private_key("p384")
    request = encode_request(parse_names(["a.test"]), key, subject=EMPTY, client=True)
    certificate = ROOT.sign(request, days=7, subject="CN=alice")
    parsed = _parsed(certificate.pem)
    assert certificate.names == ("a.test",)
    assert parsed.public_key() == key.public_key()
    assert parsed.subject.rfc4514_string() == "CN=alice"
    assert _usages(certificate.der) == {ExtendedKeyUsageOID.SERVER_AUTH}
    assert ExtendedKeyUsageOID.CLIENT_AUTH in _usages(
        ROOT.sign(request, client=True).der
    )


def test_a_request_is_judged() -> None:
    with pytest.raises(InputError, match="not a certification request"):
        ROOT.sign(b"request")
    request = bytearray(_request("a.test"))
    request[-1] ^= 1
    with pytest.raises(ProfileError, match="cannot be signed"):
        ROOT.sign(bytes(request))
    with pytest.raises(NameNotPermittedError):
        CA(permit=["test"]).sign(_request("example.com"))


def test_the_root_is_written_where_asked(tmp_path: Path) -> None:
    below = ROOT.intermediate()
    place = below.write_root(tmp_path / "root.pem")
    assert place == tmp_path / "root.pem"
    context = ssl.create_default_context(cafile=place)
    assert handshake(context, below.issue("localhost").server_context())


@pytest.mark.parametrize("legacy", [False, True])
def test_java_gets_a_truststore(legacy: bool) -> None:
    data = ROOT.truststore("secret", legacy=legacy)
    assert (data.secret, data.ending) == (False, ".p12")
    held = pkcs12.load_pkcs12(data, b"secret")
    assert [one.certificate for one in held.additional_certs] == [_parsed(ROOT.pem)]


def test_it_is_printed_without_its_key() -> None:
    assert repr(ROOT) == f"<CA, root, SHA-256 {ROOT.certificate.fingerprint[:16]}>"
    assert repr(ROOT.intermediate()).startswith("<CA, intermediate, SHA-256 ")


def test_signing_a_request_takes_what_issuing_does() -> None:
    issue = set(inspect.signature(CA.issue).parameters)
    sign = set(inspect.signature(CA.sign).parameters)
    assert issue - sign == {"names", "key"}
    assert sign - issue == {"request"}
