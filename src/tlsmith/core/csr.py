"""Certification requests (RFC 2986): making them, and judging those of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlsmith.core.keys import kind_of
from tlsmith.core.names import GeneralName, parse_name
from tlsmith.errors import InputError, ProfileError

if TYPE_CHECKING:
    from cryptography import x509

    from tlsmith.core.keys import PrivateKey, PublicKey


_UNSAFE_HASHES = {"1.2.840.113549.1.1.2": "MD2", "1.2.840.113549.1.1.4": "MD5"}


@dataclass(frozen=True)
class CertificationRequest:
    """What is taken from a request: its names and its key, nothing else."""

    names: tuple[GeneralName, ...]
    public_key: PublicKey


def encode_request(
    names: Sequence[GeneralName],
    key: PrivateKey,
    *,
    subject: bytes,
    client: bool = False,
) -> bytes:
    """Return a DER request for `names`, signed with `key` (RFC 2986).

    Args:
        subject: DER Name.
        client: ask for extendedKeyUsage clientAuth as well.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from tlsmith.core.profiles import end_entity_usages
    from tlsmith.core.subject import EMPTY

    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name.from_bytes(subject))
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]),
            critical=subject == EMPTY,
        )
    )
    if client:
        usages = end_entity_usages(names, client=True)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage(list(map(x509.ObjectIdentifier, usages))),
            critical=False,
        )
    return builder.sign(key, request_hash(key)).public_bytes(Encoding.DER)


def parse_request(data: bytes, *, loose: bool = False) -> CertificationRequest:
    """Return what a PEM or DER request asks for, once it is found to be in order.

    Args:
        loose: as `parse_name` has it.

    Raises:
        InputError: it is no request.
        ProfileError: its signature, its key or its names are not acceptable; every
            reason is listed.
    """
    from tlsmith.core.weak_keys import judge_key

    request = _load(data)
    reasons = []
    if not request.is_signature_valid:
        reasons.append(f"signature: {_signature_fault(request)}")
    public_key = request.public_key()
    reasons += [f"key: {reason}" for reason in judge_key(public_key)]
    names, faults = _requested_names(request, loose=loose)
    reasons += faults
    if not names and not faults:
        reasons.append("names: there are none")
    if reasons:
        raise ProfileError(
            "this request cannot be signed",
            reasons=reasons,
            hint="make a new one: tlsmith csr NAME...",
        )
    return CertificationRequest(names, public_key)


def request_hash(key: Any) -> Any:
    """Return the hash to sign with; None where the key brings its own."""
    from cryptography.hazmat.primitives import hashes

    kind = kind_of(key)
    by_kind = {"p384": hashes.SHA384(), "p521": hashes.SHA512()}
    if kind == "p256" or kind.startswith("rsa"):
        return hashes.SHA256()
    return by_kind.get(kind)


def _load(data: bytes) -> x509.CertificateSigningRequest:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    pem = b"-----BEGIN" in data
    load = x509.load_pem_x509_csr if pem else x509.load_der_x509_csr
    try:
        request = load(data)
        # Both are read when asked for only; asked here, what is wrong shows here.
        _ = request.public_key(), request.subject
        return request
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise InputError(
            "not a certification request that can be read",
            code="bad-request",
            hint="see what it is: tlsmith show FILE",
        ) from error


def _signature_fault(request: x509.CertificateSigningRequest) -> str:
    """Return why the signature does not hold; one with MD5 is not even looked at."""
    hash_name = _UNSAFE_HASHES.get(request.signature_algorithm_oid.dotted_string)
    if hash_name is not None:
        return f"made with {hash_name}, which proves nothing any more"
    return "not made with the key in the request"


def _requested_names(
    request: x509.CertificateSigningRequest, *, loose: bool
) -> tuple[tuple[GeneralName, ...], list[str]]:
    from cryptography import x509

    try:
        extension = request.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return _common_names(request, loose=loose)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return (), ["names: the subjectAltName of the request cannot be read"]
    names, faults = [], []
    for general_name in extension.value:
        try:
            names.append(_judged(general_name, loose=loose))
        except InputError as error:
            faults.append(f"names: {error.message}")
    return tuple(dict.fromkeys(names)), faults


def _common_names(
    request: x509.CertificateSigningRequest, *, loose: bool
) -> tuple[tuple[GeneralName, ...], list[str]]:
    """Return the common name as a name: old tools put the host there alone."""
    from cryptography import x509

    found = request.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    try:
        names = (parse_name(str(attribute.value), loose=loose) for attribute in found)
        return tuple(names), []
    except InputError as error:
        return (), [f"common name: {error.message}"]


def _judged(general_name: x509.GeneralName, *, loose: bool) -> GeneralName:
    from cryptography import x509

    kinds = {
        x509.DNSName: "dns",
        x509.IPAddress: "ip",
        x509.RFC822Name: "email",
        x509.UniformResourceIdentifier: "uri",
    }
    kind = kinds.get(type(general_name))
    if kind is None:
        raise InputError(f"a {type(general_name).__name__} is not a name we sign")
    name = parse_name(str(general_name.value), loose=loose)
    if name.kind != kind:
        raise InputError(f"{name.value!r} is put in as a {kind} name and is none")
    return name


def _general_name(name: GeneralName) -> x509.GeneralName:
    import ipaddress

    from cryptography import x509

    if name.kind == "ip":
        return x509.IPAddress(ipaddress.ip_address(name.value))
    if name.kind == "dns":
        return x509.DNSName(name.value)
    if name.kind == "email":
        return x509.RFC822Name(name.value)
    return x509.UniformResourceIdentifier(name.value)
