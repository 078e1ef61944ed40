"""Extensions outside RFC 5280: TLS features, transparency, Netscape, Microsoft."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tlsmith.core.describe.dissect import INTEGER, OID, SEQUENCE, Dissection, Node
from tlsmith.core.describe.distinguished import check_text
from tlsmith.core.describe.ext_keys import Read
from tlsmith.core.describe.ext_points import reason_name
from tlsmith.core.describe.findings import PROBLEM
from tlsmith.core.describe.oids import PURPOSES
from tlsmith.core.describe.plain import bytes_text, iso
from tlsmith.core.describe.values import count, integer, moment, named_bits, oid, text

_FEATURES = {5: "OCSP must be stapled", 17: "OCSP must be stapled (version 2)"}
_NETSCAPE = (
    "TLS client",
    "TLS server",
    "e-mail",
    "object signing",
    "reserved",
    "TLS CA",
    "e-mail CA",
    "object signing CA",
)
_STATEMENTS = {
    "0.4.0.1862.1.1": "EU qualified certificate",
    "0.4.0.1862.1.4": "key in a secure device (QSCD)",
    "0.4.0.1862.1.6": "type of certificate",
    "0.4.0.1862.1.5": "disclosure statement",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253402300799000


def tls_feature(dissection: Dissection, node: Node) -> Read:
    """Read the TLS feature extension (RFC 7633)."""
    value = [
        integer(dissection, part) or 0 for part in dissection.reader(node).each(INTEGER)
    ]
    words = [_FEATURES.get(number, f"TLS extension {number}") for number in value]
    return value, words or ["(none)"]


def nothing(dissection: Dissection, node: Node) -> Read:
    """Read an extension whose presence says it all."""
    return True, ["yes"]


def number(dissection: Dissection, node: Node) -> Read:
    value = integer(dissection, node)
    if value is not None and value < 0:
        message = f"{node.where} is a negative number"
        dissection.add(PROBLEM, "negative-number", message, node)
    # Up to 20 octets: as text, since many JSON readers know 53 bits.
    shown = str(value) if value is None or abs(value) < 1 << 160 else hex(value)
    return shown, [shown]


def reason(dissection: Dissection, node: Node) -> Read:
    """Read a reason code (RFC 5280 section 5.3.1)."""
    name = reason_name(integer(dissection, node))
    return name, [name]


def time(dissection: Dissection, node: Node) -> Read:
    value = iso(moment(dissection, node))
    return value, [value or "unreadable"]


def string(dissection: Dissection, node: Node) -> Read:
    value = text(dissection, node)
    check_text(dissection, node, node.where, value)
    return value, [value]


def identifier(dissection: Dissection, node: Node) -> Read:
    value = oid(dissection, node)
    return value, [value]


def octets(dissection: Dissection, node: Node) -> Read:
    value = node.content.hex()
    return value, [value]


def netscape_type(dissection: Dissection, node: Node) -> Read:
    value = [_NETSCAPE[bit] for bit in sorted(named_bits(dissection, node)) if bit < 8]
    return value, [", ".join(value) or "nothing"]


def microsoft_template(dissection: Dissection, node: Node) -> Read:
    reader = dissection.reader(node)
    kind = oid(dissection, reader.take("templateID", OID))
    major = count(dissection, reader.optional("templateMajorVersion", INTEGER))
    minor = count(dissection, reader.optional("templateMinorVersion", INTEGER))
    reader.finish()
    value = {"oid": kind, "major": major, "minor": minor}
    return value, [f"{kind}, version {major or 0}.{minor or 0}"]


def application_policies(dissection: Dissection, node: Node) -> Read:
    value = []
    for part in dissection.reader(node).each(SEQUENCE):
        value.append(oid(dissection, dissection.reader(part).take("policy", OID)))
    words = [PURPOSES.get(one, (one, one))[1] for one in value]
    return value, [", ".join(words) or "(none)"]


def qualified_statements(dissection: Dissection, node: Node) -> Read:
    value = []
    for part in dissection.reader(node).each(SEQUENCE):
        value.append(oid(dissection, dissection.reader(part).take("statementId", OID)))
    return value, [_STATEMENTS.get(one, one) for one in value] or ["(none)"]


def organisation_identifier(dissection: Dissection, node: Node) -> Read:
    """Read the CA/Browser Forum's organization identifier."""
    reader = dissection.reader(node)
    parts = [text(dissection, part) for part in reader.each()]
    return parts, [" ".join(parts)]


def security_identifier(dissection: Dissection, node: Node) -> Read:
    """Read Microsoft's szOID_NTDS_CA_SECURITY_EXT: the account it is for."""
    value = node.content
    start = value.find(b"S-1-")
    shown = value[start:].decode("ascii", "replace") if start >= 0 else value.hex()
    return shown, [shown]


def timestamps(dissection: Dissection, node: Node) -> Read:
    """Read signed certificate timestamps (RFC 6962 section 3.3)."""
    data = node.content
    value: list[dict[str, Any]] = []
    offset = 2
    while offset + 2 <= len(data):
        size = int.from_bytes(data[offset : offset + 2], "big")
        one = data[offset + 2 : offset + 2 + size]
        # RFC 6962 section 3.2: version, log, time, extensions, signature.
        if size < 43 or len(one) < size:
            break
        value.append(_timestamp(one))
        offset += 2 + size
    if offset != len(data) or int.from_bytes(data[:2], "big") != len(data) - 2:
        message = (
            "the list of certificate timestamps is cut short or has a wrong length"
        )
        dissection.add(PROBLEM, "bad-timestamps", message, node)
    words = [f"{one['timestamp']}, log {one['log_id'][:16]}..." for one in value]
    return value, words or ["(none)"]


def _timestamp(data: bytes) -> dict[str, Any]:
    milliseconds = int.from_bytes(data[33:41], "big")
    # The last moment of the year 9999 stands in for what no calendar holds.
    moment_ = _EPOCH + timedelta(milliseconds=min(milliseconds, _LAST))
    return {
        "version": data[0] + 1,
        "log_id": data[1:33].hex(),
        "timestamp": iso(moment_),
    }


def unknown(dissection: Dissection, node: Node) -> Read:
    """Show the contents of an extension that we do not know."""
    # Nobody promises that they are DER.
    raw = node.content.hex()
    shown = raw if len(raw) <= 120 else f"{raw[:120]}..."
    return raw, [f"{shown} ({bytes_text(len(raw) // 2)})"]
