"""ML-DSA over TLS 1.3, with the OpenSSL that pyOpenSSL brings along."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from interop import forging
from interop.gallery import Piece

pytestmark = pytest.mark.interop

Gallery = Callable[[str], list[Piece]]
KINDS = ("ml-dsa-44", "ml-dsa-65", "ml-dsa-87")


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_is_accepted_by_whoever_trusts_the_root(
    gallery: Gallery, kind: str
) -> None:
    piece = gallery(kind)[0]
    client = _shake_hands(piece.chain, piece.key, piece.root)
    shown = client.get_peer_certificate(as_cryptography=True)
    assert shown is not None
    assert shown.public_bytes(Encoding.DER) == piece.ders[0]
    assert client.get_protocol_version_name() == "TLSv1.3"


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_is_refused_without_the_root(gallery: Gallery, kind: str) -> None:
    piece = gallery(kind)[0]
    other = gallery("p256")[0]
    with pytest.raises(SSL.Error, match="certificate verify failed"):
        _shake_hands(piece.chain, piece.key, other.root)


@pytest.mark.parametrize("kind", KINDS)
def test_a_thief_signs_for_nobody_else(
    gallery: Gallery, kind: str, tmp_path: Path
) -> None:
    piece = gallery(kind)[0]
    chain = forging.forge(piece, tmp_path / "forged.pem", forging.dns("example.com"))
    with pytest.raises(SSL.Error, match="certificate verify failed"):
        _shake_hands(chain, piece.key, piece.root)


def _shake_hands(chain: Path, key: Path, root: Path) -> SSL.Connection:
    serving = SSL.Context(SSL.TLS_SERVER_METHOD)
    serving.use_certificate_chain_file(str(chain))
    serving.use_privatekey_file(str(key))
    asking = SSL.Context(SSL.TLS_CLIENT_METHOD)
    asking.load_verify_locations(str(root))
    asking.set_verify(SSL.VERIFY_PEER)
    server, client = SSL.Connection(serving), SSL.Connection(asking)
    server.set_accept_state()
    client.set_connect_state()
    waiting = [client, server]
    for _ in range(10):
        for side, other in ((client, server), (server, client)):
            if side in waiting and _went_on(side):
                waiting.remove(side)
            _carry(side, other)
        if not waiting:
            return client
    raise AssertionError("the handshake never ended")


def _went_on(side: SSL.Connection) -> bool:
    try:
        side.do_handshake()
    except SSL.WantReadError:
        return False
    return True


def _carry(source: SSL.Connection, target: SSL.Connection) -> None:
    try:
        target.bio_write(source.bio_read(1 << 16))
    except SSL.WantReadError:
        return
