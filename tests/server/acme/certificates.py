"""Certificates that were issued, and what renewals name them by."""

from __future__ import annotations

from cryptography import x509

from acme_account import Account, Order
from acme_csrs import csr
from acme_jose import Signer, b64

NAME = "certificate.test"


class Issued:
    """A certificate, its key, its order and account."""

    def __init__(self, account: Account, *names: str) -> None:
        self.account = account
        self.key = Signer()
        self.order: Order = account.ready(*(names or (NAME,)))
        answer = self.order.finalize(csr(*self.order.names, key=self.key.key))
        assert answer.status == 200, answer
        self.url = str(self.order.settled()["certificate"])
        self.der = self.order.der
        self.parsed = x509.load_der_x509_certificate(self.der)

    @property
    def renewal(self) -> str:
        """RFC 9773, section 4.1."""
        return f"{self.authority}.{self.serial}"

    @property
    def authority(self) -> str:
        kind = x509.AuthorityKeyIdentifier
        identifier = self.parsed.extensions.get_extension_for_class(kind).value
        return b64(identifier.key_identifier or b"")

    @property
    def serial(self) -> str:
        number = self.parsed.serial_number
        return b64(number.to_bytes(number.bit_length() // 8 + 1, "big"))
