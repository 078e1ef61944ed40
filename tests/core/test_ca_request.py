"""A CA's request, as OpenSSL, the library and our own reader see it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from authority.adoption.worlds import run
from interop.tools import needs
from tlsmith.core.ca_request import encode_ca_request
from tlsmith.core.formats import encode_pem
from tlsmith.core.keys import KINDS, generate_private_key, public_key_info
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.requested import read_request
from tlsmith.core.subject import distinguished_name

NAME = distinguished_name((COMMON_NAME, "Zoë's CA"))


@pytest.mark.parametrize("kind", [one for one in KINDS if one != "rsa4096"])
def test_every_kind_of_key_asks_to_be_a_ca(kind: str) -> None:
    key = generate_private_key(kind)
    requested = read_request(encode_ca_request(NAME, key))
    assert requested.subject == NAME
    assert requested.public_key_info == public_key_info(key.public_key())
    assert (requested.names, requested.asked.is_ca) == ((), True)


@pytest.mark.parametrize("length", [None, 0, 3])
def test_the_library_reads_the_same(length: int | None) -> None:
    data = encode_ca_request(NAME, generate_private_key(), path_length=length)
    request = x509.load_der_x509_csr(data)
    assert request.is_signature_valid
    extension = request.extensions.get_extension_for_class(x509.BasicConstraints)
    assert extension.critical
    assert (extension.value.ca, extension.value.path_length) == (True, length)
    usage = request.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert usage.crl_sign
    assert not usage.digital_signature


@pytest.mark.interop
def test_openssl_verifies_it(tmp_path: Path) -> None:
    needs("openssl")
    pem = encode_pem(
        "CERTIFICATE REQUEST", encode_ca_request(NAME, generate_private_key())
    )
    (tmp_path / "a.csr").write_bytes(pem)
    words = ("openssl", "req", "-in", "a.csr", "-noout", "-verify", "-text")
    text = run(*words, folder=tmp_path)
    assert "CA:TRUE, pathlen:0" in text
    assert "Certificate Sign, CRL Sign" in text
