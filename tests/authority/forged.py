"""Certification requests as an attacker makes them, and what becomes of them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from strategies import NOW, key_of_kind
from tlsmith.authority.judge import judge
from tlsmith.authority.policy import load_policy
from tlsmith.authority.request import IssuerLimits, asked_by
from tlsmith.core import der, oid
from tlsmith.core.keys import public_key_info
from tlsmith.core.profiles import DAY, CertificateParameters
from tlsmith.core.requested import read_request
from tlsmith.core.subject import EMPTY
from tlsmith.errors import InputError, ProfileError

KEY: Any = key_of_kind("p256")
ISSUER = IssuerLimits(NOW - DAY, NOW + 1000 * DAY)
POLICY = load_policy(
    """
    [policy.names]
    dns = ["corp.test", "localhost"]
    ip = ["10.0.0.0/8"]
    email = ["corp.test"]
    uri_schemes = ["spiffe"]
    uri_hosts = ["corp.test"]
    """
)


def certify(data: bytes, profile: str = "server") -> CertificateParameters:
    """What a request gets, as the service has it."""
    request = asked_by(read_request(data), "token:ci")
    return judge(POLICY.profile(profile), POLICY, request, ISSUER, NOW)


def refused(data: bytes, profile: str = "server") -> str:
    """Why a request gets nothing."""
    with pytest.raises((InputError, ProfileError)) as caught:
        certify(data, profile)
    reasons = getattr(caught.value, "reasons", (str(caught.value),))
    return "; ".join(reasons)


def by_openssl(
    folder: Path, subject: str = "/", *lines: str, key: Path | None = None
) -> bytes:
    """A request made by `openssl req`, with lines of its section of extensions."""
    if key is None:
        key = folder / "key.pem"
        pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        key.write_bytes(pem)
    settings = folder / "req.cnf"
    extensions = ["[extensions]", *lines] if lines else []
    wanted = ["req_extensions = extensions"] if lines else []
    head = ["[req]", "distinguished_name = name", "utf8 = yes", *wanted, "[name]"]
    settings.write_text("\n".join([*head, *extensions]) + "\n", encoding="utf-8")
    command = ["openssl", "req", "-new", "-config", settings, "-key", key]
    command += ["-subj", subject, "-outform", "DER"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def extension(identifier: str, value: bytes, flag: bytes = b"") -> bytes:
    """A DER Extension, its flag written out or not."""
    kind = der.object_identifier(identifier)
    return der.sequence(kind, flag, der.octet_string(value))


def alternative(*names: tuple[int, bytes]) -> bytes:
    """A subjectAltName extension of (tag, contents)."""
    value = der.sequence(*(der.encode(tag, content) for tag, content in names))
    return extension(oid.SUBJECT_ALT_NAME, value)


def attribute(identifier: str, *values: bytes) -> bytes:
    """A DER Attribute of a request."""
    kind = der.object_identifier(identifier)
    return der.sequence(kind, der.encode(der.SET, *values))


def extension_request(*extensions: bytes) -> bytes:
    """The attribute that asks for extensions."""
    return attribute("1.2.840.113549.1.9.14", der.sequence(*extensions))


def forge(
    *attributes: bytes, subject: bytes = EMPTY, version: int = 0, info: bytes = b""
) -> bytes:
    """A request with any attributes, signed."""
    body = der.sequence(
        der.integer(version),
        subject,
        info or public_key_info(KEY.public_key()),
        der.context(0, *attributes, constructed=True),
    )
    return sign(body)


def sign(body: bytes) -> bytes:
    """A request whose CertificationRequestInfo is `body`."""
    algorithm = der.sequence(der.object_identifier("1.2.840.10045.4.3.2"))
    signature = KEY.sign(body, ec.ECDSA(hashes.SHA256()))
    return der.sequence(body, algorithm, der.bit_string(signature))


def naming(*names: tuple[int, bytes], subject: bytes = EMPTY) -> bytes:
    """A request for names of (tag, contents)."""
    return forge(extension_request(alternative(*names)), subject=subject)


def dns(*names: bytes, subject: bytes = EMPTY) -> bytes:
    """A request for DNS names, whatever bytes they are."""
    return naming(*((0x82, name) for name in names), subject=subject)


def texts(made: CertificateParameters) -> Sequence[str]:
    """The names of a certificate as texts."""
    return [str(name) for name in made.names]
