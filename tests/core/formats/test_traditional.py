"""Keys as they were before PKCS#8."""

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chains import EVERY_KIND, key_of
from tlsmith.core.formats.traditional import encode_traditional_key
from tlsmith.errors import InputError

OLD_KINDS = [kind for kind in EVERY_KIND if kind.startswith(("rsa", "p"))]


@pytest.mark.parametrize("kind", OLD_KINDS)
def test_old_kinds_have_an_old_form(kind: str) -> None:
    data = encode_traditional_key(key_of(kind))
    label = b"RSA PRIVATE KEY" if kind.startswith("rsa") else b"EC PRIVATE KEY"
    assert data.startswith(b"-----BEGIN " + label + b"-----\n")
    read = load_pem_private_key(data, None)
    assert read.public_key() == key_of(kind).public_key()


@pytest.mark.parametrize("kind", sorted(set(EVERY_KIND) - set(OLD_KINDS)))
def test_newer_kinds_have_none(kind: str) -> None:
    with pytest.raises(InputError, match=f"{kind} has no form but PKCS#8"):
        encode_traditional_key(key_of(kind))
