"""Extensions about keys and what they may do (RFC 5280 section 4.2.1)."""

from __future__ import annotations

from typing import Any

from tlsmith.core.describe.dissect import (
    BOOLEAN,
    INTEGER,
    OID,
    SEQUENCE,
    Dissection,
    Node,
)
from tlsmith.core.describe.findings import NOTE, PROBLEM
from tlsmith.core.describe.general import in_words, read_general_names
from tlsmith.core.describe.oids import PURPOSES
from tlsmith.core.describe.plain import iso
from tlsmith.core.describe.values import (
    boolean,
    count,
    integer,
    moment,
    named_bits,
    oid,
)

Read = tuple[Any, list[str]]

USAGES = (
    ("digital_signature", "digital signature"),
    ("content_commitment", "content commitment"),
    ("key_encipherment", "key encipherment"),
    ("data_encipherment", "data encipherment"),
    ("key_agreement", "key agreement"),
    ("key_cert_sign", "sign certificates"),
    ("crl_sign", "sign revocation lists"),
    ("encipher_only", "encipher only"),
    ("decipher_only", "decipher only"),
)


def subject_key_identifier(dissection: Dissection, node: Node) -> Read:
    value = node.content.hex()
    return value, [value or "(empty)"]


def authority_key_identifier(dissection: Dissection, node: Node) -> Read:
    reader = dissection.reader(node)
    value: dict[str, Any] = {}
    words = []
    key = reader.optional("keyIdentifier", 0x80)
    if key is not None:
        value["key_identifier"] = key.content.hex()
        words.append(value["key_identifier"])
    issuer = reader.optional("authorityCertIssuer", 0xA1)
    if issuer is not None:
        names = read_general_names(dissection, issuer)
        value["authority_cert_issuer"] = names
        words += [f"issuer: {in_words(name)}" for name in names]
    serial = reader.optional("authorityCertSerialNumber", 0x82)
    if serial is not None:
        value["authority_cert_serial_number"] = serial.content.hex()
        words.append(f"serial: {serial.content.hex()}")
    reader.finish()
    if (issuer is None) != (serial is None):
        message = "authorityKeyIdentifier has issuer or serial number without the other"
        dissection.add(PROBLEM, "half-authority-key-identifier", message, node)
    return value, words or ["(empty)"]


def key_usage(dissection: Dissection, node: Node) -> Read:
    numbers = named_bits(dissection, node)
    usages = [USAGES[bit] for bit in sorted(numbers) if bit < len(USAGES)]
    if not numbers:
        dissection.add(
            PROBLEM, "empty-key-usage", "keyUsage allows nothing at all", node
        )
    if numbers and max(numbers) >= len(USAGES):
        message = "keyUsage has bits that no standard names"
        dissection.add(NOTE, "unknown-key-usage", message, node)
    words = ", ".join(text for _, text in usages) or "nothing"
    return [name for name, _ in usages], [words]


def extended_key_usage(dissection: Dissection, node: Node) -> Read:
    value, words = [], []
    for part in dissection.reader(node).each(OID):
        identifier = oid(dissection, part)
        name, text = PURPOSES.get(identifier, (identifier, identifier))
        value.append(name)
        words.append(text)
    if not value:
        message = "extendedKeyUsage allows nothing at all"
        dissection.add(PROBLEM, "empty-extended-key-usage", message, node)
    return value, [", ".join(words) or "nothing"]


def basic_constraints(dissection: Dissection, node: Node) -> Read:
    reader = dissection.reader(node)
    flag = reader.optional("cA", BOOLEAN)
    is_ca = boolean(dissection, flag) if flag is not None else False
    if flag is not None and not is_ca:
        message = "basicConstraints writes cA FALSE out, which DER leaves out"
        dissection.add(PROBLEM, "default-written-out", message, flag)
    length_node = reader.optional("pathLenConstraint", INTEGER)
    length = integer(dissection, length_node)
    reader.finish()
    if length is not None and (not is_ca or length < 0):
        message = "basicConstraints has a path length without cA, or a negative one"
        dissection.add(PROBLEM, "bad-path-length", message, length_node)
    value: dict[str, Any] = {"ca": is_ca, "path_length": length}
    if not is_ca:
        return value, ["end entity, no CA"]
    if length is None:
        return value, ["CA, any number of CAs below it"]
    below = {0: "no CA below it", 1: "at most 1 CA below it"}
    return value, [f"CA, {below.get(length, f'at most {length} CAs below it')}"]


def private_key_usage_period(dissection: Dissection, node: Node) -> Read:
    reader = dissection.reader(node)
    first = moment(dissection, reader.optional("notBefore", 0x80))
    last = moment(dissection, reader.optional("notAfter", 0x81))
    reader.finish()
    if first is not None and last is not None and last < first:
        message = "the key's period of use ends before it begins"
        dissection.add(PROBLEM, "validity-reversed", message, node)
    value = {"not_before": iso(first), "not_after": iso(last)}
    return value, [f"from {value['not_before']} to {value['not_after']}"]


def path_length_free(dissection: Dissection, node: Node) -> Read:
    """Read inhibitAnyPolicy: how many certificates on (RFC 5280 section 4.2.1.14)."""
    skip = count(dissection, node)
    return skip, [_after(skip)]


def _after(count: int | None) -> str:
    return f"after {count} certificate{'' if count == 1 else 's'}"


def policy_constraints(dissection: Dissection, node: Node) -> Read:
    reader = dissection.reader(node)
    explicit = count(dissection, reader.optional("requireExplicitPolicy", 0x80))
    mapping = count(dissection, reader.optional("inhibitPolicyMapping", 0x81))
    reader.finish()
    value = {"require_explicit_policy": explicit, "inhibit_policy_mapping": mapping}
    words = [
        f"{text} {_after(number)}"
        for text, number in (
            ("an explicit policy is required", explicit),
            ("no policy is mapped", mapping),
        )
        if number is not None
    ]
    return value, words or ["(empty)"]


def identifiers(dissection: Dissection, node: Node) -> Read:
    """Read a list of OIDs, such as response types or S/MIME capabilities."""
    found = []
    for part in dissection.reader(node).each(OID, SEQUENCE):
        inner = part
        if part.tag & 0x20:
            inner = dissection.reader(part).take("type", OID) or part
        found.append(oid(dissection, inner))
    return found, [", ".join(found) or "(none)"]
