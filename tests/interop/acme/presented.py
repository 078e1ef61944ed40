"""The certificate that a server presents to a client that trusts the roots."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time

from cryptography import x509

from interop.acme.machines import Log, Machine


def presented(
    machine: Machine, log: Log, name: str, *, other_than: int = 0, timeout: float = 60
) -> x509.Certificate:
    """Wait until the server at the port of tls-alpn-01 has a certificate, verified.

    Args:
        machine: where the server runs, and whose roots are trusted.
        log: the server's, shown where it takes too long.
        name: what the certificate must be for.
        other_than: serial number of the one that is to be replaced.
        timeout: seconds.
    """
    context = ssl.create_default_context(cafile=str(machine.server.root))
    deadline = time.monotonic() + timeout
    while True:
        with contextlib.suppress(OSError):
            certificate = _handshake(context, machine.server.tls_port, name)
            if certificate.serial_number != other_than:
                return certificate
        log.check(deadline, f"presents no certificate for {name}")


def _handshake(context: ssl.SSLContext, port: int, name: str) -> x509.Certificate:
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        encoded = secure.getpeercert(binary_form=True)
    assert encoded is not None
    return x509.load_der_x509_certificate(encoded)
