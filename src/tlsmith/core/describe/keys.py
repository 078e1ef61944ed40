"""Public keys (SubjectPublicKeyInfo, RFC 5280 section 4.1.2.7) in facts and words."""

from __future__ import annotations

import base64
import hashlib

from tlsmith.core.describe.dissect import (
    BIT_STRING,
    INTEGER,
    OID,
    SEQUENCE,
    Dissection,
    Node,
)
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import PROBLEM, WARNING
from tlsmith.core.describe.oids import CURVES, FIXED_SIZES, KEYS, known
from tlsmith.core.describe.signature import is_null
from tlsmith.core.describe.values import bits, integer, oid

SMALLEST_RSA = 2048
_LARGEST_RSA = 16384  # OpenSSL verifies nothing larger


def read_public_key(dissection: Dissection, node: Node | None) -> Facts:
    """Return the facts of a SubjectPublicKeyInfo."""
    if node is None:
        return {"algorithm": "unknown", "text": "unreadable"}
    reader = dissection.reader(node)
    algorithm = reader.take("algorithm", SEQUENCE)
    key = bits(dissection, reader.take("subjectPublicKey", BIT_STRING))
    reader.finish()
    facts = read_key_algorithm(dissection, algorithm)
    if facts["algorithm"].startswith("RSA"):
        facts |= _rsa(key, dissection, node)
    elif facts["algorithm"] == "DSA" and algorithm is not None:
        facts["size"] = _dsa_size(dissection, algorithm)
    facts["text"] = in_words(facts)
    if not node.cut:
        facts |= fingerprints(node.whole)
    return facts


def fingerprints(spki: bytes) -> Facts:
    """Return the SHA-256 of a SubjectPublicKeyInfo, in hex and as a pin (RFC 7469)."""
    digest = hashlib.sha256(spki).digest()
    return {"sha256": digest.hex(), "pin_sha256": base64.b64encode(digest).decode()}


def read_key_algorithm(dissection: Dissection, node: Node | None) -> Facts:
    """Return algorithm, and curve and size where the AlgorithmIdentifier tells them."""
    if node is None:
        return {"algorithm": "unknown"}
    reader = dissection.reader(node)
    identifier = oid(dissection, reader.take("algorithm", OID))
    facts: Facts = {"algorithm": known(identifier, KEYS), "oid": identifier}
    if identifier not in KEYS:
        dissection.add(
            WARNING,
            "unknown-key-algorithm",
            f"the key's algorithm {identifier} is none we know",
            node,
        )
    parameters = reader.read("parameters")
    reader.finish()
    name = facts["algorithm"]
    if name == "EC":
        facts |= _curve(dissection, parameters, node)
    elif name in FIXED_SIZES or name.startswith("ML-"):
        facts |= {"size": FIXED_SIZES[name]} if name in FIXED_SIZES else {}
        if parameters is not None:
            message = f"a key of {name} has parameters, which it must not have"
            dissection.add(PROBLEM, "bad-parameters", message, parameters)
    elif name == "RSA" and not is_null(parameters):
        message = "the parameters of an RSA key should be NULL (RFC 3279 2.3.1)"
        dissection.add(PROBLEM, "bad-parameters", message, parameters or node)
    return facts


def _curve(dissection: Dissection, node: Node | None, owner: Node) -> Facts:
    if node is None:
        message = "the key does not say which curve it is on"
        dissection.add(PROBLEM, "no-curve", message, owner)
        return {"curve": "unknown"}
    if node.tag != OID:
        dissection.add(
            PROBLEM,
            "explicit-curve",
            "the curve is given by its numbers, not its name: RFC 5480 section 2.1.1 "
            "forbids that, and clients refuse it",
            node,
        )
        return {"curve": "explicit parameters"}
    return named_curve(dissection, node)


def named_curve(dissection: Dissection, node: Node) -> Facts:
    """Return the name and size of the curve that an OID names."""
    identifier = oid(dissection, node)
    if identifier not in CURVES:
        dissection.add(
            WARNING,
            "unknown-curve",
            f"the curve {identifier} is none we know",
            node,
        )
        return {"curve": identifier}
    name, size = CURVES[identifier]
    if not name.startswith("P-") or size < 256:
        dissection.add(
            WARNING,
            "unusual-curve",
            f"few TLS clients know the curve {name}",
            node,
        )
    return {"curve": name, "size": size}


def _rsa(key: bytes, dissection: Dissection, node: Node) -> Facts:
    inner = Dissection(key)
    outer = inner.outer("RSAPublicKey")
    modulus = exponent = None
    if outer is not None and outer.tag == SEQUENCE:
        reader = inner.reader(outer)
        modulus = integer(inner, reader.take("modulus", INTEGER))
        exponent = integer(inner, reader.take("publicExponent", INTEGER))
        reader.finish()
    whole = outer is not None and outer.stop == len(key)
    if modulus is None or exponent is None or inner.findings or not whole:
        dissection.add(
            PROBLEM,
            "bad-rsa-key",
            f"the RSA key in {node.where} is not well-formed",
            node,
        )
    if modulus is None or exponent is None:
        return {}
    check_rsa(dissection, modulus, exponent, node)
    shown = exponent if abs(exponent).bit_length() <= 64 else hex(exponent)
    return {"size": modulus.bit_length(), "exponent": shown}


def check_rsa(
    dissection: Dissection, modulus: int, exponent: int, node: Node | None
) -> None:
    """Find fault with the numbers of an RSA key (RFC 8017 section 3.1)."""
    size = modulus.bit_length()
    if size < SMALLEST_RSA:
        message = f"RSA with {size} bits; clients ask for 2048 or more"
        dissection.add(PROBLEM, "weak-rsa-key", message, node)
    elif size > _LARGEST_RSA:
        message = f"RSA with {size} bits; OpenSSL refuses over {_LARGEST_RSA}"
        dissection.add(PROBLEM, "oversized-rsa-key", message, node)
    if modulus <= 0 or modulus % 2 == 0:
        dissection.add(
            PROBLEM, "bad-rsa-key", "the RSA modulus is even or negative", node
        )
    if exponent < 3 or exponent % 2 == 0:
        message = "the RSA exponent is even or below 3: the key is worthless"
        dissection.add(PROBLEM, "weak-rsa-exponent", message, node)
    elif exponent < 65537:
        message = f"the RSA exponent is {exponent}; 65537 or more is asked for"
        dissection.add(WARNING, "weak-rsa-exponent", message, node)


def _dsa_size(dissection: Dissection, algorithm: Node) -> int:
    reader = dissection.reader(algorithm)
    reader.take("algorithm", OID)
    parameters = reader.optional("parameters", SEQUENCE)
    if parameters is None:
        return 0
    prime = integer(dissection, dissection.reader(parameters).take("p", INTEGER))
    return (prime or 0).bit_length()


def in_words(facts: Facts) -> str:
    """Return a key in words, such as "RSA, 2048 bits" or "EC, curve P-256"."""
    words = [str(facts["algorithm"])]
    if "curve" in facts:
        words.append(f"curve {facts['curve']}")
    elif facts.get("size") and facts["algorithm"] not in FIXED_SIZES:
        words.append(f"{facts['size']} bits")
    if facts.get("exponent", 65537) != 65537:
        words.append(f"exponent {facts['exponent']}")
    return ", ".join(words)
