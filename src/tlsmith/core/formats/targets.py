"""The formats there are to convert to, and what each can hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A format, and what it takes.

    Args:
        title: what people call it.
        is_text: it may be shown on a terminal.
        takes_key: it holds a private key where there is one.
        needs_key: it is nothing without one.
        takes_passphrase: it can be encrypted.
        takes_name: it calls what it holds by a name.
    """

    title: str
    is_text: bool = False
    takes_key: bool = False
    needs_key: bool = False
    takes_passphrase: bool = False
    takes_name: bool = False


TARGETS = {
    "pem": Target("PEM", is_text=True, takes_key=True, takes_passphrase=True),
    "der": Target("DER", takes_passphrase=True),
    "chain": Target("PEM with the root", is_text=True),
    "combined": Target(
        "PEM with the key",
        is_text=True,
        takes_key=True,
        needs_key=True,
        takes_passphrase=True,
    ),
    "p12": Target("PKCS#12", takes_key=True, takes_passphrase=True, takes_name=True),
    "p7b": Target("PKCS#7 in PEM", is_text=True),
    "p7b-der": Target("PKCS#7 in DER"),
    "jks-truststore": Target("Java truststore", takes_passphrase=True, takes_name=True),
    "k8s-secret": Target(
        "Kubernetes TLS Secret",
        is_text=True,
        takes_key=True,
        needs_key=True,
        takes_name=True,
    ),
    "pkcs8": Target(
        "PKCS#8 key in PEM",
        is_text=True,
        takes_key=True,
        needs_key=True,
        takes_passphrase=True,
    ),
    "key-der": Target(
        "PKCS#8 key in DER", takes_key=True, needs_key=True, takes_passphrase=True
    ),
    "pkcs1": Target(
        "traditional key in PEM", is_text=True, takes_key=True, needs_key=True
    ),
}
KEY_TARGETS = ("pkcs8", "key-der", "pkcs1")
