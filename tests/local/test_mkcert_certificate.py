"""Certificates have mkcert's names, files and shape."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

from tlsmith.core.csr import encode_request
from tlsmith.core.formats import encode_pem, load_private_key, split_pem
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import certificate_authority
from tlsmith.core.subject import EMPTY, distinguished_name
from tlsmith.errors import InputError, ProfileError, ValidityError
from tlsmith.local.mkcert import ensure_mkcert_authority
from tlsmith.local.mkcert_certificate import (
    Paths,
    Wanted,
    default_paths,
    encode_p12_file,
    encode_pem_files,
    issue,
    parse_mkcert_request,
    parse_typed_names,
    usual_subject,
    usual_usages,
)

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

NOW = datetime.now(UTC)
WHO = "me@here"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    folder = tmp_path_factory.mktemp("caroot")
    authority, _ = ensure_mkcert_authority(str(folder), NOW, kind="p256")
    return authority.issuer()


@pytest.fixture(scope="module")
def rsa_key() -> PrivateKey:
    return generate_private_key("rsa2048")


def certificate(
    issuer: Issuer,
    key: PrivateKey,
    *texts: str,
    client: bool = False,
    common_name: bool = False,
) -> x509.Certificate:
    names = parse_typed_names(texts)
    wanted = Wanted(
        names,
        key.public_key(),
        usual_subject(WHO, names, with_common_name=common_name),
        usual_usages(names, client=client),
    )
    return x509.load_der_x509_certificate(issue(issuer, wanted, NOW).der)


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("localhost", "localhost", "localhost"),
        ("LocalHost", "localhost", "LocalHost"),
        ("my_app.test", "my_app.test", "my_app.test"),
        ("_x.test", "_x.test", "_x.test"),
        ("bücher.test", "xn--bcher-kva.test", "xn--bcher-kva.test"),
        ("*.a.test", "*.a.test", "*.a.test"),
        ("0:0::1", "::1", "0:0::1"),
        ("::ffff:1.2.3.4", "1.2.3.4", "::ffff:1.2.3.4"),
        ("::ffff:0:1", "0.0.0.1", "::ffff:0:1"),
        ("[::1]", "::1", "::1"),
        ("a.test.", "a.test", "a.test"),
        ("Me@A.test", "Me@a.test", "Me@A.test"),
        ("https://a.test/x", "https://a.test/x", "https://a.test/x"),
    ],
)
def test_a_name_is_kept_as_it_was_typed(text: str, value: str, shown: str) -> None:
    (name,) = parse_typed_names([text])
    assert (name.name.value, name.text) == (value, shown)


@pytest.mark.parametrize("text", ["urn:x:y", "mailto:me@a.test", "a b", "", "a.test:1"])
def test_what_mkcert_takes_for_no_name_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_typed_names(["good.test", text])


@pytest.mark.parametrize(
    ("texts", "client", "stem"),
    [
        (["localhost"], False, "./localhost"),
        (["LocalHost", "a.test", "a.test"], False, "./LocalHost+2"),
        (["*.a.test"], True, "./_wildcard.a.test-client"),
        (["::1", "a.test"], True, "./__1+1-client"),
        (["https://a.test/x"], False, "./https___a.test_x"),
    ],
)
def test_files_are_named_after_the_first_name(
    texts: list[str], client: bool, stem: str
) -> None:
    paths = default_paths(parse_typed_names(texts), client=client)
    assert paths == (f"{stem}.pem", f"{stem}-key.pem", f"{stem}.p12")


def test_a_certificate_is_of_mkcerts_shape(issuer: Issuer, rsa_key: PrivateKey) -> None:
    made = certificate(issuer, rsa_key, "::1", "a.test", "https://b.test/", "c@d.test")
    assert made.subject.rfc4514_string() == (
        f"OU={WHO},O=mkcert development certificate"
    )
    assert made.issuer.public_bytes() == issuer.view.subject
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not names.critical
    assert [type(name) for name in names.value] == [
        x509.DNSName,
        x509.RFC822Name,
        x509.IPAddress,
        x509.UniformResourceIdentifier,
    ]
    usage = made.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.key_encipherment
    extended = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(extended) == {Usage.SERVER_AUTH, Usage.EMAIL_PROTECTION}
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not constraints.ca
    identifier = made.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert identifier.value.key_identifier == issuer.view.subject_key_identifier


def test_a_name_that_comes_twice_is_in_it_once(
    issuer: Issuer, rsa_key: PrivateKey
) -> None:
    made = certificate(issuer, rsa_key, "a.test", "A.test", "b.test")
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.test", "b.test"]


def test_an_elliptic_curve_key_enciphers_no_keys(issuer: Issuer) -> None:
    made = certificate(issuer, generate_private_key("p256"), "a.test")
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_encipherment


@pytest.mark.parametrize(
    ("texts", "usages"),
    [
        (["a.test"], {Usage.CLIENT_AUTH, Usage.SERVER_AUTH}),
        (["me@a.test"], {Usage.CLIENT_AUTH, Usage.EMAIL_PROTECTION}),
    ],
)
def test_a_client_is_authenticated_too(
    issuer: Issuer, rsa_key: PrivateKey, texts: list[str], usages: set[object]
) -> None:
    made = certificate(issuer, rsa_key, *texts, client=True)
    extended = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(extended) == usages


def test_it_lives_two_years_and_three_months(
    issuer: Issuer, rsa_key: PrivateKey
) -> None:
    names = parse_typed_names(["a.test"])
    subject = usual_subject(WHO, names, with_common_name=False)
    start = NOW + timedelta(days=3)
    issued = issue(issuer, Wanted(names, rsa_key.public_key(), subject), start)
    whole = start.replace(microsecond=0)
    month = (start.month + 2) % 12 + 1
    assert issued.not_after.month in (month, month % 12 + 1)
    assert timedelta(days=820) < issued.not_after - whole < timedelta(days=825)
    assert issued.not_before == whole - timedelta(hours=1)


def test_it_does_not_outlive_the_root(rsa_key: PrivateKey) -> None:
    issuer = _issuer_until(NOW + timedelta(days=30))
    made = certificate(issuer, rsa_key, "a.test")
    assert made.not_valid_after_utc == issuer.view.not_after
    assert made.not_valid_before_utc == issuer.view.not_before


def test_a_root_that_has_expired_signs_nothing(rsa_key: PrivateKey) -> None:
    issuer = _issuer_until(NOW - timedelta(minutes=1))
    with pytest.raises(ValidityError) as caught:
        certificate(issuer, rsa_key, "a.test")
    assert caught.value.code == "issuer-expired"
    assert "tlsmith mkcert -install" in (caught.value.hint or "")


def _issuer_until(not_after: datetime) -> Issuer:
    key = generate_private_key()
    times = (
        (NOW - timedelta(minutes=5)).replace(microsecond=0),
        not_after.replace(microsecond=0),
    )
    name = distinguished_name(("2.5.4.3", "mine"))
    return Issuer(self_issue(certificate_authority(name, times), key).der, key)


def test_with_pkcs12_there_is_a_common_name(
    issuer: Issuer, rsa_key: PrivateKey
) -> None:
    made = certificate(issuer, rsa_key, "a.test", "b.test", common_name=True)
    (found,) = made.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert found.value == "a.test"
    made = certificate(issuer, rsa_key, f"{'a' * 60}.test", common_name=True)
    assert not made.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)


def test_certificate_and_key_are_two_files_or_one(
    issuer: Issuer, rsa_key: PrivateKey
) -> None:
    der = issuer.certificate
    two = encode_pem_files(der, rsa_key, Paths("c.pem", "k.pem", "p"))
    assert [(file.path, file.permissions) for file in two] == [
        ("k.pem", 0o600),
        ("c.pem", 0o644),
    ]
    (one,) = encode_pem_files(der, rsa_key, Paths("x.pem", "./x.pem", "p"))
    assert one.permissions == 0o600
    labels = [label for label, _ in split_pem(one.data)]
    assert labels == ["CERTIFICATE", "PRIVATE KEY"]
    (alone,) = encode_pem_files(der, None, Paths("c.pem", "c.pem", "p"))
    assert alone.permissions == 0o644
    assert [label for label, _ in split_pem(alone.data)] == ["CERTIFICATE"]


def test_pkcs12_holds_key_certificate_and_root(
    issuer: Issuer, rsa_key: PrivateKey
) -> None:
    made = certificate(issuer, rsa_key, "a.test").public_bytes(Encoding.DER)
    file = encode_p12_file(made, rsa_key, issuer, "a.test", Paths("c", "k", "a.p12"))
    assert (file.path, file.permissions) == ("a.p12", 0o600)
    opened = pkcs12.load_pkcs12(file.data, b"changeit")
    assert opened.key is not None
    assert opened.cert is not None
    assert opened.cert.certificate.public_bytes(Encoding.DER) == made
    assert opened.cert.friendly_name == b"a.test"
    (root,) = opened.additional_certs
    assert root.certificate.public_bytes(Encoding.DER) == issuer.certificate
    # 3DES, for clients that read nothing newer (RFC 7292 appendix C).
    assert bytes.fromhex("2a864886f70d010c0103") in file.data


def _request(*texts: str, subject: bytes = EMPTY, client: bool = False) -> bytes:
    key = generate_private_key()
    return encode_request(parse_names(texts), key, subject=subject, client=client)


def test_names_subject_and_key_are_taken_from_a_request() -> None:
    subject = distinguished_name(("2.5.4.10", "Acme"), ("2.5.4.3", "b.test"))
    data = _request("10.0.0.1", "b.test", "me@a.test", subject=subject)
    wanted = parse_mkcert_request(encode_pem("CERTIFICATE REQUEST", data), WHO)
    assert [name.text for name in wanted.names] == ["b.test", "me@a.test", "10.0.0.1"]
    assert wanted.subject == subject
    assert wanted.usages == ()
    assert parse_mkcert_request(data, WHO).names == wanted.names


def test_a_common_name_that_is_no_name_gives_way_to_the_usual_subject() -> None:
    data = _request("b.test", subject=distinguished_name(("2.5.4.3", "other.test")))
    wanted = parse_mkcert_request(data, WHO)
    assert wanted.subject == usual_subject(WHO, wanted.names, with_common_name=False)
    assert parse_mkcert_request(_request("b.test"), WHO).subject == wanted.subject


def test_usages_are_taken_from_a_request(issuer: Issuer) -> None:
    wanted = parse_mkcert_request(_request("b.test", client=True), WHO)
    made = x509.load_der_x509_certificate(issue(issuer, wanted, NOW).der)
    extended = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(extended) == {Usage.SERVER_AUTH, Usage.CLIENT_AUTH}


def test_rights_of_a_ca_are_not_taken_from_a_request(issuer: Issuer) -> None:
    key = generate_private_key()
    builder = x509.CertificateSigningRequestBuilder(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "my_ca.test")])
    ).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    request = builder.sign(key, hashes.SHA256())
    data = request.public_bytes(Encoding.DER)
    wanted = parse_mkcert_request(data, WHO)
    assert [name.text for name in wanted.names] == ["my_ca.test"]
    made = x509.load_der_x509_certificate(issue(issuer, wanted, NOW).der)
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not constraints.ca


def test_a_request_that_cannot_be_signed_is_refused() -> None:
    with pytest.raises(InputError):
        parse_mkcert_request(b"not a request", WHO)
    data = bytearray(_request("b.test"))
    data[-1] ^= 1
    with pytest.raises(ProfileError):
        parse_mkcert_request(bytes(data), WHO)


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
def test_a_strict_client_accepts_it(issuer: Issuer, tmp_path: Path, kind: str) -> None:
    """A real handshake, with what Python 3.13 checks by default."""
    key = generate_private_key(kind)
    names = parse_typed_names(["localhost", "127.0.0.1"])
    subject = usual_subject(WHO, names, with_common_name=False)
    issued = issue(issuer, Wanted(names, key.public_key(), subject), NOW)
    path = tmp_path / "both.pem"
    (file,) = encode_pem_files(issued.der, key, Paths(str(path), str(path), ""))
    path.write_bytes(file.data)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    root = ssl.DER_cert_to_PEM_cert(issuer.certificate)
    client = ssl.create_default_context(cadata=root)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    for host in ("localhost", "127.0.0.1"):
        assert _handshake(server, client, host) == "localhost"


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> str:
    """Return the first DNS name of the certificate that was accepted."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with server.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    with (
        socket.create_connection(listener.getsockname()) as connection,
        client.wrap_socket(connection, server_hostname=host) as secured,
    ):
        found = secured.getpeercert()
        secured.send(b"x")
    thread.join()
    listener.close()
    assert found is not None
    return str(found["subjectAltName"][0][1])


def test_the_key_of_a_certificate_can_be_read(
    issuer: Issuer, rsa_key: PrivateKey
) -> None:
    key_file, _ = encode_pem_files(issuer.certificate, rsa_key, Paths("c", "k", "p"))
    assert load_private_key(key_file.data).public_key() == rsa_key.public_key()
