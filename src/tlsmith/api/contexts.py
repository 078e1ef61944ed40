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
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    present(context, chain, key)
    return context


def client_context(root: bytes) -> ssl.SSLContext:
    """Return a new context for a client that trusts `root` (DER), and nothing else."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=root)
    if ssl.HAS_NEVER_CHECK_COMMON_NAME:
        # As browsers, Go, Node and requests have it; Python would still take a host
        # name from the common name where there is no subjectAltName.
        context.hostname_checks_common_name = False
    return context


def present(context: Context, chain: Sequence[bytes], key: PrivateKey) -> None:
    """Have a context present a certificate.

    Raises:
        InputError: it is no TLS context, or its OpenSSL cannot use the key.
    """
    try:
        if isinstance(context, ssl.SSLContext):
            pem = Encoded(encode_private_key(key) + encode_chain(chain), secret=True)
            with readable_path(pem) as path:
                context.load_cert_chain(path)
        else:
            _present_to_pyopenssl(context, chain, key)
    except _errors_of(context) as error:
        raise InputError(
            f"this TLS context takes no key of kind {kind_of(key)}",
            code="unsupported-key",
            hint="choose another kind of key, such as p256 or rsa2048; Python was "
            f"built with {ssl.OPENSSL_VERSION}",
        ) from error


def trust(context: Context, root: bytes) -> None:
    """Have a context trust a root (DER), beside what it trusts already.

    Raises:
        InputError: it is no TLS context.
    """
    if isinstance(context, ssl.SSLContext):
        context.load_verify_locations(cadata=root)
        return
    _trust_with_pyopenssl(context, root)


def check_revocation(context: ssl.SSLContext, crl: Encoded) -> None:
    """Have a context refuse the end entities that a CRL (PEM) lists.

    It refuses those whose issuer's CRL it was not given as well.
    """
    with readable_path(crl) as path:
        context.load_verify_locations(path)
    context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


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


def _present_to_pyopenssl(
    context: Any, chain: Sequence[bytes], key: PrivateKey
) -> None:
    _check_is_pyopenssl(context)
    from tlsmith.core.formats.pkcs12 import load_certificates

    end_entity, *others = load_certificates(chain)
    context.use_privatekey(key)
    context.use_certificate(end_entity)
    for certificate in others:
        context.add_extra_chain_cert(certificate)


def _trust_with_pyopenssl(context: Any, root: bytes) -> None:
    _check_is_pyopenssl(context)
    from OpenSSL.crypto import FILETYPE_ASN1, load_certificate

    context.get_cert_store().add_cert(load_certificate(FILETYPE_ASN1, root))


def _check_is_pyopenssl(context: object) -> None:
    # Asked by name: whoever has such a context has imported pyOpenSSL already.
    if not type(context).__module__.startswith("OpenSSL."):
        raise InputError(
            f"not a TLS context: {type(context).__name__}",
            hint="give an ssl.SSLContext, or pyOpenSSL's OpenSSL.SSL.Context",
        )


def _errors_of(context: object) -> tuple[type[Exception], ...]:
    if isinstance(context, ssl.SSLContext):
        return (ssl.SSLError,)
    if type(context).__module__.startswith("OpenSSL."):
        from OpenSSL.SSL import Error

        return (Error, TypeError)
    return ()
