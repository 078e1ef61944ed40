"""Private keys written as their numbers: JSON Web Keys, and .NET's XML."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from tlsmith.scan.artefacts.artefact import Artefact, Key
from tlsmith.scan.artefacts.keys import known_by
from tlsmith.scan.artefacts.objects import of_key

_JWK = re.compile(r"[\"']kty\\{0,4}[\"']\s{0,4}:\s{0,4}\\{0,4}[\"'](?:RSA|EC|OKP)\b")
_FIELD = re.compile(
    r"[\"']([a-zA-Z]{1,3})\\{0,4}[\"']\s{0,4}:\s{0,4}"
    r"\\{0,4}[\"']([\w=-]{1,2000})\\{0,4}[\"']"
)
_XML = re.compile(r"<RSAKeyValue>")
_ELEMENT = re.compile(r"<(Modulus|Exponent|D)>\s{0,80}([A-Za-z0-9+/=\s]{4,2000})</")
_AROUND = 8000
_CURVES = {"P-256": "SECP256R1", "P-384": "SECP384R1", "P-521": "SECP521R1"}
_LEAST = 16
"""Bytes of a private number; the shortest in use has 32."""


def written_in_numbers(text: str) -> Iterator[Artefact]:
    """Every private key of which the numbers stand there."""
    for found in _JWK.finditer(text):
        key = _of_jwk(_fields(text, *found.span()))
        if key:
            yield of_key(key, *found.span())
    for found in _XML.finditer(text):
        end = text.find("</RSAKeyValue>", found.end(), found.end() + _AROUND)
        fields = dict(_ELEMENT.findall(text, found.end(), max(end, found.end())))
        if {"Modulus", "Exponent", "D"} <= fields.keys():
            numbers = (_number(fields[name]) for name in ("Modulus", "Exponent", "D"))
            key = _rsa(*numbers)
            if key:
                yield of_key(key, *found.span())


def _fields(text: str, start: int, end: int) -> dict[str, str]:
    """The fields of the braces around a place that have no braces in them."""
    low = text.rfind("{", max(0, start - _AROUND), start)
    high = text.find("}", end, end + _AROUND)
    if low < 0 or high < 0:
        return {}
    return dict(_FIELD.findall(text, low, high))


def _of_jwk(fields: Mapping[str, str]) -> Key | None:
    secret = _octets(fields.get("d", ""))
    if len(secret) < _LEAST:
        return None
    if fields.get("kty") == "RSA" or "n" in fields:
        numbers = (_number(fields.get(name, "")) for name in ("n", "e", "d"))
        return _rsa(*numbers)
    if "y" in fields:
        return _ec(fields, secret)
    public = _octets(fields.get("x", ""))
    if not public:
        return None
    return Key("key", f"JWK, {fields.get('crv', 'OKP')}", sha256(public).hexdigest())


def _rsa(modulus: int, exponent: int, secret: int) -> Key | None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    if modulus.bit_length() < 500 or not 1 < secret < modulus:
        return None
    return _known(RSAPublicNumbers(exponent, modulus))


def _ec(fields: Mapping[str, str], secret: bytes) -> Key | None:
    from cryptography.hazmat.primitives.asymmetric import ec

    curve = _CURVES.get(fields.get("crv", ""))
    if curve is None:
        return None
    x, y = (_number(fields.get(name, "")) for name in ("x", "y"))
    return _known(ec.EllipticCurvePublicNumbers(x, y, getattr(ec, curve)()))


def _known(numbers: Any) -> Key | None:
    try:
        public = numbers.public_key()
    except ValueError:  # no point of the curve, no such modulus
        return None
    return known_by(public, "")


def _octets(text: str) -> bytes:
    plain = "".join(text.split()).rstrip("=").translate(str.maketrans("+/", "-_"))
    try:
        return urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except ValueError:
        return b""


def _number(text: str) -> int:
    return int.from_bytes(_octets(text))
