"""Containers of many certificates and keys: PKCS#12, PKCS#7 and Java's keystores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tlsmith.core import der
from tlsmith.core.formats.jks import has_passphrase, read_keystore, uncover_key
from tlsmith.core.formats.keyfile import load_private_key
from tlsmith.core.formats.objects import HeldCertificate, HeldKey, Objects
from tlsmith.core.formats.parsed import held_certificate, held_key
from tlsmith.core.formats.rounds import check_rounds
from tlsmith.errors import InputError, PassphraseError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization.pkcs12 import (
        PKCS12Certificate,
        PKCS12KeyAndCertificates,
    )

# What containers have that were never meant to be secret: Java's and mkcert's.
USUAL_PASSPHRASE = b"changeit"
_USUAL = (None, b"", USUAL_PASSPHRASE)

_DATA = der.object_identifier("1.2.840.113549.1.7.1")
_KEY_BAG = der.object_identifier("1.2.840.113549.1.12.10.1.1")
_SHROUDED_KEY_BAG = der.object_identifier("1.2.840.113549.1.12.10.1.2")


def load_pkcs7(data: bytes, source: str) -> Objects:
    """Return the certificates of DER PKCS#7.

    Raises:
        InputError: it has none, or cannot be read.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    try:
        certificates = pkcs7.load_der_pkcs7_certificates(data)
    except Exception as error:  # a dozen kinds, not all of them ValueErrors
        raise InputError(
            f"the PKCS#7 in {source} cannot be read, or holds no certificates",
            hint="see what it is with `tlsmith show`",
        ) from error
    return Objects(
        certificates=tuple(
            held_certificate(one.public_bytes(Encoding.DER), source)
            for one in certificates
        )
    )


def load_pkcs12(data: bytes, passphrases: Sequence[bytes], source: str) -> Objects:
    """Return the certificates and private keys of PKCS#12.

    Args:
        passphrases: to try; where there are none: none, empty, "changeit".

    Raises:
        PassphraseError: none of them opens it.
        InputError: it cannot be read.
    """
    check_rounds(data)
    opened, passphrase = _open_pkcs12(data, passphrases, source)
    keys: list[Any] = [opened.key] if opened.key is not None else []
    bags = list(_key_bags(data))
    if len(bags) > 1:  # the library returns one key, however many there are
        keys += [load_private_key(bag, passphrase) for bag in bags]
    first = [opened.cert] if opened.cert else []
    return Objects(
        certificates=tuple(
            _named_certificate(one, source)
            for one in (*first, *opened.additional_certs)
        ),
        keys=tuple(
            held_key(key, source, was_encrypted=passphrase not in _USUAL)
            for key in keys
        ),
    )


def _open_pkcs12(
    data: bytes, passphrases: Sequence[bytes], source: str
) -> tuple[PKCS12KeyAndCertificates, bytes | None]:
    from cryptography.hazmat.primitives.serialization import pkcs12

    for passphrase in passphrases or _USUAL:
        try:
            return pkcs12.load_pkcs12(data, passphrase), passphrase
        except Exception as error:
            if "nvalid password" not in str(error):
                raise _unsupported_pkcs12(source) from error
    raise PassphraseError(
        f"no passphrase that was given opens the PKCS#12 in {source}"
        if passphrases
        else f"the PKCS#12 in {source} needs a passphrase",
        code="bad-passphrase" if passphrases else "passphrase-needed",
        hint="give its passphrase; a damaged file looks the same",
    )


def _unsupported_pkcs12(source: str) -> InputError:
    return InputError(
        f"the PKCS#12 in {source} is damaged, or has a key or an encryption that is "
        "not supported",
        hint="see it with `tlsmith show`; `openssl pkcs12 -in FILE -nodes` may read it",
    )


def _named_certificate(one: PKCS12Certificate, source: str) -> HeldCertificate:
    from cryptography.hazmat.primitives.serialization import Encoding

    name = (one.friendly_name or b"").decode("utf-8", "replace")
    der_bytes = one.certificate.public_bytes(Encoding.DER)
    return held_certificate(der_bytes, source, name or None)


def _key_bags(data: bytes) -> Iterator[bytes]:
    """Yield the private keys in the part of PKCS#12 that is not encrypted as a whole.

    RFC 7292 section 4: a SafeBag is its type, its value and perhaps attributes. PKCS#12
    may be BER; of that, what cannot be read as DER is passed by.
    """
    try:
        pfx, _ = der.read(data)
        _version, safe, *_ = der.children(pfx.content)
        contents, _ = der.read(_octets(safe))
        for info in der.children(contents.content):
            if not info.content.startswith(_DATA):
                continue
            bags, _ = der.read(_octets(info))
            for bag in der.children(bags.content):
                kind, value, *_ = der.children(bag.content)
                if kind.whole in (_KEY_BAG, _SHROUDED_KEY_BAG):
                    yield value.content
    except (InputError, ValueError):
        return


def _octets(content_info: der.Element) -> bytes:
    """Return the octets of a ContentInfo of type data (RFC 5652 section 4)."""
    _type, explicit = der.children(content_info.content)
    return der.read(explicit.content)[0].content


def load_keystore(data: bytes, passphrases: Sequence[bytes], source: str) -> Objects:
    """Return the certificates and private keys of a JKS or JCEKS keystore.

    Args:
        passphrases: to try; where there are none: "changeit". Of a truststore nothing
            is hidden, so that without a passphrase it is read all the same.

    Raises:
        PassphraseError: none of them is that of the keystore, or of a key in it.
        InputError: it cannot be read.
    """
    entries = read_keystore(data)
    tried = passphrases or (USUAL_PASSPHRASE,)
    right = next((one for one in tried if has_passphrase(data, one)), None)
    has_keys = any(entry.protected_key is not None for entry in entries)
    if right is None and (passphrases or has_keys):
        raise PassphraseError(
            f"no passphrase that was given is that of the Java keystore in {source}"
            if passphrases
            else f"the Java keystore in {source} needs a passphrase",
            code="bad-passphrase" if passphrases else "passphrase-needed",
            hint="give its passphrase; a damaged keystore looks the same",
        )
    unchecked = f"{source}: not checked for changes, as its passphrase was not given"
    certificates = []
    keys = []
    for entry in entries:
        for one in entry.certificates:
            certificates.append(held_certificate(one, source, entry.alias))
        if entry.protected_key is not None and right is not None:
            plain = uncover_key(entry.protected_key, right)
            keys.append(_key_of(plain, source, secret=right != USUAL_PASSPHRASE))
    return Objects(
        tuple(certificates), tuple(keys), notes=() if right else (unchecked,)
    )


def _key_of(plain: bytes, source: str, *, secret: bool) -> HeldKey:
    return held_key(load_private_key(plain), source, was_encrypted=secret)
