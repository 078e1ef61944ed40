"""Extensions of certificates, requests, revocation lists and OCSP (RFC 5280 4.2, 5.2).

Each becomes {"name", "oid", "critical", "value", "text"}: the name in snake_case, the
value for programs, the text as lines for people.
"""

from __future__ import annotations

from collections.abc import Callable

from tlsmith.core.describe import (
    dissect,
    ext_keys,
    ext_names,
    ext_other,
    ext_points,
    ext_policies,
)
from tlsmith.core.describe.dissect import BOOLEAN, OID, SEQUENCE, Dissection, Node
from tlsmith.core.describe.ext_keys import Read
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import PROBLEM, WARNING
from tlsmith.core.describe.values import boolean, oid

_MOST = 200  # extensions of one object

_Reader = Callable[[Dissection, Node], Read]
_LIST, _BITS, _OCTETS = dissect.SEQUENCE, dissect.BIT_STRING, dissect.OCTET_STRING
_NUMBER, _NULL, _TIME = dissect.INTEGER, dissect.NULL, dissect.GENERALIZED_TIME
_ANY = None

# OID: name, type of the contents, who reads them.
_TABLE: dict[str, tuple[str, int | None, _Reader]] = {
    "2.5.29.9": (
        "subject_directory_attributes",
        _LIST,
        ext_names.directory_attributes,
    ),
    "2.5.29.14": (
        "subject_key_identifier",
        _OCTETS,
        ext_keys.subject_key_identifier,
    ),
    "2.5.29.15": ("key_usage", _BITS, ext_keys.key_usage),
    "2.5.29.16": (
        "private_key_usage_period",
        _LIST,
        ext_keys.private_key_usage_period,
    ),
    "2.5.29.17": ("subject_alt_name", _LIST, ext_names.alternative_names),
    "2.5.29.18": ("issuer_alt_name", _LIST, ext_names.alternative_names),
    "2.5.29.19": ("basic_constraints", _LIST, ext_keys.basic_constraints),
    "2.5.29.20": ("crl_number", _NUMBER, ext_other.number),
    "2.5.29.21": ("reason", dissect.ENUMERATED, ext_other.reason),
    "2.5.29.23": ("hold_instruction_code", OID, ext_other.identifier),
    "2.5.29.24": ("invalidity_date", _TIME, ext_other.time),
    "2.5.29.27": ("delta_crl_indicator", _NUMBER, ext_other.number),
    "2.5.29.28": (
        "issuing_distribution_point",
        _LIST,
        ext_points.issuing_distribution_point,
    ),
    "2.5.29.29": ("certificate_issuer", _LIST, ext_names.general_name_list),
    "2.5.29.30": ("name_constraints", _LIST, ext_names.name_constraints),
    "2.5.29.31": (
        "crl_distribution_points",
        _LIST,
        ext_points.distribution_points,
    ),
    "2.5.29.32": (
        "certificate_policies",
        _LIST,
        ext_policies.certificate_policies,
    ),
    "2.5.29.33": ("policy_mappings", _LIST, ext_policies.policy_mappings),
    "2.5.29.35": (
        "authority_key_identifier",
        _LIST,
        ext_keys.authority_key_identifier,
    ),
    "2.5.29.36": ("policy_constraints", _LIST, ext_keys.policy_constraints),
    "2.5.29.37": ("extended_key_usage", _LIST, ext_keys.extended_key_usage),
    "2.5.29.46": ("freshest_crl", _LIST, ext_points.distribution_points),
    "2.5.29.54": ("inhibit_any_policy", _NUMBER, ext_keys.path_length_free),
    "2.5.29.56": ("no_revocation_available", _NULL, ext_other.nothing),
    "1.3.6.1.5.5.7.1.1": (
        "authority_information_access",
        _LIST,
        ext_points.information_access,
    ),
    "1.3.6.1.5.5.7.1.3": (
        "qualified_statements",
        _LIST,
        ext_other.qualified_statements,
    ),
    "1.3.6.1.5.5.7.1.11": (
        "subject_information_access",
        _LIST,
        ext_points.information_access,
    ),
    "1.3.6.1.5.5.7.1.24": ("tls_feature", _LIST, ext_other.tls_feature),
    "1.3.6.1.5.5.7.1.31": ("acme_identifier", _OCTETS, ext_other.octets),
    "1.3.6.1.5.5.7.48.1.2": ("ocsp_nonce", _ANY, ext_other.octets),
    "1.3.6.1.5.5.7.48.1.3": ("crl_reference", _LIST, ext_points.crl_reference),
    "1.3.6.1.5.5.7.48.1.4": ("acceptable_responses", _LIST, ext_keys.identifiers),
    "1.3.6.1.5.5.7.48.1.5": ("ocsp_no_check", _NULL, ext_other.nothing),
    "1.3.6.1.5.5.7.48.1.6": ("archive_cutoff", _TIME, ext_other.time),
    "1.3.6.1.4.1.11129.2.4.2": (
        "signed_certificate_timestamps",
        _OCTETS,
        ext_other.timestamps,
    ),
    "1.3.6.1.4.1.11129.2.4.3": ("precertificate_poison", _NULL, ext_other.nothing),
    "1.3.6.1.4.1.11129.2.4.5": (
        "signed_certificate_timestamps",
        _OCTETS,
        ext_other.timestamps,
    ),
    "2.16.840.1.113730.1.1": ("netscape_type", _BITS, ext_other.netscape_type),
    "2.16.840.1.113730.1.2": ("netscape_base_url", _ANY, ext_other.string),
    "2.16.840.1.113730.1.3": ("netscape_revocation_url", _ANY, ext_other.string),
    "2.16.840.1.113730.1.4": ("netscape_ca_revocation_url", _ANY, ext_other.string),
    "2.16.840.1.113730.1.8": ("netscape_ca_policy_url", _ANY, ext_other.string),
    "2.16.840.1.113730.1.12": ("netscape_server_name", _ANY, ext_other.string),
    "2.16.840.1.113730.1.13": ("netscape_comment", _ANY, ext_other.string),
    "1.3.6.1.4.1.311.20.2": ("microsoft_template_name", _ANY, ext_other.string),
    "1.3.6.1.4.1.311.21.1": ("microsoft_ca_version", _NUMBER, ext_other.number),
    "1.3.6.1.4.1.311.21.2": ("microsoft_previous_ca", _OCTETS, ext_other.octets),
    "1.3.6.1.4.1.311.21.7": (
        "microsoft_template",
        _LIST,
        ext_other.microsoft_template,
    ),
    "1.3.6.1.4.1.311.21.10": (
        "microsoft_application_policies",
        _LIST,
        ext_other.application_policies,
    ),
    "1.3.6.1.4.1.311.25.2": (
        "microsoft_security_identifier",
        _LIST,
        ext_other.security_identifier,
    ),
    "1.2.840.113549.1.9.15": ("smime_capabilities", _LIST, ext_keys.identifiers),
    "2.23.140.3.1": (
        "organization_identifier",
        _LIST,
        ext_other.organisation_identifier,
    ),
}


def read_extensions(dissection: Dissection, node: Node | None) -> list[Facts]:
    """Return the facts of every extension in a SEQUENCE of them."""
    found: list[Facts] = []
    if node is None:
        return found
    for part in dissection.reader(node).each(SEQUENCE):
        if len(found) < _MOST:
            found.append(_read(dissection, part))
    if not found and not node.cut:
        message = f"{node.where} is an empty list; it is to be left out then"
        dissection.add(WARNING, "empty-extensions", message, node)
    _check_once(dissection, found, node)
    return found


def _read(dissection: Dissection, node: Node) -> Facts:
    reader = dissection.reader(node)
    identifier = oid(dissection, reader.take("extnID", OID))
    flag = reader.optional("critical", BOOLEAN)
    critical = boolean(dissection, flag) if flag is not None else False
    name, tag, read = _TABLE.get(identifier, (identifier, _ANY, ext_other.unknown))
    if flag is not None and not critical:
        message = f"{name} writes critical FALSE out, which DER leaves out"
        dissection.add(PROBLEM, "default-written-out", message, flag)
    value, text = None, ["unreadable"]
    octets = reader.take("extnValue", dissect.OCTET_STRING)
    reader.finish()
    if octets is not None:
        octets.where = f"extensions.{name}"
        value, text = _contents(dissection, octets, tag, read)
    return {
        "name": name,
        "oid": identifier,
        "critical": critical,
        "value": value,
        "text": text,
    }


def _contents(
    dissection: Dissection, octets: Node, tag: int | None, read: _Reader
) -> Read:
    """Read what an extension holds; show it raw where it is of another type."""
    if read is ext_other.unknown:
        return read(dissection, octets)
    inside = dissection.reader(octets)
    inner = inside.take("value") if tag is None else inside.take("value", tag)
    if inner is None:
        return ext_other.unknown(dissection, octets)
    inner.where = octets.where
    inside.finish()
    return read(dissection, inner)


def _check_once(dissection: Dissection, found: list[Facts], node: Node) -> None:
    seen: set[str] = set()
    for one in found:
        if one["oid"] in seen:
            message = f"the extension {one['name']} is there more than once"
            dissection.add(PROBLEM, "duplicate-extension", message, node)
        seen.add(one["oid"])


def by_name(extensions: list[Facts]) -> dict[str, Facts]:
    """Return the extensions by name; of one that is there twice, the first."""
    named: dict[str, Facts] = {}
    for one in extensions:
        named.setdefault(one["name"], one)
    return named
