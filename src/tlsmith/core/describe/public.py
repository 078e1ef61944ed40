"""Public keys in a file of their own."""

from __future__ import annotations

from tlsmith.core import der
from tlsmith.core.describe.certificate import read_outer
from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.dissect import Dissection
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.keys import read_public_key


def describe_public_key(found: Found, context: Context) -> Described:
    """Return the facts of a public key in a file of its own."""
    if found.form in ("openssh", "ssh2"):
        from tlsmith.core.describe.openssh import describe_openssh_public

        return describe_openssh_public(found)
    spki = found.content
    if found.form == "pkcs1":
        spki = _wrap_rsa(found.content)
    dissection = Dissection(spki)
    outer = read_outer(dissection, "public key")
    facts: Facts = {"format": "PKCS#1 (RSA)" if found.form == "pkcs1" else "SPKI"}
    facts |= read_public_key(dissection, outer)
    described = Described(found, facts, findings=dissection.findings)
    described.spki = outer.whole if outer is not None else b""
    return described


def _wrap_rsa(content: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of an RSAPublicKey."""
    algorithm = der.sequence(
        der.object_identifier("1.2.840.113549.1.1.1"), der.encode(der.NULL)
    )
    return der.sequence(algorithm, der.bit_string(content))
