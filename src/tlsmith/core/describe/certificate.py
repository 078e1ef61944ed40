"""Certificates (RFC 5280 section 4.1): what one says, as far as it can be read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tlsmith.core.describe.dissect import (
    BIT_STRING,
    GENERALIZED_TIME,
    INTEGER,
    SEQUENCE,
    UTC_TIME,
    Dissection,
    Node,
    Reader,
)
from tlsmith.core.describe.distinguished import (
    DistinguishedName,
    read_distinguished_name,
)
from tlsmith.core.describe.extensions import by_name, read_extensions
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import PROBLEM
from tlsmith.core.describe.keys import read_public_key
from tlsmith.core.describe.plain import bytes_text, iso
from tlsmith.core.describe.signature import (
    Algorithm,
    Signature,
    read_algorithm,
)
from tlsmith.core.describe.values import bits, integer, time_choice


@dataclass(slots=True)
class Certificate:
    """What a certificate says; None stands for what could not be read.

    Args:
        der: empty where it is cut short.
        inner_algorithm: the one inside what is signed, which must equal the outer.
        spki: DER SubjectPublicKeyInfo, empty where it cannot be read.
    """

    der: bytes
    dissection: Dissection
    version: int | None
    serial: bytes
    serial_number: int | None
    inner_algorithm: Algorithm
    issuer: DistinguishedName
    not_before: datetime | None
    not_after: datetime | None
    subject: DistinguishedName
    public_key: Facts
    spki: bytes
    extension_list: list[Facts]
    signature: Signature | None

    @property
    def extensions(self) -> dict[str, Facts]:
        return by_name(self.extension_list)

    def value(self, extension: str) -> Any:
        """Return the value of an extension, None where there is none."""
        found = self.extensions.get(extension)
        return found["value"] if found else None

    @property
    def is_ca(self) -> bool:
        constraints = self.value("basic_constraints")
        if isinstance(constraints, dict):
            return bool(constraints["ca"])
        # Before version 3 nothing said so; roots of that age are CAs (RFC 5280 6.1.4).
        return self.version == 1 and self.is_self_issued

    @property
    def is_self_issued(self) -> bool:
        return bool(self.subject.der) and self.subject.der == self.issuer.der

    @property
    def names(self) -> list[Facts]:
        names = self.value("subject_alt_name")
        return names if isinstance(names, list) else []

    @property
    def purposes(self) -> list[str] | None:
        purposes = self.value("extended_key_usage")
        return purposes if isinstance(purposes, list) else None

    @property
    def key_usage(self) -> list[str] | None:
        usage = self.value("key_usage")
        return usage if isinstance(usage, list) else None


def read_certificate(data: bytes, *, trusted: bool = False) -> Certificate:
    """Return what a DER certificate says; its dissection has what is wrong with it.

    Args:
        trusted: OpenSSL's trust settings stand behind it, as in TRUSTED CERTIFICATE.
    """
    dissection = Dissection(data)
    outer = read_outer(dissection, "certificate", trailing=trusted)
    if outer is None:
        return _certificate(b"", dissection, Reader(dissection, 0, 0, "", cut=True))
    reader = dissection.reader(outer)
    tbs = reader.take("tbsCertificate", SEQUENCE)
    fields = (
        dissection.reader(tbs)
        if tbs is not None
        else Reader(dissection, 0, 0, "tbsCertificate", cut=True)
    )
    fields.where = "tbsCertificate"
    whole = b"" if outer.cut else outer.whole
    certificate = _certificate(whole, dissection, fields)
    certificate.signature = read_signature(dissection, reader, tbs)
    reader.finish()
    return certificate


def read_outer(
    dissection: Dissection, name: str, *, trailing: bool = False
) -> Node | None:
    """Return the outermost SEQUENCE, and find fault with what stands behind it."""
    outer = dissection.outer(name)
    if outer is None or outer.tag != SEQUENCE:
        dissection.add(PROBLEM, "not-a-sequence", f"not DER of a {name}", outer)
        return None
    left = len(dissection.data) - outer.stop
    if left and not trailing:
        message = f"{bytes_text(left)} after the end of the {name}"
        dissection.add(PROBLEM, "trailing-data", message, outer)
    return outer


def read_signature(
    dissection: Dissection, reader: Reader, signed: Node | None
) -> Signature | None:
    """Return the signature that follows `signed` in what `reader` reads."""
    algorithm = read_algorithm(dissection, reader.take("signatureAlgorithm", SEQUENCE))
    value = reader.take("signatureValue", BIT_STRING)
    if signed is None or value is None or value.cut:
        return None
    return Signature(algorithm, bits(dissection, value), signed.whole)


def _certificate(der: bytes, dissection: Dissection, fields: Reader) -> Certificate:
    version = _version(dissection, fields)
    serial = fields.take("serialNumber", INTEGER)
    algorithm = read_algorithm(dissection, fields.take("signature", SEQUENCE))
    issuer = read_distinguished_name(dissection, fields.take("issuer", SEQUENCE))
    not_before, not_after = _validity(dissection, fields.take("validity", SEQUENCE))
    subject = read_distinguished_name(dissection, fields.take("subject", SEQUENCE))
    key = fields.take("subjectPublicKeyInfo", SEQUENCE)
    return Certificate(
        der=der,
        dissection=dissection,
        version=version,
        serial=serial.content if serial else b"",
        serial_number=integer(dissection, serial),
        inner_algorithm=algorithm,
        issuer=issuer,
        not_before=not_before,
        not_after=not_after,
        subject=subject,
        public_key=read_public_key(dissection, key),
        spki=key.whole if key and not key.cut else b"",
        extension_list=_extensions(dissection, fields, version),
        signature=None,
    )


def _version(dissection: Dissection, fields: Reader) -> int | None:
    node = fields.optional("version", 0xA0)
    if node is None:
        return 1
    number = integer(dissection, dissection.reader(node).take("version", INTEGER))
    if number is None:
        return None
    if number == 0:
        message = "version 1 is written out, which DER leaves out"
        dissection.add(PROBLEM, "default-written-out", message, node)
    elif number not in (1, 2):
        message = f"the version is {number + 1}; there are 1, 2 and 3"
        dissection.add(PROBLEM, "unknown-version", message, node)
    return number + 1


def _validity(
    dissection: Dissection, node: Node | None
) -> tuple[datetime | None, datetime | None]:
    if node is None:
        return None, None
    reader = dissection.reader(node)
    times = (UTC_TIME, GENERALIZED_TIME)
    first = time_choice(dissection, reader.take("notBefore", *times))
    last = time_choice(dissection, reader.take("notAfter", *times))
    reader.finish()
    return first, last


def _extensions(
    dissection: Dissection, fields: Reader, version: int | None
) -> list[Facts]:
    for name, tag in (("issuerUniqueID", 0x81), ("subjectUniqueID", 0x82)):
        bits(dissection, fields.optional(name, tag))
    wrapper = fields.optional("extensions", 0xA3)
    fields.finish()
    if wrapper is None:
        return []
    if version in (1, 2):
        message = f"a certificate of version {version} has extensions: only 3 may"
        dissection.add(PROBLEM, "extensions-in-old-version", message, wrapper)
    inside = dissection.reader(wrapper)
    found = read_extensions(dissection, inside.take("extensions", SEQUENCE))
    inside.finish()
    return found


def serial_text(serial: int | None) -> str | None:
    """Return a serial number in hexadecimal, as openssl and most programs show it."""
    if serial is None:
        return None
    digits = f"{abs(serial):x}"
    return ("-" if serial < 0 else "") + digits.zfill(len(digits) + len(digits) % 2)


def certificate_facts(certificate: Certificate) -> Facts:
    """Return the facts of a certificate that need neither a clock nor other objects."""
    facts: Facts = {
        "version": certificate.version,
        "serial_number": serial_text(certificate.serial_number),
        "subject": certificate.subject.text,
        "issuer": certificate.issuer.text,
        "names": [name["value"] for name in certificate.names],
        "not_before": iso(certificate.not_before),
        "not_after": iso(certificate.not_after),
        "public_key": certificate.public_key,
        "signature_algorithm": certificate.inner_algorithm.name,
        "signature_algorithm_oid": certificate.inner_algorithm.oid,
        "is_ca": certificate.is_ca,
    }
    for name, extension in certificate.extensions.items():
        if name.isidentifier() and name not in facts:
            facts[name] = extension["value"]
    facts["extensions"] = certificate.extension_list
    if certificate.der:
        facts["fingerprints"] = {
            "sha256": hashlib.sha256(certificate.der).hexdigest(),
            # To compare with what other programs print; nothing relies on it.
            "sha1": hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest(),
        }
    return facts
