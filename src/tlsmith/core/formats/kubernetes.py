"""The Kubernetes Secret of type kubernetes.io/tls, as YAML."""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from typing import Any

from tlsmith.core.formats.keyfile import encode_private_key
from tlsmith.core.formats.pem import encode_chain

_LONGEST = 253  # RFC 1123 subdomain, which names of Secrets must be
_WRONG = re.compile(r"[^a-z0-9.]+")


def encode_kubernetes_secret(
    chain: Sequence[bytes],
    key: Any,
    *,
    name: str,
    namespace: str | None = None,
    ca: Sequence[bytes] | None = None,
) -> bytes:
    """Return the YAML of a TLS Secret, ready for `kubectl apply`.

    Args:
        chain: DER certificates for tls.crt, end entity first.
        key: the private key; Secrets have no place for an encrypted one.
        name: made into a name Kubernetes allows, where it is not.
        ca: DER certificates for ca.crt.
    """
    lines = ["apiVersion: v1", "kind: Secret", "metadata:"]
    lines.append(f"  name: {_quoted(secret_name(name))}")
    if namespace is not None:
        lines.append(f"  namespace: {_quoted(namespace)}")
    lines += ["type: kubernetes.io/tls", "data:"]
    if ca:
        lines.append(f"  ca.crt: {_base64(encode_chain(ca))}")
    lines.append(f"  tls.crt: {_base64(encode_chain(chain))}")
    lines.append(f"  tls.key: {_base64(encode_private_key(key))}")
    return ("\n".join(lines) + "\n").encode()


def secret_name(text: str) -> str:
    """Return a name Kubernetes allows (an RFC 1123 subdomain), as close as may be.

    `*.example.test` becomes `wildcard.example.test`, `localhost+2` `localhost-2`.
    """
    lowered = text.lower().replace("*", "wildcard")
    labels = [_WRONG.sub("-", label).strip("-") for label in lowered.split(".")]
    name = ".".join(label for label in labels if label)
    return name[:_LONGEST].rstrip(".-") or "certificate"


def _quoted(name: str) -> str:
    """Quote what YAML would take for a number, a truth value or nothing."""
    plain = re.fullmatch(r"[a-z][a-z0-9.-]*", name)
    words = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
    return name if plain and name not in words else f'"{name}"'


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()
