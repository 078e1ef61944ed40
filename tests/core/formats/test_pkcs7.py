"""PKCS#7: certificates without a key."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from chains import EVERY_KIND, family
from tlsmith.core.formats import encode_pkcs7
from tlsmith.errors import InputError


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("as_der", [True, False])
def test_every_certificate_is_in_it(kind: str, as_der: bool) -> None:
    one = family(kind)
    data = encode_pkcs7(one.ders, der=as_der)
    assert data.startswith(b"0" if as_der else b"-----BEGIN PKCS7-----\n")
    load = (
        pkcs7.load_der_pkcs7_certificates
        if as_der
        else pkcs7.load_pem_pkcs7_certificates
    )
    found = {certificate.public_bytes(Encoding.DER) for certificate in load(data)}
    assert found == set(one.ders)


def test_none_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        encode_pkcs7([], der=True)


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        encode_pkcs7([b"0\x00"], der=True)
