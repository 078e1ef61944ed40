"""What whoever stole the local CA's key could sign, and what nobody should accept."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_pem_private_key,
)

from interop.gallery import Piece
from tlsmith.core.formats import encode_chain
from tlsmith.core.issuer import Issuer
from tlsmith.core.keys import kind_of
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import BACKDATE, end_entity, validity
from tlsmith.local.authority import LocalAuthority
from tlsmith.local.creation import create_authority

_SERVER = x509.ExtendedKeyUsageOID.SERVER_AUTH
_MAIL = x509.ExtendedKeyUsageOID.EMAIL_PROTECTION


@cache
def stolen(piece: Piece) -> tuple[x509.Certificate, Any]:
    """Return the certificate and the key of the intermediate that signed a piece."""
    certificate = x509.load_pem_x509_certificate(piece.intermediate.read_bytes())
    data = (piece.folder / "intermediate-key.pem").read_bytes()
    return certificate, load_pem_private_key(data, None)


@cache
def _own_key(piece: Piece) -> Any:
    return load_pem_private_key(piece.key.read_bytes(), None)


def forge(
    piece: Piece,
    target: Path,
    names: Sequence[x509.GeneralName],
    *,
    common_name: str = "",
) -> Path:
    """Sign names with the stolen key, for the piece's own key; return the chain."""
    certificate, key = stolen(piece)
    public_key = _own_key(piece).public_key()
    forged = sign(certificate, key, public_key, names, common_name=common_name)
    write_chain(target, forged, certificate)
    return target


def forge_below(piece: Piece, target: Path, names: Sequence[x509.GeneralName]) -> Path:
    """Sign a CA without any constraint with the stolen key, and names with that."""
    certificate, key = stolen(piece)
    own_key = _own_key(piece)
    below = sign(certificate, key, own_key.public_key(), (), common_name="below")
    forged = sign(below, own_key, own_key.public_key(), names)
    write_chain(target, forged, below, certificate)
    return target


def sign(
    issuer: x509.Certificate,
    issuer_key: Any,
    public_key: Any,
    names: Sequence[x509.GeneralName],
    *,
    common_name: str = "",
) -> x509.Certificate:
    """Sign a certificate as any library does, without asking anyone; a CA's if no names
    and no dot in the common name."""
    now = datetime.now(UTC)
    is_ca = not names and "." not in common_name
    subject = _subject(common_name)
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    mails = all(isinstance(name, x509.RFC822Name) for name in names)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        .add_extension(_key_usage(is_ca, kind_of(public_key)), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                identifier.value
            ),
            critical=False,
        )
    )
    if not is_ca:
        usage = _MAIL if names and mails else _SERVER
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), False)
    if names:
        alternative = x509.SubjectAlternativeName(names)
        builder = builder.add_extension(alternative, critical=not common_name)
    return builder.sign(issuer_key, _hash_of(issuer_key))


def write_chain(target: Path, *chain: x509.Certificate) -> None:
    target.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in chain))


def make_at(folder: Path, kind: str, moment: datetime, days: int = 199) -> Piece:
    """Make a CA and a certificate for localhost as if the clock said `moment`."""
    authority, _ = create_authority(str(folder / "home"), moment, kind=kind)
    _write_server(authority, folder, moment, days)
    return Piece(kind, "server", folder, "localhost")


def _write_server(
    authority: LocalAuthority, folder: Path, moment: datetime, days: int
) -> None:
    issuer: Issuer = authority.issuer()
    # The leaf has the CA's own key: a second one would tell nothing more.
    key = Path(authority.key_file).read_bytes()
    own: Any = load_pem_private_key(key, None)
    names = parse_names(["localhost", "127.0.0.1", "::1"])
    issued = issuer.issue(
        end_entity(
            names,
            kind_of(own),
            validity(moment + BACKDATE, days, longest=397, within=issuer.view),
        ),
        own.public_key(),
    )
    chain = encode_chain([issued.der, issuer.certificate])
    (folder / "server.pem").write_bytes(chain)
    (folder / "root.pem").write_bytes(encode_chain([authority.root]))
    (folder / "intermediate.pem").write_bytes(encode_chain([issuer.certificate]))
    (folder / "key.pem").write_bytes(key)


def dns(*names: str) -> list[x509.GeneralName]:
    return [x509.DNSName(name) for name in names]


def ip(*addresses: str) -> list[x509.GeneralName]:
    return [x509.IPAddress(ipaddress.ip_address(one)) for one in addresses]


def mail(*addresses: str) -> list[x509.GeneralName]:
    return [x509.RFC822Name(one) for one in addresses]


def uri(*values: str) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(one) for one in values]


def _subject(common_name: str) -> x509.Name:
    if not common_name:
        return x509.Name([])
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def _key_usage(is_ca: bool, kind: str) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=not is_ca and kind.startswith("rsa"),
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )


def _hash_of(key: Any) -> Any:
    kind = kind_of(key)
    return None if kind.startswith(("ml-dsa", "ed25519")) else hashes.SHA384()
