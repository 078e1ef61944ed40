"""Contexts of Python and of pyOpenSSL."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from OpenSSL import SSL

from handshakes import handshake
from tlsmith.api import CA, Certificate, Encoded, KeyKind, contexts
from tlsmith.api.contexts import readable_path
from tlsmith.errors import InputError

CA_ = CA()
CERTIFICATE = CA_.intermediate().issue("localhost")


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Have temporary files go where the test can see that none is left."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield tmp_path
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("nowhere")
def test_python_to_python() -> None:
    both = handshake(CA_.client_context(), CERTIFICATE.server_context())
    assert both.client.version() == "TLSv1.3"
    assert both.client.getpeercert(binary_form=True) == CERTIFICATE.der


def test_contexts_of_others_are_configured() -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    CERTIFICATE.configure(server)
    CA_.trust(client)
    assert handshake(client, server).client.version()


def test_a_client_trusts_our_root_and_nothing_of_the_machine() -> None:
    assert CA_.client_context().get_ca_certs(binary_form=True) == [
        ssl.PEM_cert_to_DER_cert(CA_.root_pem.decode())
    ]


def test_a_client_verifies_the_name_as_strictly_as_browsers() -> None:
    context = CA_.client_context()
    assert context.verify_mode is ssl.VerifyMode.CERT_REQUIRED
    assert context.check_hostname
    assert not context.hostname_checks_common_name
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_what_we_issue_passes_the_strict_checks_of_openssl() -> None:
    """Which Python has on by default since 3.13."""
    context = CA_.client_context()
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    assert handshake(context, CERTIFICATE.server_context()).client.version()


def test_a_context_trusts_several_cas() -> None:
    other = CA()
    context = CA_.client_context()
    other.trust(context)
    assert handshake(context, other.issue("localhost").server_context())
    assert handshake(context, CERTIFICATE.server_context())


@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "ed25519", "rsa2048"])
def test_every_usual_kind_of_key_works(kind: KeyKind) -> None:
    ca = CA(key=kind)
    context = ca.issue("localhost").server_context()
    assert handshake(ca.client_context(), context).client.version()


@pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO >= (3, 5), reason="it knows ML-DSA")
def test_a_kind_of_key_that_python_cannot_use_is_named() -> None:
    certificate = CA(key="ml-dsa-44").issue("localhost")
    with pytest.raises(InputError, match="no key of kind ml-dsa-44") as caught:
        certificate.server_context()
    assert ssl.OPENSSL_VERSION in str(caught.value.hint)
    assert caught.value.code == "unsupported-key"


def test_no_folder_is_needed_for_a_key(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Linux the file that Python asks for is in memory."""
    monkeypatch.setattr("tempfile.tempdir", str(nowhere / "none"))
    assert CERTIFICATE.server_context()


@pytest.mark.parametrize("missing", ["memfd", "refused", "proc"])
def test_elsewhere_a_temporary_file_is_removed_at_once(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    def refuse(_: str) -> int:
        raise PermissionError

    if missing == "memfd":
        monkeypatch.delattr(os, "memfd_create")
    elif missing == "refused":
        monkeypatch.setattr(os, "memfd_create", refuse)
    else:
        real = os.path.exists
        monkeypatch.setattr(
            os.path, "exists", lambda p: "/proc/" not in str(p) and real(p)
        )
    with readable_path(Encoded(b"abc", secret=True)) as path:
        assert Path(path).parent == nowhere
        assert Path(path).read_bytes() == b"abc"
        assert os.stat(path).st_mode & 0o777 == 0o600


def test_no_descriptor_is_left_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with readable_path(Encoded(b"abc")) as path:
        assert Path(path).read_bytes() == b"abc"
        assert Path(path).read_bytes() == b"abc", "each reading begins at the start"
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("context", [None, "context", object()])
def test_what_is_no_context_is_refused(context: object) -> None:
    for configure in (CERTIFICATE.configure, CA_.trust):
        with pytest.raises(InputError, match="not a TLS context") as caught:
            configure(context)  # type: ignore[arg-type]
        assert "SSLContext" in str(caught.value.hint)
    with pytest.raises(InputError, match="not a TLS context"):
        contexts.check_revocation(context, CA_.crl_pem)  # type: ignore[arg-type]


def _pyopenssl(client: SSL.Context, server: SSL.Context) -> SSL.Connection:
    """Return the client's end of a connection between two contexts of pyOpenSSL."""
    ends = SSL.Connection(client, None), SSL.Connection(server, None)
    ends[0].set_connect_state()
    ends[1].set_accept_state()
    for _ in range(10):
        for end, other in (ends, ends[::-1]):
            with contextlib.suppress(SSL.WantReadError):
                end.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(end.bio_read(1 << 16))
    return ends[0]


def _verifying(ca: CA, *, check_revocation: bool = False) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_verify(SSL.VERIFY_PEER, lambda *told: bool(told[-1]))
    ca.trust(context, check_revocation=check_revocation)
    return context


def _presenting(certificate: Certificate) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    certificate.configure(context)
    return context


def test_pyopenssl_to_pyopenssl() -> None:
    end = _pyopenssl(_verifying(CA_), _presenting(CERTIFICATE))
    chain = end.get_peer_cert_chain(as_cryptography=True)
    assert end.get_state_string() == b"SSL negotiation finished successfully"
    assert chain is not None
    assert len(chain) == 2


def test_pyopenssl_refuses_another_ca_and_what_was_revoked() -> None:
    ca = CA()
    for certificate in (ca.bad.untrusted(), ca.bad.revoked()):
        with pytest.raises(SSL.Error):
            _pyopenssl(_verifying(ca, check_revocation=True), _presenting(certificate))
    good = _presenting(ca.issue("localhost"))
    assert _pyopenssl(_verifying(ca, check_revocation=True), good).get_cipher_name()


@pytest.mark.parametrize("kind", ["ed25519", "rsa2048", "ml-dsa-65"])
def test_pyopenssl_takes_other_kinds_of_key(kind: KeyKind) -> None:
    """Its OpenSSL may be newer than Python's: new enough for ML-DSA."""
    ca = CA(key=kind)
    end = _pyopenssl(_verifying(ca), _presenting(ca.issue("localhost")))
    assert end.get_cipher_name()


def test_a_key_that_pyopenssl_cannot_use_is_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    strange: Any = X25519PrivateKey.generate()
    with pytest.raises(InputError, match="no key of kind x25519"):
        _presenting(Certificate(CERTIFICATE.chain, strange))
