"""What to call a certificate where a container wants a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_UNNAMED = "certificate"


def first_name(certificate: Certificate) -> str:
    """Return the first subjectAltName, else the common name, else the organization."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        names = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except Exception:  # there is none, or none that the library can read
        names = None
    for name in names or ():
        if isinstance(name, x509.DNSName | x509.IPAddress | x509.RFC822Name):
            return str(name.value)
        if isinstance(name, x509.UniformResourceIdentifier):
            return name.value
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        attributes = certificate.subject.get_attributes_for_oid(kind)
        if attributes:
            return str(attributes[0].value) or _UNNAMED
    return _UNNAMED
