"""The public API as a user writes it; mypy, strict, is the test."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

import tlsmith
from tlsmith import CA, BadCertificate, Certificate, Encoded, KeyKind, Server


def everything(folder: Path) -> None:
    ca = tlsmith.CA(key="rsa2048", subject="O=Acme", permit=["test"], path_length=1)
    assert_type(ca, CA)
    assert_type(ca.intermediate(key="p384", permit=["a.test"]), CA)
    assert_type(CA.load(ca.pem, ca.key_pem, passphrase=None), CA)
    certificate = ca.issue(
        "a.test",
        "127.0.0.1",
        key="ed25519",
        client=True,
        subject="CN=alice",
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_after=datetime(2027, 1, 1),
    )
    assert_type(certificate, Certificate)
    assert_type(ca.sign(b"request", days=7), Certificate)
    assert_type(certificate.names, tuple[str, ...])
    assert_type(certificate.not_after, datetime)
    assert_type(certificate.pem, Encoded)
    assert_type(certificate.p12("secret"), Encoded)
    pem: bytes = certificate.combined_pem
    with certificate.key_pem.tempfile() as path:
        assert_type(path, str)
    paths = certificate.write(folder)
    assert_type(paths.key_file, Path)
    assert_type(ca.write_root(folder / "root.pem"), Path)
    assert_type(certificate.server_context(client_ca=ca), ssl.SSLContext)
    assert_type(ca.client_context(certificate), ssl.SSLContext)
    context = ssl.create_default_context(cadata=ca.root_pem.decode())
    ca.trust(context, check_revocation=True)
    certificate.configure(context)
    ca.revoke(certificate, "keyCompromise")
    ssl.PEM_cert_to_DER_cert(pem.decode())


def refused(ca: CA) -> None:
    assert_type(ca.bad.expired("a.test"), BadCertificate)
    for bad in ca.bad:
        assert_type(bad.verify_codes, tuple[int, ...])
    for kind in tlsmith.BAD_KINDS:
        ca.bad.make(kind, client=True)
    with tlsmith.serve(ca.bad.revoked()) as server:
        assert_type(server, Server)
        assert_type(server.url, str)


def fixtures(
    tls_ca: tlsmith.CA,
    tls_server: tlsmith.Server,
    tls_serve: Callable[..., tlsmith.Server],
    tls_bad_certificates: tlsmith.BadCertificates,
) -> None:
    tls_serve(tls_bad_certificates.expired())
    assert_type(tls_server.port, int)
    assert_type(tls_ca.root_pem, Encoded)


def mistakes(ca: CA, kind: str) -> None:
    """Each is an error, or mypy would call the comment needless."""
    chosen: KeyKind = "p256"
    ca.issue("a.test", key=chosen)
    ca.issue("a.test", key=kind)  # type: ignore[arg-type]
    ca.issue("a.test", key="rsa")  # type: ignore[arg-type]
    ca.issue(b"a.test")  # type: ignore[arg-type]
    ca.bad.make("stale")  # type: ignore[arg-type]
    ca.revoke(ca.issue("a.test"), "stolen")  # type: ignore[arg-type]
    print(tlsmith.nonsense)  # type: ignore[attr-defined]
    try:
        ca.issue("a b")
    except tlsmith.TLSmithError as error:
        assert_type(error.hint, str | None)
