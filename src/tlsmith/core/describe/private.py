"""Private keys: what kind and how large, and which public key; never their numbers."""

from __future__ import annotations

from typing import Any

from tlsmith.core.describe.certificate import read_outer
from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.dissect import (
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Dissection,
    Reader,
)
from tlsmith.core.describe.encryption import read_encryption
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.guard import attempt
from tlsmith.core.describe.keys import (
    in_words,
    named_curve,
    read_key_algorithm,
    read_public_key,
)
from tlsmith.core.describe.values import integer

_FORMATS = {
    "pkcs8": "PKCS#8",
    "encrypted-pkcs8": "PKCS#8, encrypted",
    "encrypted-pem": "traditional PEM, encrypted",
    "pkcs1": "PKCS#1 (RSA)",
    "sec1": "SEC 1 (EC)",
    "dsa": "traditional (DSA)",
    "openssh": "OpenSSH",
}
# Above, checking that the primes are primes takes minutes; nobody has such a key.
_LARGEST_CHECKED = 8192


def describe_private_key(found: Found, context: Context) -> Described:
    """Return what can be said of a private key without showing it."""
    facts: Facts = {"format": _FORMATS[found.form], "encrypted": False}
    # What is inside PKCS#12 was decrypted with it: its own format says nothing.
    described = Described(found, {} if found.encoding == "pkcs12" else facts)
    if found.form == "openssh":
        from tlsmith.core.describe.openssh import describe_openssh_private

        return describe_openssh_private(described)
    if found.form == "encrypted-pem":
        dek = dict(found.headers).get("DEK-Info", "?").partition(",")[0]
        facts["encrypted"] = True
        facts["encryption"] = f"{dek}, key derived with MD5: weak"
        _decrypt(described, context)
    elif found.form == "encrypted-pkcs8":
        _read_encrypted(described, context)
    else:
        _read_plain(described)
    return described


def _read_plain(described: Described) -> None:
    dissection = Dissection(described.found.content)
    outer = read_outer(dissection, "private key")
    if outer is not None:
        facts = _algorithm(dissection, dissection.reader(outer), described.found.form)
        described.facts |= facts | {"text": in_words(facts)}
    described.findings += dissection.findings
    _load(described, None, skip_check=described.facts.get("size", 0) > _LARGEST_CHECKED)


def _algorithm(dissection: Dissection, reader: Reader, form: str) -> Facts:
    reader.take("version", INTEGER)
    if form == "pkcs8":
        return read_key_algorithm(
            dissection, reader.take("privateKeyAlgorithm", SEQUENCE)
        )
    if form == "sec1":
        facts: Facts = {"algorithm": "EC"}
        reader.take("privateKey", OCTET_STRING)
        parameters = reader.optional("parameters", 0xA0)
        if parameters is not None:
            curve = dissection.reader(parameters).take("namedCurve", OID)
            facts |= named_curve(dissection, curve) if curve is not None else {}
        return facts
    first = integer(dissection, reader.take("modulus or p", INTEGER)) or 0
    name = "DSA" if form == "dsa" else "RSA"
    return {"algorithm": name, "size": first.bit_length()}


def _read_encrypted(described: Described, context: Context) -> None:
    dissection = Dissection(described.found.content)
    outer = read_outer(dissection, "encrypted private key")
    described.facts["encrypted"] = True
    if outer is None:
        described.findings += dissection.findings
        return
    reader = dissection.reader(outer)
    encryption = read_encryption(
        dissection, reader.take("encryptionAlgorithm", SEQUENCE)
    )
    reader.take("encryptedData", OCTET_STRING)
    reader.finish()
    described.findings += dissection.findings
    described.facts["encryption"] = encryption.text
    if encryption.old:
        message = f"old encryption: {encryption.text}; choose AES with PBKDF2"
        described.add(WARNING, "old-encryption", message)
    if encryption.too_costly:
        message = f"not decrypted: {encryption.text} would take too long"
        described.add(WARNING, "costly-encryption", message)
        described.facts["decrypted"] = False
    else:
        _decrypt(described, context)


def _decrypt(described: Described, context: Context) -> None:
    described.facts["decrypted"] = False
    if not context.passphrases:
        message = "encrypted: give its passphrase to see which key it is"
        described.add(NOTE, "encrypted", message)
        return
    for passphrase in context.passphrases:
        if _load(described, passphrase):
            described.facts["decrypted"] = True
            return
    if not described.is_broken:
        message = "the passphrase does not decrypt it, or it is damaged"
        described.add(PROBLEM, "wrong-passphrase", message)


def _load(
    described: Described, passphrase: bytes | None, *, skip_check: bool = False
) -> bool:
    """Load the key to learn its public half; say what is wrong if that fails."""
    from cryptography.exceptions import UnsupportedAlgorithm

    key, error = attempt(lambda: _parse(described.found, passphrase, skip_check))
    if error is None:
        spki, error = attempt(lambda: _public_info(key))
    if error is None:
        _take_public(described, spki)
        return True
    if isinstance(error, UnsupportedAlgorithm):
        message = "this kind of key, or of encryption, is not supported here"
        described.add(WARNING, "unsupported-key", message)
    elif passphrase is None and not described.is_broken:
        message = "the key is broken: its numbers do not belong together"
        described.add(PROBLEM, "bad-private-key", message)
    return False


def _parse(found: Found, passphrase: bytes | None, skip_check: bool) -> Any:
    from cryptography.hazmat.primitives.serialization import (
        load_der_private_key,
        load_pem_private_key,
    )

    if found.form == "encrypted-pem":
        return load_pem_private_key(found.block, passphrase)
    return load_der_private_key(
        found.content, passphrase, unsafe_skip_rsa_key_validation=skip_check
    )


def _public_info(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded: bytes = key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _take_public(described: Described, spki: bytes) -> None:
    dissection = Dissection(spki)
    public = read_public_key(dissection, dissection.outer("subjectPublicKeyInfo"))
    known = {finding.code for finding in described.findings}
    described.findings += [one for one in dissection.findings if one.code not in known]
    described.spki = spki
    for name in ("algorithm", "size", "curve", "text"):
        if name in public:
            described.facts[name] = public[name]
    described.facts["public_key"] = public
