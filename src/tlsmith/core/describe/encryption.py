"""How something is encrypted with a passphrase (RFC 8018, RFC 7292 appendix B)."""

from __future__ import annotations

from dataclasses import dataclass

from tlsmith.core.describe.dissect import (
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Dissection,
    Node,
    Reader,
)
from tlsmith.core.describe.oids import (
    CIPHERS,
    HASHES,
    OLD_ENCRYPTION,
    PBES2,
    PBKDF2,
    SCRYPT,
    known,
)
from tlsmith.core.describe.signature import hash_name
from tlsmith.core.describe.values import integer, oid

# A count that takes seconds; a file that asks for more could hold us for hours.
MOST_ITERATIONS = 10_000_000
MOST_MEMORY = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Encryption:
    """A way to encrypt, in words, and whether undoing it is within reason."""

    text: str
    too_costly: bool = False
    old: bool = False


def read_encryption(dissection: Dissection, node: Node | None) -> Encryption:
    """Return what an AlgorithmIdentifier of password-based encryption says."""
    if node is None:
        return Encryption("unreadable")
    reader = dissection.reader(node)
    identifier = oid(dissection, reader.take("algorithm", OID))
    parameters = reader.optional("parameters", SEQUENCE)
    if identifier == PBES2 and parameters is not None:
        return _pbes2(dissection, parameters)
    name = known(identifier, OLD_ENCRYPTION)
    count = 0
    if parameters is not None:
        inner = dissection.reader(parameters)
        inner.optional("salt", OCTET_STRING)
        count = integer(dissection, inner.optional("iterations", INTEGER)) or 0
    return Encryption(
        f"{name}, {count} iterations",
        too_costly=count > MOST_ITERATIONS,
        old=identifier in OLD_ENCRYPTION,
    )


def _pbes2(dissection: Dissection, node: Node) -> Encryption:
    reader = dissection.reader(node)
    derivation = reader.take("keyDerivationFunc", SEQUENCE)
    scheme = reader.take("encryptionScheme", SEQUENCE)
    cipher = "?"
    if scheme is not None:
        identifier = oid(dissection, dissection.reader(scheme).take("algorithm", OID))
        cipher = known(identifier, CIPHERS)
    text, too_costly = read_derivation(dissection, derivation)
    return Encryption(f"PBES2 with {cipher}, {text}", too_costly)


def read_derivation(dissection: Dissection, node: Node | None) -> tuple[str, bool]:
    """Return how a key is derived from a passphrase, and whether that is too costly."""
    if node is None:
        return "unreadable", False
    reader = dissection.reader(node)
    identifier = oid(dissection, reader.take("algorithm", OID))
    parameters = reader.optional("parameters", SEQUENCE)
    if parameters is None or identifier not in (PBKDF2, SCRYPT):
        return identifier, False
    inner = dissection.reader(parameters)
    inner.take("salt")
    if identifier == PBKDF2:
        return _pbkdf2(dissection, inner)
    return _scrypt(dissection, inner)


def _pbkdf2(dissection: Dissection, reader: Reader) -> tuple[str, bool]:
    count = integer(dissection, reader.take("iterationCount", INTEGER)) or 0
    reader.optional("keyLength", INTEGER)
    digest = "sha1"
    prf = reader.optional("prf", SEQUENCE)
    if prf is not None:
        identifier = oid(dissection, dissection.reader(prf).take("algorithm", OID))
        digest = HASHES.get(identifier, identifier)
    text = f"PBKDF2 with {hash_name(digest)}, {count} iterations"
    return text, count > MOST_ITERATIONS


def _scrypt(dissection: Dissection, reader: Reader) -> tuple[str, bool]:
    cost, block, parallel = (
        integer(dissection, reader.take(name, INTEGER)) or 0
        for name in ("costParameter", "blockSize", "parallelizationParameter")
    )
    text = f"scrypt with N {cost}, r {block}, p {parallel}"
    return text, 128 * cost * block * max(parallel, 1) > MOST_MEMORY
