"""OCSP requests (RFC 6960 section 4.1): read strictly, since anyone may send one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core import der, oid
from tlsmith.core.keys import public_key_bits
from tlsmith.core.view import CertificateView, read_extensions
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes

SHA1 = "1.3.14.3.2.26"
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA384 = "2.16.840.1.101.3.4.2.2"
SHA512 = "2.16.840.1.101.3.4.2.3"

LARGEST_REQUEST = 1 << 16
MOST_CERT_IDS = 100
LONGEST_NONCE = 128
_LONGEST_SERIAL = 20
_NONCE = der.object_identifier(oid.OCSP_NONCE)


class CertID(NamedTuple):
    """The certificate that is asked about (RFC 6960 section 4.1.1).

    Args:
        hash_algorithm: of the two hashes, OID, dotted.
        der: as the request has it, and the response repeats it.
    """

    hash_algorithm: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial_number: int
    der: bytes


class OCSPRequest(NamedTuple):
    """What is asked; who asks, and whether they signed it, makes no difference.

    Args:
        cert_ids: one at least.
        nonce: that the response is to have as well (RFC 9654).
    """

    cert_ids: tuple[CertID, ...]
    nonce: bytes | None = None


def parse_ocsp_request(data: bytes) -> OCSPRequest:
    """Return what a DER OCSPRequest asks.

    Raises:
        InputError: it is none, is too large, or has a critical extension other than
            the nonce.
    """
    if len(data) > LARGEST_REQUEST:
        raise InputError(f"an OCSP request of {len(data)} bytes")
    try:
        return _parse(data)
    except InputError as error:
        raise InputError(f"not an OCSP request: {error}") from error


def encode_ocsp_request(
    cert_ids: Sequence[CertID], nonce: bytes | None = None
) -> bytes:
    """Return a DER OCSPRequest, as most clients write it."""
    requests = der.sequence(*(der.sequence(one.der) for one in cert_ids))
    extensions = b""
    if nonce is not None:
        listing = der.sequence(nonce_extension(nonce))
        extensions = der.context(2, listing, constructed=True)
    return der.sequence(der.sequence(requests, extensions))


def make_cert_id(
    issuer: CertificateView, serial_number: int, hash_algorithm: str = SHA1
) -> CertID:
    """Return how a certificate of an issuer is asked about.

    Args:
        hash_algorithm: SHA-1 by default, as in almost every client (RFC 5019 2.1.1).

    Raises:
        InputError: we know no such hash.
    """
    found = _hashes(issuer.subject, issuer.public_key_info).get(hash_algorithm)
    if found is None:
        raise InputError(f"no hash of OCSP has the identifier {hash_algorithm}")
    encoded = der.sequence(
        der.sequence(der.object_identifier(hash_algorithm), der.encode(der.NULL)),
        der.octet_string(found[0]),
        der.octet_string(found[1]),
        der.integer(serial_number),
    )
    return CertID(hash_algorithm, *found, serial_number, encoded)


def issuer_hashes(issuer: CertificateView) -> dict[str, tuple[bytes, bytes]]:
    """Return the hashes of an issuer's name and key: OID of the hash, to both."""
    return dict(_hashes(issuer.subject, issuer.public_key_info))


@lru_cache(maxsize=64)
def _hashes(name: bytes, info: bytes) -> dict[str, tuple[bytes, bytes]]:
    from cryptography.hazmat.primitives import hashes

    # An identifier, not a safeguard: SHA-1 is what clients ask with.
    known: dict[str, hashes.HashAlgorithm] = {
        SHA1: hashes.SHA1(),  # noqa: S303
        SHA256: hashes.SHA256(),
        SHA384: hashes.SHA384(),
        SHA512: hashes.SHA512(),
    }
    key = public_key_bits(info)
    return {
        identifier: (_digest(algorithm, name), _digest(algorithm, key))
        for identifier, algorithm in known.items()
    }


def nonce_extension(nonce: bytes) -> bytes:
    """Return the DER Extension of a nonce (RFC 9654 section 2.1).

    Raises:
        InputError: it has not 1 to 128 octets.
    """
    _check_nonce(nonce)
    return der.sequence(_NONCE, der.octet_string(der.octet_string(nonce)))


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes

    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _parse(data: bytes) -> OCSPRequest:
    parts = list(der.children(der.only(data, der.SEQUENCE).content))
    # A signature is passed by: the answer is the same for everybody.
    if [part.tag for part in parts] not in ([der.SEQUENCE], [der.SEQUENCE, 0xA0]):
        raise InputError("it has not the parts of one")
    fields = list(der.children(parts[0].content))
    if fields and fields[0].tag == 0xA0:
        _check_version(fields.pop(0).content)
    if fields and fields[0].tag == 0xA1:  # requestorName: anyone may ask
        fields.pop(0)
    tags = [field.tag for field in fields]
    if tags not in ([der.SEQUENCE], [der.SEQUENCE, 0xA2]):
        raise InputError("its fields are not those of RFC 6960")
    nonce = _read_nonce(fields[1].content) if fields[1:] else None
    return OCSPRequest(_read_requests(fields[0].content), nonce)


def _check_version(content: bytes) -> None:
    if der.read_integer(der.only(content, der.INTEGER)) != 0:
        raise InputError("not version 1")


def _read_requests(content: bytes) -> tuple[CertID, ...]:
    found: list[CertID] = []
    for request in der.children(content):
        parts = list(der.children(request.content))
        tags = [request.tag, *(part.tag for part in parts)]
        expected = [der.SEQUENCE, der.SEQUENCE]
        if tags not in (expected, [*expected, 0xA0]):
            raise InputError("a request that is none")
        if parts[1:]:
            _read_extensions(parts[1].content)
        if len(found) == MOST_CERT_IDS:
            raise InputError(f"more than {MOST_CERT_IDS} certificates at once")
        found.append(_read_cert_id(parts[0]))
    if not found:
        raise InputError("it asks about no certificate")
    return tuple(found)


def _read_cert_id(element: der.Element) -> CertID:
    parts = list(der.children(element.content))
    tags = [part.tag for part in parts]
    if tags != [der.SEQUENCE, der.OCTET_STRING, der.OCTET_STRING, der.INTEGER]:
        raise InputError("a CertID that is none")
    algorithm, name, key, serial = parts
    serial_number = der.read_integer(serial)
    if serial_number < 0 or len(serial.content) > _LONGEST_SERIAL:
        raise InputError("a serial number that is negative, or over 20 octets")
    return CertID(
        _hash_algorithm(algorithm.content),
        name.content,
        key.content,
        serial_number,
        element.whole,
    )


@lru_cache(maxsize=64)
def _hash_algorithm(content: bytes) -> str:
    parts = list(der.children(content))
    if [part.whole for part in parts[1:]] not in ([], [der.encode(der.NULL)]):
        raise InputError("a hash with parameters")
    if not parts:
        raise InputError("a hash without an identifier")
    return der.read_identifier(parts[0])


def _read_nonce(content: bytes) -> bytes | None:
    found = _read_extensions(content).get(_NONCE)
    if found is None:
        return None
    nonce = der.only(found[1], der.OCTET_STRING).content
    _check_nonce(nonce)
    return nonce


def _check_nonce(nonce: bytes) -> None:
    if not 0 < len(nonce) <= LONGEST_NONCE:
        raise InputError(f"a nonce of {len(nonce)} octets: there may be 1 to 128")


def _read_extensions(content: bytes) -> dict[bytes, tuple[bool, bytes]]:
    found = read_extensions(content)
    if any(
        critical for identifier, (critical, _) in found.items() if identifier != _NONCE
    ):
        raise InputError("a critical extension that is not the nonce")
    return found
