"""Certificates as mkcert makes them: names, file names, shape and formats."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core.issuer import IssuedCertificate, Issuer
from tlsmith.core.keys import kind_of
from tlsmith.core.names import GeneralName, parse_name
from tlsmith.core.oid import CLIENT_AUTH, EMAIL_PROTECTION, SERVER_AUTH
from tlsmith.core.profiles import BACKDATE, end_entity, end_entity_usages
from tlsmith.core.stem import default_stem
from tlsmith.errors import InputError, ValidityError
from tlsmith.files import NewFile
from tlsmith.local.mkcert import months_after
from tlsmith.local.mkcert_subject import mkcert_subject

if TYPE_CHECKING:
    from cryptography import x509

    from tlsmith.core.keys import PrivateKey, PublicKey

KIND, KIND_ECDSA = "rsa2048", "p256"
# Two years and three months: less than the 825 days at which Apple's clients stop.
_MONTHS = 27
_ORGANIZATION = "mkcert development certificate"
_PASSPHRASE = b"changeit"
# The order in which Go, and so mkcert, puts names into a certificate.
_ORDER = ("dns", "email", "ip", "uri")
_LONGEST_COMMON_NAME = 64  # RFC 5280 appendix A.1


class TypedName(NamedTuple):
    """A name, and what stands for it in messages and file names: as it was typed."""

    name: GeneralName
    text: str


class Paths(NamedTuple):
    """Where files go; the certificate and its key may be one file."""

    cert_file: str
    key_file: str
    p12_file: str

    @property
    def is_one_file(self) -> bool:
        return os.path.realpath(self.cert_file) == os.path.realpath(self.key_file)


class Wanted(NamedTuple):
    """What a certificate is to say.

    Args:
        subject: DER Name.
        usages: OIDs of extendedKeyUsage, dotted; empty for those that fit the names.
    """

    names: tuple[TypedName, ...]
    public_key: PublicKey
    subject: bytes
    usages: tuple[str, ...] = ()


def parse_typed_names(texts: Sequence[str]) -> tuple[TypedName, ...]:
    """Return the names that `texts` are: hosts, IP and e-mail addresses, URIs.

    Raises:
        InputError: one is no name that mkcert takes.
    """
    return tuple(map(_parse_typed_name, texts))


def default_paths(names: Sequence[TypedName], *, client: bool) -> Paths:
    """Return where files go by default: "./a.test+2.pem", "./a.test+2-key.pem"."""
    as_typed = [GeneralName(name.kind, text) for name, text in names]
    stem = "./" + default_stem(as_typed, client=client).removeprefix("./")
    return Paths(f"{stem}.pem", f"{stem}-key.pem", f"{stem}.p12")


def usual_subject(
    who: str, names: Sequence[TypedName], *, with_common_name: bool
) -> bytes:
    """Return the DER subject of a certificate.

    Args:
        who: as `user_and_host` has it.
        with_common_name: where it fits, the first name, which IIS shows people.
    """
    common_name = names[0].name.value if with_common_name else ""
    if len(common_name) > _LONGEST_COMMON_NAME:
        common_name = ""
    return mkcert_subject(_ORGANIZATION, who, common_name)


def usual_usages(names: Sequence[TypedName], *, client: bool) -> tuple[str, ...]:
    """Return extendedKeyUsage for certificates with these names, as OIDs."""
    return end_entity_usages([name for name, _ in names], client=client)


def issue(issuer: Issuer, wanted: Wanted, now: datetime) -> IssuedCertificate:
    """Sign a certificate of mkcert's shape.

    It has, besides what mkcert's has, basicConstraints, the key's identifier and a
    start an hour ago; an elliptic curve key is not for key encipherment (RFC 8813); and
    it does not outlive the root.

    Args:
        now: the present, with its time zone.

    Raises:
        ValidityError: the root has expired.
    """
    unique = dict.fromkeys(name for name, _ in wanted.names)
    parameters = end_entity(
        sorted(unique, key=lambda name: _ORDER.index(name.kind)),
        kind_of(wanted.public_key),
        _validity(issuer, now),
        subject=wanted.subject,
    )
    if wanted.usages:
        parameters = parameters._replace(extended_key_usage=wanted.usages)
    return issuer.issue(parameters, wanted.public_key)


def encode_pem_files(der: bytes, key: PrivateKey | None, paths: Paths) -> list[NewFile]:
    """Return the certificate, and the key where there is one, as files of PEM."""
    from tlsmith.core.formats import encode_chain, encode_private_key

    certificate = encode_chain([der])
    if key is None:
        return [NewFile(paths.cert_file, certificate)]
    secret = encode_private_key(key)
    if paths.is_one_file:
        return [NewFile(paths.key_file, certificate + secret, secret=True)]
    return [
        NewFile(paths.key_file, secret, secret=True),
        NewFile(paths.cert_file, certificate),
    ]


def encode_p12_file(
    der: bytes, key: PrivateKey, issuer: Issuer, name: str, paths: Paths
) -> NewFile:
    """Return PKCS#12 with certificate, key and root, for clients old and new.

    Args:
        name: what stores call it.
    """
    from tlsmith.core.formats import encode_pkcs12

    data = encode_pkcs12(
        key,
        [der, issuer.certificate],
        passphrase=_PASSPHRASE,
        name=name,
        legacy=True,
    )
    return NewFile(paths.p12_file, data, secret=True)


def parse_mkcert_request(data: bytes, who: str) -> Wanted:
    """Return what is taken from a request: names, key, subject, extendedKeyUsage.

    A subject that is empty, or has a common name that is none of the names, gives way
    to the usual one.

    Args:
        who: as `user_and_host` has it.

    Raises:
        InputError: it is no request.
        ProfileError: its signature, its key or its names are not acceptable.
    """
    from cryptography import x509

    from tlsmith.core.csr import parse_request

    asked = parse_request(data, loose=True)
    pem = b"-----BEGIN" in data
    load = x509.load_pem_x509_csr if pem else x509.load_der_x509_csr
    request = load(data)
    ordered = sorted(asked.names, key=lambda name: _ORDER.index(name.kind))
    names = tuple(TypedName(name, name.value) for name in ordered)
    subject = _requested_subject(request, ordered)
    if subject is None:
        subject = usual_subject(who, names, with_common_name=False)
    return Wanted(names, asked.public_key, subject, _requested_usages(request))


def _parse_typed_name(text: str) -> TypedName:
    name = parse_name(text, loose=True)
    if name.kind == "uri" and not name.host:
        raise InputError(
            f"a URI without a host: {text!r}",
            hint="mkcert takes URIs such as https://a.test/; for others try "
            "tlsmith make",
        )
    if name.kind == "ip" and name.value.startswith("::ffff:"):
        name = _without_mapping(name)
    as_typed = text.isascii() and not text.startswith("[") and not text.endswith(".")
    return TypedName(name, text if as_typed else name.value)


def _without_mapping(name: GeneralName) -> GeneralName:
    """Return the IPv4 address that is mapped into an IPv6 one (RFC 4291 2.5.5.2)."""
    import ipaddress

    mapped = ipaddress.IPv6Address(name.value).ipv4_mapped
    return GeneralName("ip", str(mapped)) if mapped is not None else name


def _validity(issuer: Issuer, now: datetime) -> tuple[datetime, datetime]:
    root, now = issuer.view, now.replace(microsecond=0)
    if root.not_after <= now:
        raise ValidityError(
            f"mkcert's root certificate expired {root.not_after:%Y-%m-%d}",
            code="issuer-expired",
            hint="move it and its key out of the folder `tlsmith mkcert -CAROOT` "
            "prints, then make a new one: tlsmith mkcert -install",
        )
    not_before = max(now - BACKDATE, root.not_before)
    return not_before, min(months_after(now, _MONTHS), root.not_after)


def _requested_subject(
    request: x509.CertificateSigningRequest, names: Sequence[GeneralName]
) -> bytes | None:
    from tlsmith.core.subject import EMPTY, parse_subject

    try:
        subject = parse_subject(request.subject.rfc4514_string(), names)
    except InputError:
        return None
    return None if subject == EMPTY else subject


def _requested_usages(request: x509.CertificateSigningRequest) -> tuple[str, ...]:
    from cryptography import x509

    try:
        found = request.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return ()
    asked = {usage.dotted_string for usage in found.value}
    known = (SERVER_AUTH, CLIENT_AUTH, EMAIL_PROTECTION)
    return tuple(usage for usage in known if usage in asked)
