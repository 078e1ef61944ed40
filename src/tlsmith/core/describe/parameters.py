"""Parameters: of a curve, or for Diffie-Hellman."""

from __future__ import annotations

from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.dissect import INTEGER, OID, SEQUENCE, Dissection, Node
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.keys import named_curve
from tlsmith.core.describe.values import integer

_SMALLEST = 2048


def describe_parameters(found: Found, context: Context) -> Described:
    """Return the facts of EC, DH or DSA parameters."""
    dissection = Dissection(found.content)
    described = Described(found, {}, dissection.findings)
    outer = dissection.outer("parameters")
    if outer is None:
        described.add(PROBLEM, "not-a-sequence", "not DER of parameters")
    elif outer.tag == OID:
        described.facts |= {"algorithm": "EC"} | named_curve(dissection, outer)
    elif outer.tag == SEQUENCE and found.label != "EC PARAMETERS":
        _read_prime(described, dissection.reader(outer).take("p", INTEGER), dissection)
    else:
        message = "a curve given by its numbers: clients refuse keys of it"
        described.add(WARNING, "explicit-curve", message)
    if found.label == "EC PARAMETERS":
        message = "parameters say nothing that the key does not say: leave them out"
        described.add(NOTE, "parameters", message)
    return described


def _read_prime(
    described: Described, node: Node | None, dissection: Dissection
) -> None:
    prime = integer(dissection, node) or 0
    label = described.found.label or ""
    kind = "DSA" if label.startswith("DSA") else "DH"
    described.facts |= {"algorithm": kind, "size": prime.bit_length()}
    if prime.bit_length() < _SMALLEST:
        message = f"{kind} with {prime.bit_length()} bits; clients ask for {_SMALLEST}"
        described.add(WARNING, "weak-parameters", message)
