"""PKCS#12 files (RFC 7292): how they are protected, and what is inside."""

from __future__ import annotations

from functools import partial
from typing import Any

from tlsmith.core.describe.certificate import read_outer
from tlsmith.core.describe.described import (
    DEFAULT_PASSPHRASES,
    Context,
    Described,
)
from tlsmith.core.describe.dissect import (
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Dissection,
    Node,
)
from tlsmith.core.describe.encryption import (
    MOST_ITERATIONS,
    Encryption,
    read_derivation,
    read_encryption,
)
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.guard import attempt
from tlsmith.core.describe.oids import BAGS, HASHES, known
from tlsmith.core.describe.signature import hash_name
from tlsmith.core.describe.values import integer, octets, oid

_DATA = "1.2.840.113549.1.7.1"
_ENCRYPTED = "1.2.840.113549.1.7.6"
_PBMAC1 = "1.2.840.113549.1.5.14"
_SHROUDED = "encrypted private key"
_CERTIFICATE = "certificate"
_MOST_BAGS = 5000


def describe_pkcs12(found: Found, context: Context) -> Described:
    """Return how a PKCS#12 file is protected; what is in it comes as inner objects."""
    described = Described(found, {})
    reading = _Reading(described)
    reading.read()
    if reading.too_costly:
        message = "not opened: its count of iterations would take too long"
        described.add(PROBLEM, "costly-encryption", message)
        described.inner = reading.certificates
        return described
    if reading.old:
        message = "old encryption, for old clients only: RC2, RC4 or 3DES"
        described.add(WARNING, "old-encryption", message)
    if not _open(described, context):
        described.inner = reading.certificates
    return described


class _Reading:
    """What of a PKCS#12 file can be read without its passphrase."""

    def __init__(self, described: Described) -> None:
        self.described = described
        self.contents: list[Facts] = []
        self.certificates: list[Found] = []
        self.too_costly = False
        self.old = False

    def read(self) -> None:
        facts = self.described.facts
        dissection = Dissection(self.described.found.content, ber=True)
        facts["contents"] = self.contents
        outer = read_outer(dissection, "PKCS#12 file")
        if outer is not None:
            reader = dissection.reader(outer)
            facts["version"] = integer(dissection, reader.take("version", INTEGER))
            self._read_safe(dissection, reader.take("authSafe", SEQUENCE))
            facts["mac"] = self._mac(dissection, reader.optional("macData", SEQUENCE))
            reader.finish()
        self.described.findings += dissection.findings

    def _read_safe(self, dissection: Dissection, node: Node | None) -> None:
        """Read the contents, each of which is encrypted or not, as a list of bags."""
        if node is None:
            return
        reader = dissection.reader(node)
        if oid(dissection, reader.take("contentType", OID)) != _DATA:
            return
        inside = self._inside(dissection, reader.optional("content", 0xA0))
        listing = inside.outer("authSafe")
        for part in (
            inside.reader(listing).each(SEQUENCE) if listing is not None else ()
        ):
            self._read_content(inside, part)
        self.described.findings += inside.findings

    def _inside(self, dissection: Dissection, wrapper: Node | None) -> Dissection:
        """Return a dissection of what an OCTET STRING in `wrapper` holds."""
        value = dissection.reader(wrapper).read("content") if wrapper else None
        return Dissection(octets(dissection, value), ber=True)

    def _read_content(self, dissection: Dissection, node: Node) -> None:
        reader = dissection.reader(node)
        kind = oid(dissection, reader.take("contentType", OID))
        wrapper = reader.optional("content", 0xA0)
        facts: Facts = {"encryption": None, "bags": []}
        if kind == _DATA:
            inside = self._inside(dissection, wrapper)
            bags = inside.outer("safeContents")
            for bag in inside.reader(bags).each(SEQUENCE) if bags is not None else ():
                if len(facts["bags"]) < _MOST_BAGS:
                    facts["bags"].append(self._bag(inside, bag))
            self.described.findings += inside.findings
        elif kind == _ENCRYPTED and wrapper is not None:
            facts["encryption"] = self._encrypted(dissection, wrapper)
        self.contents.append(facts)

    def _encrypted(self, dissection: Dissection, wrapper: Node) -> str:
        data = dissection.reader(wrapper).take("encryptedData", SEQUENCE)
        algorithm = None
        if data is not None:
            reader = dissection.reader(data)
            reader.take("version", INTEGER)
            content = reader.take("encryptedContentInfo", SEQUENCE)
            if content is not None:
                fields = dissection.reader(content)
                fields.take("contentType", OID)
                algorithm = fields.take("contentEncryptionAlgorithm", SEQUENCE)
        return self._note(read_encryption(dissection, algorithm))

    def _note(self, encryption: Encryption) -> str:
        self.too_costly = self.too_costly or encryption.too_costly
        self.old = self.old or encryption.old
        return encryption.text

    def _bag(self, dissection: Dissection, node: Node) -> str:
        reader = dissection.reader(node)
        name = known(oid(dissection, reader.take("bagId", OID)), BAGS)
        wrapper = reader.take("bagValue", 0xA0)
        value = dissection.reader(wrapper).read("bagValue") if wrapper else None
        if value is None:
            return name
        fields = dissection.reader(value)
        if name == _SHROUDED:
            algorithm = fields.take("encryptionAlgorithm", SEQUENCE)
            text = self._note(read_encryption(dissection, algorithm))
            return f"private key, encrypted with {text}"
        if name == _CERTIFICATE:
            fields.take("certId", OID)
            inside = self._inside(dissection, fields.optional("certValue", 0xA0))
            self.certificates.append(
                Found("certificate", "der", inside.data, encoding="pkcs12")
            )
        return name

    def _mac(self, dissection: Dissection, node: Node | None) -> str | None:
        if node is None:
            message = "no MAC: nothing shows whether it was changed"
            self.described.add(NOTE, "no-mac", message)
            return None
        reader = dissection.reader(node)
        digest = reader.take("mac", SEQUENCE)
        reader.take("macSalt", OCTET_STRING)
        count = integer(dissection, reader.optional("iterations", INTEGER)) or 1
        reader.finish()
        algorithm = None
        if digest is not None:
            algorithm = dissection.reader(digest).take("digestAlgorithm", SEQUENCE)
        if algorithm is None:
            return None
        fields = dissection.reader(algorithm)
        identifier = oid(dissection, fields.take("algorithm", OID))
        if identifier == _PBMAC1:
            return self._pbmac1(dissection, fields.optional("parameters", SEQUENCE))
        self.too_costly = self.too_costly or count > MOST_ITERATIONS
        name = hash_name(HASHES.get(identifier, identifier))
        return f"HMAC with {name}, {count} iterations"

    def _pbmac1(self, dissection: Dissection, node: Node | None) -> str:
        """Read the parameters of PBMAC1 (RFC 9579)."""
        if node is None:
            return "PBMAC1"
        derivation = dissection.reader(node).take("keyDerivationFunc", SEQUENCE)
        text, too_costly = read_derivation(dissection, derivation)
        self.too_costly = self.too_costly or too_costly
        return f"PBMAC1 with {text}"


def _open(described: Described, context: Context) -> bool:
    """Open the file with the first passphrase that does it."""
    tried = [
        *DEFAULT_PASSPHRASES,
        *(("the passphrase given", one) for one in context.passphrases),
    ]
    for name, passphrase in tried:
        contents, error = attempt(partial(_load, described.found, passphrase))
        if error is None:
            described.facts["opened_with"] = name
            _take(described, contents)
            return True
    described.facts["opened_with"] = None
    if context.passphrases:
        message = "the passphrase does not open it, or it is damaged"
        described.add(PROBLEM, "wrong-passphrase", message)
    else:
        message = (
            "neither an empty passphrase nor changeit opens it: give its own with "
            "--passphrase-file, --passphrase-env or --passphrase-prompt"
        )
        described.add(PROBLEM, "passphrase-needed", message)
    return False


def _load(found: Found, passphrase: bytes | None) -> Any:
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    return load_pkcs12(found.content, passphrase)


def _take(described: Described, contents: Any) -> None:
    """Take the key and the certificates out, the key's own certificate first."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    if contents.key is not None:
        plain = contents.key.private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
        )
        described.inner.append(Found("private-key", "pkcs8", plain, encoding="pkcs12"))
        if described.facts["opened_with"] != "the passphrase given":
            message = f"its key is open to anyone: {described.facts['opened_with']}"
            described.add(WARNING, "known-passphrase", message)
    own = [contents.cert] if contents.cert is not None else []
    for one in (*own, *contents.additional_certs):
        name = one.friendly_name
        described.inner.append(
            Found(
                "certificate",
                "der",
                one.certificate.public_bytes(Encoding.DER),
                encoding="pkcs12",
                entry=name.decode("utf-8", "replace") if name else None,
            )
        )
    if not described.inner:
        described.add(WARNING, "empty-container", "there is nothing in it")
