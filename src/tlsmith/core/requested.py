"""Reading a certification request that anybody may have made (RFC 2986).

A service reads thousands a second, and some are attacks: every byte is accounted for,
and what is found wrong is told at once. Whether what is asked for may be had is judged
by whoever knows the profile.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tlsmith.core import der
from tlsmith.core.asked import AskedExtensions, read_asked
from tlsmith.core.asked_names import names_of_common_names
from tlsmith.core.attributes import parse_attributes
from tlsmith.core.blocklist import NO_KEYS, Blocklist
from tlsmith.core.formats.pem import split_pem
from tlsmith.core.keys import is_point_on_p256, kind_of, public_key_info
from tlsmith.core.names import GeneralName
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.weak_keys import judge_key
from tlsmith.errors import InputError, ProfileError

if TYPE_CHECKING:
    from tlsmith.core.keys import PublicKey

LARGEST_REQUEST = 65536
MOST_NAMES = 100

_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
# RFC 2986 knows 0 alone. Ruby's acme-client, which is GitLab's, writes the 2 of a
# certificate of version 3: nothing follows from it.
_VERSIONS = tuple(der.integer(version) for version in range(3))
_ECDSA_SHA256 = der.sequence(der.object_identifier("1.2.840.10045.4.3.2"))
_OUTER = (der.SEQUENCE, der.SEQUENCE, der.BIT_STRING)
_INFO = (der.INTEGER, der.SEQUENCE, der.SEQUENCE, 0xA0)
_UNSAFE_HASHES = {
    der.object_identifier("1.2.840.113549.1.1.2"): "MD2",
    der.object_identifier("1.2.840.113549.1.1.4"): "MD5",
}


class RequestedCertificate(NamedTuple):
    """What a request asks for, once its signature has been found to hold.

    Args:
        names: the subjectAltName, each name in its one form and once; without one, a
            host or mailbox that is the common name.
        subject: DER Name.
        public_key_info: DER SubjectPublicKeyInfo.
        asked: what else it asks for.
    """

    names: tuple[GeneralName, ...]
    subject: bytes
    public_key: PublicKey
    public_key_info: bytes
    asked: AskedExtensions


class _Parts(NamedTuple):
    info: bytes
    subject: bytes
    key_info: bytes
    attributes: bytes
    algorithm: bytes
    signature: bytes


def read_request(
    data: bytes, *, most_names: int = MOST_NAMES, blocklist: Blocklist = NO_KEYS
) -> RequestedCertificate:
    """Return what a PEM or DER request asks for.

    Args:
        most_names: where it has more, they are not even read.
        blocklist: compromised keys, beside those that are known to everybody.

    Raises:
        InputError: it is no request, or larger than any in use.
        ProfileError: its signature, key, subject, names or extensions are not in order;
            every reason is listed.
    """
    data = _one_request(data)
    parts = _split(data)
    reasons: list[str] = []
    key = _public_key(parts.key_info, blocklist, reasons)
    if key is not None:
        _check_signature(data, parts, key, reasons)
    common_names = _common_names(parts.subject, reasons)
    names, asked = read_asked(parts.attributes, most_names, reasons)
    if names is None:
        names = names_of_common_names(common_names, reasons)
    if reasons or key is None:
        raise ProfileError(
            "this request cannot be signed",
            reasons=reasons,
            hint="make a new one: tlsmith csr NAME...",
        )
    return RequestedCertificate(names, parts.subject, key, parts.key_info, asked)


def _one_request(data: bytes) -> bytes:
    """Return the DER of the one request there is."""
    if len(data) > LARGEST_REQUEST:
        raise InputError(
            f"a certification request of {len(data)} bytes: {LARGEST_REQUEST} is the "
            "most",
            code="too-large",
            hint="ask for fewer names in one certificate",
        )
    if data[:1] == b"\x30":
        return data
    blocks = [block for label, block in split_pem(data) if label in _LABELS]
    if len(blocks) != 1:
        raise InputError(
            f"{len(blocks)} certification requests where one is needed",
            code="bad-request",
            hint="see what it is: tlsmith show FILE",
        )
    return blocks[0]


def _split(data: bytes) -> _Parts:
    try:
        info, algorithm, signature = _elements(data, _OUTER)
        version, subject, key_info, *rest = _elements(info.whole, _INFO)
        if version.whole not in _VERSIONS:
            raise InputError("a version that is none of X.509's")
        if signature.content[:1] != b"\0":
            raise InputError("a signature that is not whole bytes")
    except InputError as error:
        raise InputError(
            f"not a certification request: {error.message}",
            code="bad-request",
            hint="see what it is: tlsmith show FILE",
        ) from error
    return _Parts(
        info.whole,
        subject.whole,
        key_info.whole,
        rest[0].content if rest else b"",
        algorithm.whole,
        signature.content[1:],
    )


def _elements(data: bytes, tags: tuple[int, ...]) -> list[der.Element]:
    found = list(der.children(der.only(data, der.SEQUENCE).content))
    have = tuple(element.tag for element in found)
    # Some leave out attributes that are empty, though RFC 2986 does not allow that.
    if tags not in (have, (*have, 0xA0)):
        raise InputError("it has not the parts of one")
    return found


def _public_key(info: bytes, blocklist: Blocklist, reasons: list[str]) -> Any:
    """Return the key, None for one that cannot be read."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key: Any = load_der_public_key(info)
        if not is_point_on_p256(info) and public_key_info(key) != info:
            # A curve spelled out (CVE-2020-0601), a compressed point: RFC 5480 2.
            reasons.append("key: not written as RFC 5480 and RFC 3279 have it")
        found = judge_key(key, info, blocklist=blocklist)
    except (ValueError, UnsupportedAlgorithm):
        reasons.append("key: not a public key that can be read")
        return None
    reasons += [f"key: {reason}" for reason in found]
    return key


def _check_signature(data: bytes, parts: _Parts, key: Any, reasons: list[str]) -> None:
    """Find out whether the request was signed with the key in it.

    One with MD5 is not even looked at.
    """
    algorithm = der.read(parts.algorithm)[0].content
    unsafe = [name for oid, name in _UNSAFE_HASHES.items() if algorithm.startswith(oid)]
    if unsafe:
        reasons.append(f"signature: made with {unsafe[0]}, which proves nothing")
    elif not _is_signed(data, parts, key):
        reasons.append("signature: not made with the key in the request")


def _is_signed(data: bytes, parts: _Parts, key: Any) -> bool:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        # Nearly all of them; the library's own way, below, reads everything again.
        if parts.algorithm == _ECDSA_SHA256 and kind_of(key, parts.key_info) == "p256":
            key.verify(parts.signature, parts.info, _ecdsa_sha256())
            return True
        return x509.load_der_x509_csr(data).is_signature_valid
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False


@cache
def _ecdsa_sha256() -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(hashes.SHA256())


def _common_names(subject: bytes, reasons: list[str]) -> list[str]:
    try:
        found = parse_attributes(subject)
    except InputError as error:
        reasons.append(f"subject: {error.message}")
        return []
    return [part.text for part in found if part.oid == COMMON_NAME]
