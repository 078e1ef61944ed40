"""The Python API: CAs, certificates and TLS contexts in memory, for tests and scripts.

`import tlsmith` has all of these names, and loads them when they are first used.
"""

from tlsmith.api.bad import BAD_KINDS, BadCertificate, BadCertificates, BadKind
from tlsmith.api.ca import CA
from tlsmith.api.certificate import Certificate, Paths
from tlsmith.api.encoded import Encoded
from tlsmith.api.revocation import RevocationReason
from tlsmith.core.keys import KeyKind
from tlsmith.errors import TLSmithError

__all__ = [
    "BAD_KINDS",
    "CA",
    "BadCertificate",
    "BadCertificates",
    "BadKind",
    "Certificate",
    "Encoded",
    "KeyKind",
    "Paths",
    "RevocationReason",
    "TLSmithError",
]
