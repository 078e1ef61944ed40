"""PKCS#12 (RFC 7292): key, certificate and chain in one file; and Java's truststore."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tlsmith.core.formats.keyfile import encode_private_key
from tlsmith.errors import InputError, PassphraseError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import (
        KeySerializationEncryption,
    )
    from cryptography.x509 import Certificate

# The library's own choice. More would gain nothing: the hash over the whole file (RFC
# 7292 section 4) is always derived in 2,048, and is where one would guess.
_ROUNDS = 20_000
_LEGACY_ROUNDS = 2048


def encode_pkcs12(
    key: Any,
    chain: Sequence[bytes],
    *,
    passphrase: bytes,
    name: str,
    legacy: bool = False,
) -> bytes:
    """Return PKCS#12 with a private key, its certificate and the rest of the chain.

    Args:
        key: None leaves the key out.
        chain: DER certificates, end entity first.
        name: the friendly name, which Java calls the alias.
        legacy: encrypt with 3DES and SHA-1, for clients older than about 2019.

    Raises:
        InputError: the key is of a kind that PKCS#12 is not written for.
        PassphraseError: the passphrase is empty.
    """
    from cryptography.hazmat.primitives.serialization import pkcs12

    if key is not None and _is_ml_dsa(key, legacy=legacy):
        from tlsmith.core.formats.pkcs12_mldsa import encode_pkcs12_by_hand

        return encode_pkcs12_by_hand(
            encode_private_key(key, der=True),
            chain,
            passphrase=_checked(passphrase),
            name=name,
        )
    certificates = load_certificates(chain)
    return pkcs12.serialize_key_and_certificates(
        name.encode(),
        key,
        certificates[0] if certificates else None,
        certificates[1:],
        _encryption(passphrase, legacy),
    )


def encode_java_truststore(
    certificates: Sequence[bytes],
    passphrase: bytes,
    names: Sequence[str] = (),
    *,
    legacy: bool = False,
) -> bytes:
    """Return a truststore in PKCS#12, as Java reads it from version 8u301 on.

    Each certificate carries the attribute by which Java knows that it is trusted.

    Args:
        certificates: DER.
        names: an alias for each; where there are none, they are numbered.
        legacy: encrypt with 3DES and SHA-1, which older Java needs.

    Raises:
        InputError: there are no certificates, or one is not a certificate.
        PassphraseError: the passphrase is empty.
    """
    if not certificates:
        raise InputError("a truststore without certificates would trust nothing")
    from cryptography.hazmat.primitives.serialization import pkcs12

    aliases = _unique(names or [f"certificate-{n}" for n in range(len(certificates))])
    entries = [
        pkcs12.PKCS12Certificate(certificate, alias.encode())
        for certificate, alias in zip(
            load_certificates(certificates), aliases, strict=True
        )
    ]
    return pkcs12.serialize_java_truststore(entries, _encryption(passphrase, legacy))


def load_certificates(chain: Sequence[bytes]) -> list[Certificate]:
    """Return DER certificates as the library's.

    Raises:
        InputError: one is not a certificate.
    """
    from cryptography.x509 import load_der_x509_certificate

    with warnings.catch_warnings():
        # Of a serial number of 0 and the like: what was read, we write.
        warnings.simplefilter("ignore")
        try:
            return [load_der_x509_certificate(der) for der in chain]
        except Exception as error:  # a dozen kinds, not all of them ValueErrors
            raise InputError("a certificate cannot be read") from error


def _unique(names: Sequence[str]) -> list[str]:
    """Number names that come twice: Java tells aliases apart without regard to case."""
    seen: set[str] = set()
    unique = []
    for name in names:
        chosen, count = name, 1
        while chosen.lower() in seen:
            count += 1
            chosen = f"{name}-{count}"
        seen.add(chosen.lower())
        unique.append(chosen)
    return unique


def _is_ml_dsa(key: Any, *, legacy: bool) -> bool:
    """Tell whether a key is ML-DSA; refuse those that are of no kind for PKCS#12."""
    from tlsmith.core.keys import kind_of

    kind = kind_of(key)
    if kind.startswith("ml-dsa") and not legacy:
        return True
    if kind.startswith(("ml-dsa", "x25519", "x448", "dh")):
        raise InputError(
            f"a key of kind {kind} does not go into PKCS#12"
            + (" for old clients, who do not know it" if legacy else ""),
            code="unsupported-key",
            hint="leave out --legacy" if legacy else "use --to pkcs8",
        )
    return False


def _checked(passphrase: bytes) -> bytes:
    if not passphrase:
        raise PassphraseError(
            "PKCS#12 needs a passphrase that is not empty",
            hint="many programs cannot open one without",
        )
    try:
        passphrase.decode()
    except UnicodeDecodeError:  # without the error, which quotes it
        raise PassphraseError(
            "the passphrase of PKCS#12 is text (RFC 7292 appendix B.1), and this one "
            "is not in UTF-8",
            hint="choose one of letters and digits",
        ) from None
    return passphrase


def _encryption(passphrase: bytes, legacy: bool) -> KeySerializationEncryption:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

    builder = PrivateFormat.PKCS12.encryption_builder()
    if legacy:
        return (
            builder.kdf_rounds(_LEGACY_ROUNDS)
            .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
            .hmac_hash(hashes.SHA1())  # noqa: S303 - what the old clients know
            .build(_checked(passphrase))
        )
    return (
        builder.kdf_rounds(_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(_checked(passphrase))
    )
