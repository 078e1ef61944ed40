"""PKCS#12 with ML-DSA keys, which the library neither writes nor reads.

Assembled from what it does have: the key as encrypted PKCS#8, PBES2 for the
certificates, PBKDF2 and HMAC for the hash over all (RFC 9579). Whoever knows ML-DSA,
such as OpenSSL from 3.5 on, knows that hash as well.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tlsmith.core import der
from tlsmith.core.formats.pbes2 import decrypt_key, encrypt_key
from tlsmith.core.formats.pbkdf2 import (
    HMAC_SHA256,
    ROUNDS,
    decode_derivation,
    derive,
    encode_derivation,
)
from tlsmith.errors import InputError

_DATA = der.object_identifier("1.2.840.113549.1.7.1")
_ENCRYPTED_DATA = der.object_identifier("1.2.840.113549.1.7.6")
_KEY_BAG = der.object_identifier("1.2.840.113549.1.12.10.1.1")
_SHROUDED_KEY_BAG = der.object_identifier("1.2.840.113549.1.12.10.1.2")
_CERTIFICATE_BAG = der.object_identifier("1.2.840.113549.1.12.10.1.3")
_X509 = der.object_identifier("1.2.840.113549.1.9.22.1")
_FRIENDLY_NAME = der.object_identifier("1.2.840.113549.1.9.20")
_LOCAL_KEY_ID = der.object_identifier("1.2.840.113549.1.9.21")
_PBMAC1 = der.object_identifier("1.2.840.113549.1.5.14")
_BMP_STRING = 0x1E
_VERSION = 3
_SIZE = 32  # of the key and the value of HMAC-SHA-256


class Bag(NamedTuple):
    """One thing in PKCS#12.

    Args:
        is_key: a DER PrivateKeyInfo, encrypted or not; else a DER certificate.
    """

    is_key: bool
    content: bytes
    name: str | None


def encode_pkcs12_by_hand(
    private_key_info: bytes, chain: Sequence[bytes], *, passphrase: bytes, name: str
) -> bytes:
    """Return PKCS#12 (RFC 7292 section 4) of a DER PrivateKeyInfo and certificates.

    Args:
        chain: DER, end entity first.
    """
    # Which certificate is the key's; an identifier, as everyone writes it.
    mark = hashlib.sha1(b"".join(chain[:1]), usedforsecurity=False).digest()
    attributes = _attributes(name, mark)
    bags = [
        _bag(
            _CERTIFICATE_BAG,
            der.sequence(_X509, _explicit(der.octet_string(one))),
            attributes if index == 0 else b"",
        )
        for index, one in enumerate(chain)
    ]
    shrouded = encrypt_key(private_key_info, passphrase)
    key_bag = _bag(_SHROUDED_KEY_BAG, shrouded, attributes)
    safe = der.sequence(
        _encrypted_data(der.sequence(*bags), passphrase),
        _data(der.sequence(key_bag)),
    )
    return der.sequence(der.integer(_VERSION), _data(safe), _mac(safe, passphrase))


def decode_pkcs12_by_hand(
    data: bytes, passphrase: bytes, *, is_checked: bool = False
) -> list[Bag]:
    """Return what is in PKCS#12, once its hash is known to be right.

    Args:
        is_checked: the library has found the hash right; that of RFC 9579 is checked
            here all the same, but the older kind only the library can.

    Raises:
        InputError: the passphrase does not open it, it is damaged, its hash cannot be
            checked, or it is encrypted in another way than PBES2 with AES.
    """
    try:
        pfx, _ = der.read(data)
        _version, safe_info, *mac = der.children(pfx.content)
        safe = _octets(safe_info)
        if mac and _is_new(mac[0]):
            _check_mac(mac[0], safe, passphrase)
        elif not is_checked:
            raise InputError("a hash that is missing, or of the older kind")
        bags: list[Bag] = []
        for info in der.children(der.read(safe)[0].content):
            bags += _bags(_opened(info, passphrase))
    except (ValueError, IndexError) as error:
        raise InputError(
            "it is damaged, or encrypted in a way that is not supported"
        ) from error
    return bags


def key_bags(data: bytes) -> list[bytes]:
    """Return the private keys in the part of PKCS#12 that is not encrypted as a whole.

    PKCS#12 may be BER; of that, what cannot be read as DER is passed by.

    Returns:
        DER PrivateKeyInfo or EncryptedPrivateKeyInfo.
    """
    keys: list[bytes] = []
    try:
        pfx, _ = der.read(data)
        _version, safe, *_mac = der.children(pfx.content)
        for info in der.children(der.read(_octets(safe))[0].content):
            if info.content.startswith(_DATA):
                keys += (bag.content for bag in _bags(_octets(info)) if bag.is_key)
    except ValueError:
        pass
    return keys


def _attributes(name: str, mark: bytes) -> bytes:
    friendly = der.encode(_BMP_STRING, name.encode("utf-16-be"))
    return der.encode(
        der.SET,
        der.sequence(_FRIENDLY_NAME, der.encode(der.SET, friendly)),
        der.sequence(_LOCAL_KEY_ID, der.encode(der.SET, der.octet_string(mark))),
    )


def _bag(kind: bytes, value: bytes, attributes: bytes) -> bytes:
    return der.sequence(kind, _explicit(value), attributes)


def _explicit(value: bytes) -> bytes:
    return der.context(0, value, constructed=True)


def _data(content: bytes) -> bytes:
    """Return a ContentInfo of type data (RFC 5652 section 4)."""
    return der.sequence(_DATA, _explicit(der.octet_string(content)))


def _encrypted_data(content: bytes, passphrase: bytes) -> bytes:
    """Return a ContentInfo of type encrypted-data (RFC 5652 section 8)."""
    outer, _ = der.read(encrypt_key(content, passphrase))
    algorithm, encrypted = der.children(outer.content)
    info = der.sequence(_DATA, algorithm.whole, der.context(0, encrypted.content))
    return der.sequence(_ENCRYPTED_DATA, _explicit(der.sequence(der.integer(0), info)))


def _mac(content: bytes, passphrase: bytes) -> bytes:
    """Return the MacData of RFC 9579 section 4; salt and rounds of old are unused."""
    salt = secrets.token_bytes(16)
    secret = derive(passphrase, salt, ROUNDS, _SIZE)
    value = hmac.digest(secret, content, "sha256")
    scheme = der.sequence(HMAC_SHA256, der.encode(der.NULL))
    parameters = der.sequence(encode_derivation(salt, ROUNDS, _SIZE), scheme)
    algorithm = der.sequence(_PBMAC1, parameters)
    digest = der.sequence(algorithm, der.octet_string(value))
    return der.sequence(digest, der.octet_string(b"NOT USED"))


def _is_new(mac: der.Element) -> bool:
    """Tell a hash of RFC 9579 from that of RFC 7292 section 4."""
    digest, *_ = der.children(mac.content)
    algorithm, *_ = der.children(digest.content)
    return der.read(algorithm.content)[0].whole == _PBMAC1


def _check_mac(mac: der.Element, content: bytes, passphrase: bytes) -> None:
    digest, *_ = der.children(mac.content)
    algorithm, value = der.children(digest.content)
    _kind, *parameters = der.children(algorithm.content)
    derivation, scheme = der.children(parameters[0].content)
    found = decode_derivation(derivation)
    if found is None or der.read(scheme.content)[0].whole != HMAC_SHA256:
        raise InputError("a hash that is not supported")
    secret = derive(passphrase, found.salt, found.rounds, found.size or _SIZE)
    expected = hmac.digest(secret, content, "sha256")
    if not hmac.compare_digest(expected, value.content):
        raise InputError("a hash that is not that of the contents")


def _opened(info: der.Element, passphrase: bytes) -> bytes:
    """Return the SafeContents of a ContentInfo."""
    kind, explicit = der.children(info.content)
    if kind.whole == _DATA:
        return _octets(info)
    if kind.whole != _ENCRYPTED_DATA:
        raise InputError("contents that are not supported")
    _version, content = der.children(der.read(explicit.content)[0].content)
    _type, algorithm, encrypted = der.children(content.content)
    whole = der.sequence(algorithm.whole, der.octet_string(encrypted.content))
    opened = decrypt_key(whole, passphrase)
    if opened is None:
        raise InputError("contents that do not open")
    return opened


def _bags(contents: bytes) -> Iterator[Bag]:
    for bag in der.children(der.read(contents)[0].content):
        kind, value, *attributes = der.children(bag.content)
        name = _name(attributes[0]) if attributes else None
        if kind.whole in (_KEY_BAG, _SHROUDED_KEY_BAG):
            yield Bag(True, value.content, name)
        elif kind.whole == _CERTIFICATE_BAG:
            _type, explicit = der.children(der.read(value.content)[0].content)
            yield Bag(False, der.read(explicit.content)[0].content, name)


def _name(attributes: der.Element) -> str | None:
    for attribute in der.children(attributes.content):
        kind, values = der.children(attribute.content)
        if kind.whole == _FRIENDLY_NAME:
            return der.read(values.content)[0].content.decode("utf-16-be", "replace")
    return None


def _octets(content_info: der.Element) -> bytes:
    _type, explicit = der.children(content_info.content)
    return der.read(explicit.content)[0].content
