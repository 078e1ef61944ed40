"""Keys that are no PEM and no DER: their numbers in JSON and XML, and PuTTY's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from scan_artefacts import found_in, kinds_in, pem_of, some_key

RSA = rsa.generate_private_key(65537, 2048)
NUMBERS = RSA.private_numbers()
EC = some_key().private_numbers()


def _url(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _plain(number: int) -> str:
    return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8)).decode()


JWKS: dict[str, dict[str, Any]] = {
    "RSA 2048": {
        "kty": "RSA",
        "n": _url(NUMBERS.public_numbers.n),
        "e": "AQAB",
        "d": _url(NUMBERS.d),
    },
    "EC secp256r1": {
        "kty": "EC",
        "crv": "P-256",
        "x": _url(EC.public_numbers.x),
        "y": _url(EC.public_numbers.y),
        "d": _url(EC.private_value),
    },
    "JWK, Ed25519": {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    },
}
XML = (
    "<RSAKeyValue><Modulus>{n}</Modulus><Exponent>AQAB</Exponent>{d}</RSAKeyValue>"
).format


@pytest.mark.parametrize("name", JWKS)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_private_jwk_is_a_key(name: str, indent: int | None) -> None:
    (found,) = found_in(json.dumps({"keys": [JWKS[name]]}, indent=indent))
    assert (found.rule, found.reason) == ("artefact-private-key", name)
    assert JWKS[name]["d"] not in found.snippet


@pytest.mark.parametrize("name", JWKS)
def test_in_a_string_of_code_as_well(name: str) -> None:
    line = f"String key = {json.dumps(json.dumps(JWKS[name]))};\n"
    (found,) = found_in(line, "src/Key.java")
    assert found.reason == name
    assert JWKS[name]["d"] not in found.snippet


@pytest.mark.parametrize("name", JWKS)
def test_a_public_jwk_is_none(name: str) -> None:
    public = {field: value for field, value in JWKS[name].items() if field != "d"}
    assert kinds_in(json.dumps(public)) == []
    assert kinds_in(json.dumps({**public, "d": "..."})) == []
    assert kinds_in(json.dumps({**public, "d": "short"})) == []


def test_a_point_that_is_on_no_curve_is_none() -> None:
    jwk = JWKS["EC secp256r1"]
    assert kinds_in(json.dumps({**jwk, "x": jwk["y"]})) == []


def test_a_key_has_one_mark_in_json_and_in_pem() -> None:
    texts = (json.dumps(JWKS["RSA 2048"]), pem_of(RSA))
    assert len({found_in(text)[0].snippet.rpartition("(")[2] for text in texts}) == 1


def test_the_xml_of_dotnet_is_a_key_with_its_private_number() -> None:
    modulus = _plain(NUMBERS.public_numbers.n)
    text = XML(n=modulus, d=f"<D>{_plain(NUMBERS.d)}</D>")
    (found,) = found_in(f"<add key='a' />\n{text}\n", "web.config")
    assert (found.line, found.reason) == (2, "RSA 2048")
    assert kinds_in(XML(n=modulus, d="")) == []
    assert kinds_in(XML(n="AQAB", d="<D>AQAB</D>")) == []


PUTTY = """PuTTY-User-Key-File-3: ssh-ed25519
Encryption: {how}
Comment: deploy
Public-Lines: 2
AAAAC3NzaC1lZDI1NTE5AAAAIHI4hMGjO0xTqDBmUuDYVIYjU1r7LpuKuXBPQbT3
Nd5i
Private-Lines: 1
AAAAIKxHBjnb9ZtkHPvdDLqJjhVHVkq4gXcJmwVTMuTTVP6J
Private-MAC: 00
"""


def test_puttys_keys() -> None:
    (found,) = found_in(PUTTY.format(how="none"), "deploy/key.ppk")
    assert (found.rule, found.reason) == (
        "artefact-private-key-ssh",
        "PuTTY, ssh-ed25519",
    )
    assert kinds_in(PUTTY.format(how="aes256-cbc")) == ["private-key-encrypted"]
    assert kinds_in(PUTTY.format(how="none").partition("Private-L")[0]) == []
