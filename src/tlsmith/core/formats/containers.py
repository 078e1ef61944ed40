"""Containers of many certificates and keys: PKCS#12, PKCS#7 and Java's keystores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tlsmith.core.formats.jks import has_passphrase, read_keystore, uncover_key
from tlsmith.core.formats.keyfile import load_private_key
from tlsmith.core.formats.objects import HeldCertificate, HeldKey, Objects
from tlsmith.core.formats.parsed import held_certificate, held_key
from tlsmith.core.formats.pkcs12_mldsa import decode_pkcs12_by_hand, key_bags
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
    from cryptography.hazmat.primitives.serialization import pkcs12

    check_rounds(data)
    faults = []
    for passphrase in passphrases or _USUAL:
        try:
            opened = pkcs12.load_pkcs12(data, passphrase)
        except Exception as error:  # a dozen kinds, not all of them ValueErrors
            faults.append((passphrase, error))
        else:
            return _objects_of(opened, data, passphrase, source)
    for passphrase, fault in faults:
        # Past the passphrase and the hash over all, at a key of a kind unknown to it.
        is_checked = "deserialize key" in str(fault)
        objects = _load_by_hand(data, passphrase, source, is_checked=is_checked)
        if objects is not None:
            return objects
    _, last = faults[-1]
    if "nvalid password" not in str(last):
        raise InputError(
            f"the PKCS#12 in {source} is damaged, or encrypted in a way that is not "
            "supported",
            hint="see it with `tlsmith show`; `openssl pkcs12 -in FILE -nodes` may "
            "read it",
        ) from last
    raise PassphraseError(
        f"no passphrase that was given opens the PKCS#12 in {source}"
        if passphrases
        else f"the PKCS#12 in {source} needs a passphrase",
        code="bad-passphrase" if passphrases else "passphrase-needed",
        hint="give its passphrase; a damaged file looks the same",
    )


def _objects_of(
    opened: PKCS12KeyAndCertificates,
    data: bytes,
    passphrase: bytes | None,
    source: str,
) -> Objects:
    keys: list[Any] = [opened.key] if opened.key is not None else []
    bags = key_bags(data)
    if len(bags) > 1:  # the library returns one key, however many there are
        keys += [load_private_key(bag, passphrase) for bag in bags]
    first = [opened.cert] if opened.cert else []
    return Objects(
        tuple(
            _named_certificate(one, source)
            for one in (*first, *opened.additional_certs)
        ),
        tuple(
            held_key(key, source, was_encrypted=passphrase not in _USUAL)
            for key in keys
        ),
    )


def _load_by_hand(
    data: bytes, passphrase: bytes | None, source: str, *, is_checked: bool
) -> Objects | None:
    """Return what is in PKCS#12 that the library does not read, such as ML-DSA keys.

    None where this passphrase does not open it.
    """
    try:
        bags = decode_pkcs12_by_hand(data, passphrase or b"", is_checked=is_checked)
    except InputError:
        return None
    try:
        keys = [load_private_key(bag.content, passphrase) for bag in bags if bag.is_key]
    except InputError as error:
        raise InputError(
            f"the PKCS#12 in {source}: {error.message}",
            code=error.code,
            hint=error.hint,
        ) from error
    return Objects(
        tuple(
            held_certificate(bag.content, source, bag.name)
            for bag in bags
            if not bag.is_key
        ),
        tuple(
            held_key(key, source, was_encrypted=passphrase not in _USUAL)
            for key in keys
        ),
    )


def _named_certificate(one: PKCS12Certificate, source: str) -> HeldCertificate:
    from cryptography.hazmat.primitives.serialization import Encoding

    name = (one.friendly_name or b"").decode("utf-8", "replace")
    der_bytes = one.certificate.public_bytes(Encoding.DER)
    return held_certificate(der_bytes, source, name or None)


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
