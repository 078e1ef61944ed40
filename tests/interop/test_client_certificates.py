"""Both sides show a certificate: `make --client`, in the hands of real clients."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from interop.clients import CLIENTS, Client, Visit, was_served
from interop.serving import serving
from interop.tools import needs
from running import TLSMITH, environment_of

pytestmark = pytest.mark.interop

every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))


class Place(NamedTuple):
    """A CA, a server's certificate, and certificates that clients could show."""

    folder: Path
    root: Path

    def visit(self, name: str, port: int) -> Visit:
        """Return a visit that shows a certificate of ours."""
        files = (self.folder / f"{name}{end}" for end in (".pem", "-key.pem", ".p12"))
        return Visit(self.root, "localhost", port, *files)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("clients")
    environment = environment_of(folder)

    def make(*words: str) -> None:
        name = words[0].removesuffix(".test")
        files = ["--cert-file", f"{name}.pem", "--key-file", f"{name}-key.pem"]
        command = [TLSMITH, "make", *words, *files, "--p12-file", f"{name}.p12"]
        subprocess.run(
            command, cwd=folder, env=environment, check=True, capture_output=True
        )

    make("localhost")
    make("worker.test", "--client")
    make("person@mail.test", "--client")
    make("old.test", "--client", "--key", "rsa2048")
    make("servers-only.test")
    (authority,) = (folder / "tlsmith/authorities").iterdir()
    return Place(folder, authority / "root.pem")


@pytest.fixture
def port(place: Place) -> Iterator[int]:
    server = (place.folder / "localhost.pem", place.folder / "localhost-key.pem")
    with serving(*server, clients=place.root) as port:
        yield port


@every_client
def test_a_server_takes_our_clients(client: Client, place: Place, port: int) -> None:
    """Keys of two kinds, and a person's: PEM for most, PKCS#12 for Java."""
    needs(*client.tools)
    visits = [place.visit(name, port) for name in ("worker", "person@mail", "old")]
    answers = zip(visits, client.go(visits), strict=True)
    assert [f"{v}: {said}" for v, said in answers if not was_served(said)] == []


@every_client
def test_a_server_refuses_whoever_is_no_client_of_ours(
    client: Client, place: Place, port: int, tmp_path: Path
) -> None:
    """Nobody, a server's certificate, and one of another CA."""
    needs(*client.tools)
    stranger = Place(tmp_path, place.root)
    words = ["self-sign", "localhost", "--client", "--cert-file", "worker.pem"]
    words += ["--key-file", "worker-key.pem", "--p12-file", "worker.p12"]
    subprocess.run(
        [TLSMITH, *words],
        cwd=tmp_path,
        env=environment_of(tmp_path),
        check=True,
        capture_output=True,
    )
    visits = [
        Visit(place.root, "localhost", port),
        place.visit("servers-only", port),
        stranger.visit("worker", port),
    ]
    answers = zip(visits, client.go(visits), strict=True)
    assert [str(visit) for visit, said in answers if was_served(said)] == []
