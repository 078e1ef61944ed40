"""PEM labels (RFC 7468), and whether they fit what stands behind them."""

from __future__ import annotations

from tlsmith.core.describe.dissect import Dissection
from tlsmith.core.describe.shape import UNKNOWN, shape

Headers = tuple[tuple[str, str], ...]
Wrong = tuple[str, str] | None

# The label to write first: programs look for it by name.
_LABELS: dict[tuple[str, str], tuple[str, ...]] = {
    ("certificate", "der"): ("CERTIFICATE", "X509 CERTIFICATE"),
    ("certificate", "trusted"): ("TRUSTED CERTIFICATE",),
    ("certificate-signing-request", "der"): (
        "CERTIFICATE REQUEST",
        "NEW CERTIFICATE REQUEST",
    ),
    ("certificate-revocation-list", "der"): ("X509 CRL",),
    ("private-key", "pkcs8"): ("PRIVATE KEY",),
    ("private-key", "encrypted-pkcs8"): ("ENCRYPTED PRIVATE KEY",),
    ("private-key", "pkcs1"): ("RSA PRIVATE KEY",),
    ("private-key", "sec1"): ("EC PRIVATE KEY",),
    ("private-key", "dsa"): ("DSA PRIVATE KEY",),
    ("public-key", "spki"): ("PUBLIC KEY",),
    ("public-key", "pkcs1"): ("RSA PUBLIC KEY",),
    ("parameters", "der"): (
        "EC PARAMETERS",
        "DH PARAMETERS",
        "DSA PARAMETERS",
        "X9.42 DH PARAMETERS",
    ),
    ("pkcs7", "der"): ("PKCS7", "CMS", "PKCS #7 SIGNED DATA"),
    ("pkcs12", "der"): ("PKCS12",),
    ("ocsp-response", "der"): ("OCSP RESPONSE",),
    ("ocsp-request", "der"): ("OCSP REQUEST",),
}
_BY_LABEL = {label: kind for kind, labels in _LABELS.items() for label in labels}
# Old labels that OpenSSL and others read as well.
_OLD = frozenset(("X509 CERTIFICATE", "NEW CERTIFICATE REQUEST", "PKCS #7 SIGNED DATA"))
_NOT_DER = {
    "OPENSSH PRIVATE KEY": ("private-key", "openssh"),
    "SSH2 PUBLIC KEY": ("public-key", "ssh2"),
}


def kind_of(label: str, content: bytes, headers: Headers) -> tuple[str, str, Wrong]:
    """Return the kind and form of a PEM block, and a code and message if mislabelled.

    The content decides; the label only where the content says nothing.
    """
    name = label.upper()
    if name in _NOT_DER:
        return (*_NOT_DER[name], None)
    if name.startswith("PGP "):
        return ("openpgp", "openpgp", None)
    expected = _BY_LABEL.get(name)
    if any(key == "DEK-Info" for key, _ in headers):
        return ("private-key", "encrypted-pem", None)
    actual = UNKNOWN if name.endswith(" PARAMETERS") else shape(content)
    # The start of something may look like the start of something else.
    if actual == UNKNOWN or (expected and _is_cut(content)):
        return (*(expected or UNKNOWN), None)
    if name == "TRUSTED CERTIFICATE" and actual[0] == "certificate":
        return ("certificate", "trusted", None)
    return (*actual, _wrong(label, name, actual))


def _is_cut(content: bytes) -> bool:
    outer = Dissection(content).outer("content")
    return outer is None or outer.cut


def _wrong(label: str, name: str, actual: tuple[str, str]) -> Wrong:
    right = _LABELS[actual]
    if label in right:
        if label in _OLD:
            return ("unusual-label", f"the label {label} is old; write {right[0]}")
        return None
    if name == "ANY PRIVATE KEY" and actual[0] == "private-key":
        return ("unusual-label", f"the label {label} is no standard; write {right[0]}")
    what = f"{actual[0].replace('-', ' ')} ({actual[1]})"
    if actual[1] == "der":
        what = actual[0].replace("-", " ")
    message = f"the label says {label}, the content is a {what}: write {right[0]}"
    return ("wrong-pem-label", message)
