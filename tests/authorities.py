"""CAs for tests: made in a store, with a clock that tests set."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tlsmith.authority.actor import Actor
from tlsmith.authority.creation import NewSigner, create_ca, store_ca
from tlsmith.authority.issued import Issued
from tlsmith.authority.plan import CAPlan, PublicationURLs
from tlsmith.authority.service import Authority
from tlsmith.authority.wanted import Wanted
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.signers import create_key
from tlsmith.storage import open_storage

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
PASSPHRASE = b"correct horse"
ADMINISTRATOR = Actor("cli:test")
URLS = PublicationURLs.below("http://pki.example.test")


class Clock:
    """The time as a test has it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        # So much passes whenever somebody looks.
        self.step = timedelta(0)

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class TestCA:
    """An authority, its root's key, and its clock."""

    __test__ = False

    def __init__(self, address: str, clock: Clock, **more: Any) -> None:
        self.address = address
        self.clock = clock
        self.root_key = generate_private_key(more.pop("root_kind", "p256"))
        policy = more.pop("policy", "")
        plan = CAPlan("Example", urls=URLS)._replace(**more)
        storage = open_storage(address, create=True)
        made = create_key("store:", plan.kind, PASSPHRASE)
        signer = NewSigner(made.signer.uri, made.signer, made.material)
        created = create_ca(plan, self.root_key, signer, clock())
        self.root = created.root.certificate or b""
        self.intermediate = created.intermediate.certificate or b""
        self.slug = created.intermediate.slug
        try:
            store_ca(storage, created, policy, ADMINISTRATOR, clock())
        except BaseException:
            storage.close()
            raise
        self.authority = Authority(storage, lambda: PASSPHRASE, clock=clock)
        self.authority.refresh_crls()

    def again(self) -> Authority:
        """Return another authority over the same store, as another process has."""
        return Authority(
            open_storage(self.address), lambda: PASSPHRASE, clock=self.clock
        )

    def issue(self, *names: str, actor: Actor = ADMINISTRATOR, **more: Any) -> Issued:
        wanted = wanted_for(*names)._replace(**more)
        return self.authority.issue(wanted, actor)

    def close(self) -> None:
        self.authority.close()


def wanted_for(*names: str, kind: str = "p256") -> Wanted:
    key = generate_private_key(kind)
    return Wanted(parse_names(names), key.public_key())
