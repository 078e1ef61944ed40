"""Real clients and a real server: what is made works, and nothing else does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from interop import forging
from interop.clients import CLIENTS, Client, Visit, was_served
from interop.gallery import Piece
from interop.serving import serving
from interop.tools import needs

pytestmark = pytest.mark.interop

Gallery = Callable[[str], list[Piece]]
# Those that Python's ssl can serve here.
KINDS = ("p256", "p384", "p521", "ed25519", "rsa2048", "rsa3072", "rsa4096")
# Of what each kind makes, the hosts that its certificates are for.
HOSTS = {
    "server": ("localhost", "127.0.0.1", "::1"),
    "client": ("app.test",),
    "idn": ("xn--bcher-kva.test",),
    "wildcard": ("www.app.test",),
    "long-first": ("a.test",),
    "every-name": ("b.test", "x.c.internal"),
    "self-signed": ("localhost", "127.0.0.1"),
    "self-signed-ca": ("h.test",),
}

every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))


@every_client
def test_clients_accept_every_kind_of_key(client: Client, gallery: Gallery) -> None:
    needs(*client.tools)
    with contextlib.ExitStack() as stack:
        visits = []
        for kind in KINDS:
            pieces = {piece.shape: piece for piece in gallery(kind)}
            piece = pieces["server"]
            port = stack.enter_context(serving(piece.chain, piece.key))
            visits += [Visit(piece.root, host, port) for host in HOSTS["server"]]
        _all_served(client, visits)


@every_client
def test_clients_accept_every_shape(client: Client, gallery: Gallery) -> None:
    needs(*client.tools)
    pieces = {piece.shape: piece for piece in gallery("p256")}
    with contextlib.ExitStack() as stack:
        visits = []
        for shape, hosts in HOSTS.items():
            piece = pieces[shape]
            port = stack.enter_context(serving(piece.chain, piece.key))
            visits += [Visit(piece.root, host, port) for host in hosts]
        _all_served(client, visits)


@every_client
def test_clients_refuse_what_they_should(
    client: Client, gallery: Gallery, unfit: list[Unfit]
) -> None:
    """No root, the wrong host, out of its time, signed by a thief: each in turn."""
    needs(*client.tools)
    pieces = {piece.shape: piece for piece in gallery("p256")}
    good, other = pieces["server"], pieces["client"]
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(serving(good.chain, good.key))
        visits = [Visit(None, host, port) for host in HOSTS["server"]]
        visits += [
            Visit(good.root, host, port) for host in ("localhost.test", "a.test")
        ]
        port = stack.enter_context(serving(other.chain, other.key))
        visits += [Visit(other.root, host, port) for host in HOSTS["server"]]
        for root, chain, key, host in unfit:
            visits.append(Visit(root, host, stack.enter_context(serving(chain, key))))
        answers = client.go(visits)
    taken = [
        str(v) for v, said in zip(visits, answers, strict=True) if was_served(said)
    ]
    assert not taken


class Unfit(NamedTuple):
    """What no client may accept, and the host it is shown for."""

    root: Path
    chain: Path
    key: Path
    host: str


@pytest.fixture(scope="session")
def unfit(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> list[Unfit]:
    now, found = datetime.now(UTC), []
    for days in (-300, 2, -3700):
        folder = tmp_path_factory.mktemp("moment")
        piece = forging.make_at(folder, "p256", now + timedelta(days=days))
        for host in ("localhost", "127.0.0.1"):
            found.append(Unfit(piece.root, piece.chain, piece.key, host))
    piece = gallery("p256")[0]
    folder = tmp_path_factory.mktemp("forged")
    forged = {
        "www.example.com": forging.dns("www.example.com"),
        "localhost": forging.dns("localhost", "www.example.com"),
        "127.0.0.1": forging.ip("127.0.0.1", "8.8.8.8"),
        "a.example.org": forging.dns("*.example.org"),
    }
    for host, names in forged.items():
        chain = forging.forge(piece, folder / f"{host}.pem", names)
        found.append(Unfit(piece.root, chain, piece.key, host))
    for host in ("www.example.com", "localhost"):
        chain = folder / f"below-{host}.pem"
        forging.forge_below(piece, chain, forging.dns(host))
        found.append(Unfit(piece.root, chain, piece.key, host))
    return found


def _all_served(client: Client, visits: Sequence[Visit]) -> None:
    answers = zip(visits, client.go(visits), strict=True)
    refused = [f"{visit}: {said}" for visit, said in answers if not was_served(said)]
    assert not refused
