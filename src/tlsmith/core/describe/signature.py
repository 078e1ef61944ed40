"""Signatures: what algorithm, what was signed, and whether a key made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlsmith.core.describe.dissect import OID, SEQUENCE, Dissection, Node
from tlsmith.core.describe.findings import PROBLEM
from tlsmith.core.describe.guard import attempt
from tlsmith.core.describe.oids import HASHES, KEYS, SIGNATURES, known
from tlsmith.core.describe.values import integer, oid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes

GOOD, WRONG = "good", "wrong"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A signature algorithm.

    Args:
        digest: name of the hash; None where the algorithm has its own.
        salt: length of a PSS salt in bytes, else None.
    """

    oid: str
    name: str
    digest: str | None
    salt: int | None = None
    encoded: bytes = b""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature and the octets that it covers."""

    algorithm: Algorithm
    value: bytes
    signed: bytes


def read_algorithm(dissection: Dissection, node: Node | None) -> Algorithm:
    """Return the signature algorithm of an AlgorithmIdentifier."""
    if node is None:
        return Algorithm("?", "unknown", None)
    reader = dissection.reader(node)
    identifier = oid(dissection, reader.take("algorithm", OID))
    parameters = reader.read("parameters")
    reader.finish()
    name, digest = SIGNATURES.get(identifier, (known(identifier, KEYS), None))
    if digest != "":
        _judge_parameters(dissection, name, parameters)
        return Algorithm(identifier, name, digest, encoded=node.whole)
    digest, salt = _pss(dissection, parameters)
    return Algorithm(
        identifier, f"{name} with {hash_name(digest)}", digest, salt, node.whole
    )


def _judge_parameters(
    dissection: Dissection, name: str, parameters: Node | None
) -> None:
    """Find fault with parameters: NULL for RSA, none for the others (RFC 5758 3.2)."""
    rsa = name.startswith("RSA")
    good = is_null(parameters) if rsa else parameters is None
    if not good and name in _NAMES:
        message = f"the parameters of {name} should be {'NULL' if rsa else 'absent'}"
        dissection.add(PROBLEM, "bad-parameters", message, parameters)


def is_null(node: Node | None) -> bool:
    return node is not None and node.whole == b"\x05\x00"


_NAMES = frozenset(name for name, _ in SIGNATURES.values())


def _pss(dissection: Dissection, node: Node | None) -> tuple[str, int]:
    """Return the hash and salt length of RSASSA-PSS parameters (RFC 4055 3.1)."""
    digest, salt = "sha1", 20
    if node is None or node.tag != SEQUENCE:
        return digest, salt
    reader = dissection.reader(node)
    hashing = reader.optional("hashAlgorithm", 0xA0)
    if hashing is not None:
        algorithm = dissection.reader(hashing).take("algorithm", SEQUENCE)
        if algorithm is not None:
            identifier = oid(dissection, dissection.reader(algorithm).read("algorithm"))
            digest = HASHES.get(identifier, identifier)
    reader.optional("maskGenAlgorithm", 0xA1)
    length = reader.optional("saltLength", 0xA2)
    if length is not None:
        salt = integer(dissection, dissection.reader(length).read("saltLength")) or 0
    return digest, salt


def hash_name(digest: str) -> str:
    """Return a hash's name as people write it, such as SHA-256."""
    if digest.startswith("sha3_"):
        return "SHA3-" + digest[5:]
    return digest.upper().replace("SHA", "SHA-")


def check(signature: Signature, spki: bytes) -> str:
    """Return "good", "wrong", or why the signature could not be checked.

    Args:
        spki: DER SubjectPublicKeyInfo of the key that is said to have made it.
    """
    from cryptography.exceptions import InvalidSignature

    key, error = attempt(lambda: _load(spki))
    if error is not None:
        return "the key cannot be used"
    arguments = _arguments(key, signature.algorithm)
    if arguments is None:
        return f"{signature.algorithm.name} does not fit the key, or is not supported"
    _, error = attempt(
        lambda: key.verify(signature.value, signature.signed, *arguments)
    )
    if error is None:
        return GOOD
    refused = isinstance(error, InvalidSignature)
    return WRONG if refused else f"{signature.algorithm.name} cannot be checked here"


def is_broken_key(spki: bytes) -> bool:
    """Tell whether a public key of a known kind cannot be used, as off its curve."""
    from cryptography.exceptions import UnsupportedAlgorithm

    _, error = attempt(lambda: _load(spki))
    return error is not None and not isinstance(error, UnsupportedAlgorithm)


def _load(spki: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(spki)


def _arguments(key: Any, algorithm: Algorithm) -> tuple[Any, ...] | None:
    """Return what `key.verify` needs; None where key and algorithm do not fit."""
    kind = type(key).__name__.lower()
    if algorithm.digest is None:
        # Ed25519, ML-DSA-65 and the like: the key is of that algorithm, or not.
        plain = algorithm.name.replace("-", "").lower()
        return () if plain in kind and hasattr(key, "verify") else None
    digest = _hash(algorithm.digest)
    if digest is None:
        return None
    family = algorithm.name.split(" ", 1)[0]
    if family.startswith("RSA") and "rsa" in kind:
        return _rsa_arguments(algorithm, digest)
    if family == "DSA" and kind.startswith("dsa"):
        return (digest,)
    if family == "ECDSA" and ("ec" in kind or "elliptic" in kind):
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

        return (ECDSA(digest),) if hasattr(key, "verify") else None
    return None


def _rsa_arguments(
    algorithm: Algorithm, digest: hashes.HashAlgorithm
) -> tuple[Any, ...]:
    from cryptography.hazmat.primitives.asymmetric import padding

    if algorithm.salt is None:
        return (padding.PKCS1v15(), digest)
    scheme = padding.PSS(padding.MGF1(digest), max(0, min(algorithm.salt, 1024)))
    return (scheme, digest)


def _hash(name: str) -> hashes.HashAlgorithm | None:
    from cryptography.hazmat.primitives import hashes

    if name not in (*HASHES.values(),):
        return None
    found: hashes.HashAlgorithm = getattr(hashes, name.upper())()
    return found
