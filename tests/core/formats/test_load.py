"""Any file: everything that is in it, or one clear error."""

import base64
import json
import warnings
from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from chains import EVERY_KIND, certify, family, key_of, request, revocation_list
from keystores import certificate_entry, keystore
from tlsmith.core import der
from tlsmith.core.formats import (
    encode_java_truststore,
    encode_kubernetes_secret,
    encode_pem,
    encode_pkcs7,
    encode_pkcs12,
    encode_private_key,
)
from tlsmith.core.formats.load import load_objects
from tlsmith.core.formats.objects import Objects
from tlsmith.core.keys import public_key_info
from tlsmith.errors import InputError, PassphraseError, TLSmithError


def ders(objects: Objects) -> list[bytes]:
    return [one.der for one in objects.certificates]


def infos(objects: Objects) -> list[bytes]:
    return [one.info for one in objects.keys]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_combined_file_gives_all_it_has(kind: str) -> None:
    one = family(kind)
    objects = load_objects(one.pem + one.leaf.key_pem)
    assert ders(objects) == one.ders
    assert infos(objects) == [one.leaf.info]
    assert not objects.notes


@pytest.mark.parametrize("as_der", [True, False])
@pytest.mark.parametrize("passphrase", [None, b"secret"])
def test_a_key_is_read_and_known_to_be_encrypted(
    as_der: bool, passphrase: bytes | None
) -> None:
    data = encode_private_key(key_of("p256"), passphrase, der=as_der)
    (key,) = load_objects(data, [b"wrong", b"secret"]).keys
    assert key.was_encrypted == (passphrase is not None)


def test_an_old_encrypted_key_is_read() -> None:
    data = key_of("rsa2048").private_bytes(
        Encoding.PEM,
        PrivateFormat.TraditionalOpenSSL,
        BestAvailableEncryption(b"secret"),
    )
    (key,) = load_objects(data, [b"secret"]).keys
    assert key.was_encrypted


def test_a_key_of_openssh_is_read_with_its_public_line() -> None:
    key = key_of("ed25519")
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    info = public_key_info(key.public_key())
    assert infos(load_objects(private)) == [info]
    assert load_objects(line + b" me@here\n").public_keys == (info,)


def test_requests_revocation_lists_and_public_keys_are_read() -> None:
    one = family()
    csr, crl = request(one.leaf.key), revocation_list(one.root)
    data = encode_pem("CERTIFICATE REQUEST", csr) + encode_pem("X509 CRL", crl)
    objects = load_objects(data + encode_pem("PUBLIC KEY", one.leaf.info))
    assert (objects.requests, objects.crls) == ((csr,), (crl,))
    assert objects.public_keys == (one.leaf.info,)
    assert load_objects(csr).requests == (csr,)


def test_containers_are_opened() -> None:
    one = family()
    for data in (
        encode_pkcs12(one.leaf.key, one.ders, passphrase=b"changeit", name="x"),
        encode_pkcs7(one.ders, der=True),
        encode_pkcs7(one.ders, der=False),
        encode_java_truststore(one.ders, b"changeit"),
        keystore(*(certificate_entry("x", one) for one in one.ders)),
    ):
        assert set(ders(load_objects(data))) == set(one.ders)


def test_a_secret_is_read() -> None:
    one = family()
    data = encode_kubernetes_secret(
        one.ders[:2], one.leaf.key, name="x", ca=one.ders[2:]
    )
    objects = load_objects(data)
    assert set(ders(objects)) == set(one.ders)
    assert infos(objects) == [one.leaf.info]


def test_a_secret_in_json_and_in_a_list_is_read() -> None:
    one = family()
    values = {
        "tls.crt": base64.b64encode(one.pem).decode(),
        "tls.key": base64.b64encode(one.leaf.key_pem).decode(),
    }
    secret = {"apiVersion": "v1", "kind": "Secret", "data": values}
    for text in (secret, {"kind": "List", "items": [{"kind": "Other"}, secret]}):
        objects = load_objects(json.dumps(text).encode())
        assert ders(objects) == one.ders
        assert infos(objects) == [one.leaf.info]


def test_a_secret_written_by_hand_is_read() -> None:
    one = family()
    lines = ["kind: Secret", "stringData:"]
    for key, pem in (("tls.crt", one.pem), ("tls.key", one.leaf.key_pem)):
        lines.append(f"  {key}: |")
        lines += [f"    {line}" for line in pem.decode().splitlines()]
    plain = {"tls.crt": one.pem.decode(), "tls.key": one.leaf.key_pem.decode()}
    in_json = json.dumps({"kind": "Secret", "stringData": plain})
    for text in ("\n".join(lines) + "\n", in_json):
        objects = load_objects(text.encode())
        assert ders(objects) == one.ders
        assert infos(objects) == [one.leaf.info]


def test_what_openssl_adds_to_a_certificate_is_left_behind() -> None:
    one = family()
    trust = der.sequence(der.sequence(der.object_identifier("1.3.6.1.5.5.7.3.1")))
    data = encode_pem("TRUSTED CERTIFICATE", one.leaf.der + trust)
    assert ders(load_objects(data)) == [one.leaf.der]


def test_a_trusted_certificate_that_is_damaged_is_an_error() -> None:
    with pytest.raises(InputError):
        load_objects(encode_pem("TRUSTED CERTIFICATE", family().leaf.der[:100]))


def test_the_parameters_of_a_key_are_passed_by_in_silence() -> None:
    curve = der.object_identifier("1.2.840.10045.3.1.7")
    data = encode_pem("EC PARAMETERS", curve) + family().leaf.key_pem
    objects = load_objects(data)
    assert infos(objects) == [family().leaf.info]
    assert not objects.notes


def test_what_is_something_else_is_named() -> None:
    body = der.sequence(der.integer(1 << 600), der.integer(2))
    data = family().leaf.pem + encode_pem("DH PARAMETERS", body)
    assert "DH PARAMETERS" in load_objects(data, source="'x.pem'").notes[0]


def test_what_windows_does_to_text_is_read_and_noted() -> None:
    one = family()
    objects = load_objects(one.leaf.pem.decode().encode("utf-16"))
    assert ders(objects) == [one.leaf.der]
    assert "UTF-16" in objects.notes[0]


@pytest.mark.parametrize("data", [b"", b"hello", b"\x00" * 50, b"key: value\n"])
def test_what_is_nothing_we_know_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"no certificate.*in 'a\.txt'") as caught:
        load_objects(data, source="'a.txt'")
    assert caught.value.code == "not-recognised"


@pytest.mark.parametrize(
    "data",
    [
        family().leaf.pem[:300],
        family().leaf.pem.replace(b"MII", b"M!I"),
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        family().leaf.pem + family().leaf.key_pem[:-40],
    ],
    ids=["cut short", "not base64", "empty", "half a key"],
)
def test_half_a_file_is_refused_whole(data: bytes) -> None:
    with pytest.raises(InputError, match=r"'a\.pem' is damaged: line \d+"):
        load_objects(data, source="'a.pem'")


def test_der_cut_short_is_refused() -> None:
    with pytest.raises(InputError, match=r"certificate in 'a\.der'"):
        load_objects(family().leaf.der[:-10], source="'a.der'")


@pytest.mark.parametrize(
    ("passphrases", "code"),
    [([], "passphrase-needed"), ([b"a", b"b"], "bad-passphrase")],
)
def test_an_encrypted_key_that_does_not_open_says_where_it_is(
    passphrases: Sequence[bytes], code: str
) -> None:
    data = encode_private_key(key_of("p256"), b"secret")
    with pytest.raises(PassphraseError, match=r"^'k\.pem': ") as caught:
        load_objects(data, passphrases, source="'k.pem'")
    assert caught.value.code == code


def test_a_damaged_key_says_where_it_is() -> None:
    data = encode_pem("PRIVATE KEY", encode_private_key(key_of("p256"), der=True)[:-9])
    with pytest.raises(InputError, match=r"'k\.pem'"):
        load_objects(data, source="'k.pem'")


def test_old_faults_of_certificates_are_read_without_a_warning() -> None:
    root = certify("x", key_of("p256"), ca=True, serial_number=5)
    wrong = root.der.replace(der.integer(5), der.encode(der.INTEGER, b"\x00"), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ders(load_objects(wrong)) == [wrong]


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A good file with a few octets changed, taken out or put in."""
    one = family()
    data = bytearray(
        draw(
            st.sampled_from(
                [
                    one.leaf.der,
                    one.leaf.pem + one.leaf.key_pem,
                    encode_private_key(one.leaf.key, der=True),
                    encode_pkcs7(one.ders, der=True),
                    keystore(certificate_entry("x", one.root.der)),
                    encode_kubernetes_secret(one.ders, one.leaf.key, name="x"),
                    _PKCS12,
                ]
            )
        )
    )
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        data[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


_PKCS12 = encode_pkcs12(
    family().leaf.key, family().ders, passphrase=b"changeit", name="x"
)


@given(spoilt())
def test_whatever_is_wrong_there_is_one_error_of_ours(data: bytes) -> None:
    try:
        objects = load_objects(data)
    except TLSmithError as error:
        assert error.message  # noqa: PT017
        return
    assert objects.count
