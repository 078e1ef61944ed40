"""A real `tlsmith serve` with ACME, and whom it serves."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from acme_account import Account
from acme_site import Site
from acme_wire import Wire
from serving_ca import Replica, ServedCA
from tlsmith.authority.acme.bindings import Bounds, create_binding
from tlsmith.authority.actor import Actor
from tlsmith.storage import open_storage


class World(NamedTuple):
    """A CA that is served, its clients' hosts, and the wire between."""

    ca: ServedCA
    replica: Replica
    site: Site
    wire: Wire

    def account(self, key: Any = None, **more: Any) -> Account:
        """Register an account."""
        return Account.registered(self.wire, self.site, key, **more)

    def binding(self, name: str, **bounds: Any) -> tuple[str, bytes]:
        """Make an external account; return its key identifier and key."""
        by = Actor("cli:test")
        with (
            contextlib.closing(open_storage(self.ca.store)) as storage,
            storage.write() as transaction,
        ):
            made = create_binding(transaction, name, Bounds(**bounds), by, _now())
        assert made.mac_key is not None
        return made.id, made.mac_key

    def stranger(self, key: Any) -> Account:
        """Return an account that is not registered."""
        return Account(self.wire, self.site, key)


def options(folder: Path, site: Site) -> tuple[str, ...]:
    """Return the options of `serve`, with settings in a file of the folder."""
    return (
        *("--config", str(folder / "serve.toml")),
        *("--acme-http-port", str(site.http_port)),
        *("--acme-allow", "127.0.0.0/8"),
        *("--acme-resolver", site.resolver),
    )


@contextlib.contextmanager
def world(
    folder: Path, site: Site, settings: str = "", store: str | None = None
) -> Iterator[World]:
    """Make a CA and serve it; at the end nothing must have gone wrong in it.

    Args:
        settings: TOML of `serve`.
        store: another than a SQLite file.
    """
    ca = ServedCA(folder, store)
    ca.environment |= {"HOME": str(folder), "TLSMITH_HOME": str(folder / "home")}
    ca.init()
    (folder / "serve.toml").write_text(settings)
    with ca.served(*options(folder, site)) as replica:
        wire = Wire(f"{replica.url}/acme/directory", str(folder / "root.pem"))
        with contextlib.closing(wire):
            yield World(ca, replica, site, wire)
        assert replica.stop() == 0, replica.log()
    assert "Traceback" not in replica.log(), replica.log()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
