"""TLS contexts: Python's and pyOpenSSL's, given certificates, keys, roots and CRLs."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tlsmith.api.encoded import Encoded
from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.core.keys import kind_of
from tlsmith.errors import InputError

if TYPE_CHECKING:
    import OpenSSL.SSL

    from tlsmith.core.keys import PrivateKey

    Context = ssl.SSLContext | OpenSSL.SSL.Context


def server_context(chain: Sequence[bytes], key: PrivateKey) -> ssl.SSLContext:
    """Return a new context for a server.

    Args:
        chain: DER, end entity first, without the root.

    Raises:
        InputError: this Python's OpenSSL cannot use the key.
    """
    context = _modern(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
    present(context, chain, key)
    return context


def client_context(root: bytes) -> ssl.SSLContext:
    """Return a new context for a client that trusts `root` (DER), and nothing else."""
    context = _modern(ssl.create_default_context(cadata=root))
    if ssl.HAS_NEVER_CHECK_COMMON_NAME:
        # As browsers, Go, Node and requests have it; Python would still take a host
        # name from the common name where there is no subjectAltName.
        context.hostname_checks_common_name = False
    return context


def _modern(context: ssl.SSLContext) -> ssl.SSLContext:
    """Say TLS 1.2 where a context leaves it to the system, as on Debian."""
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    return context


def present(context: Context, chain: Sequence[bytes], key: PrivateKey) -> None:
    """Have a context present a certificate.

    Raises:
        InputError: it is no TLS context, or its OpenSSL cannot use the key.
    """
    _check(context)
    pem = Encoded(encode_private_key(key) + encode_chain(chain), secret=True)
    with readable_path(pem) as path:
        try:
            if isinstance(context, ssl.SSLContext):
                context.load_cert_chain(path)
            else:
                context.use_privatekey_file(path)
                context.use_certificate_chain_file(path)
        except _error_of(context) as error:
            raise InputError(
                f"this TLS context takes no key of kind {kind_of(key)}",
                code="unsupported-key",
                hint="choose another kind, such as p256 or rsa2048; Python itself has "
                f"{ssl.OPENSSL_VERSION}",
            ) from error


def trust(context: Context, root: bytes) -> None:
    """Have a context trust a root (DER), beside what it trusts already.

    Raises:
        InputError: it is no TLS context.
    """
    _check(context)
    if isinstance(context, ssl.SSLContext):
        context.load_verify_locations(cadata=root)
        return
    from OpenSSL.crypto import FILETYPE_ASN1, load_certificate

    store: Any = context.get_cert_store()
    store.add_cert(load_certificate(FILETYPE_ASN1, root))


def check_revocation(context: Context, crl: Encoded) -> None:
    """Have a context refuse the end entities that a CRL (PEM) lists.

    It refuses those whose issuer's CRL it was not given as well.

    Raises:
        InputError: it is no TLS context.
    """
    _check(context)
    if isinstance(context, ssl.SSLContext):
        with readable_path(crl) as path:
            context.load_verify_locations(path)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
        return
    from cryptography.x509 import load_pem_x509_crl
    from OpenSSL.crypto import X509StoreFlags

    store: Any = context.get_cert_store()
    store.add_crl(load_pem_x509_crl(crl))
    store.set_flags(X509StoreFlags.CRL_CHECK)


@contextlib.contextmanager
def readable_path(data: Encoded) -> Iterator[str]:
    """Yield a path from which `data` can be read inside the `with` block.

    Python's ssl loads keys and CRLs from files only. On Linux the file is one in
    memory, without a name in any folder; elsewhere it is a temporary one, 0600 and
    removed at once.
    """
    descriptor = _in_memory(data)
    if descriptor is None:
        with data.tempfile() as path:
            yield path
        return
    try:
        yield _path_of(descriptor)
    finally:
        os.close(descriptor)


def _in_memory(data: bytes) -> int | None:
    """Return an open file in memory that holds `data`; None where there is none."""
    create = getattr(os, "memfd_create", None)
    if create is None:
        return None
    try:
        descriptor: int = create("tlsmith")
    except OSError:  # a sandbox may forbid it
        return None
    try:
        with open(descriptor, "wb", closefd=False) as stream:
            stream.write(data)
    except BaseException:
        os.close(descriptor)
        raise
    if os.path.exists(_path_of(descriptor)):
        return descriptor
    os.close(descriptor)  # no /proc, as in a bare chroot
    return None


def _path_of(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _check(context: object) -> None:
    # Asked by name: whoever has such a context has imported pyOpenSSL already.
    is_pyopenssl = type(context).__module__.startswith("OpenSSL.")
    if not (is_pyopenssl or isinstance(context, ssl.SSLContext)):
        raise InputError(
            f"not a TLS context: {type(context).__name__}",
            hint="give an ssl.SSLContext, or pyOpenSSL's OpenSSL.SSL.Context",
        )


def _error_of(context: object) -> type[Exception]:
    if isinstance(context, ssl.SSLContext):
        return ssl.SSLError
    from OpenSSL.SSL import Error

    return Error
