"""ACME orders as clients leave them in a store, made by the real service."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from tlsmith.acme import problems
from tlsmith.acme.base64url import encode_base64url
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.jwk import AccountKey, parse_jwk
from tlsmith.authority.acme.accounts import WantedAccount
from tlsmith.authority.acme.authorizations import Task
from tlsmith.authority.acme.bindings import Bounds, create_binding
from tlsmith.authority.acme.orders import WantedOrder
from tlsmith.authority.acme.service import ACMEService
from tlsmith.authority.acme.settings import ACMESettings
from tlsmith.authority.actor import Actor
from tlsmith.authority.service import Authority
from tlsmith.core.csr import encode_request
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.subject import subject_for
from tlsmith.errors import ACMEProblem
from tlsmith.storage.acme.accounts import AccountRecord
from tlsmith.storage.acme.authorizations import AuthorizationRecord
from tlsmith.storage.acme.bindings import BindingRecord
from tlsmith.storage.acme.orders import OrderRecord


class Ordering:
    """What clients do, and what became of their challenges."""

    def __init__(
        self, authority: Authority, settings: ACMESettings | None = None
    ) -> None:
        self.authority = authority
        self.service = ACMEService(authority, settings or ACMESettings())

    def close(self) -> None:
        self.service.close()

    def binding(self, name: str = "web", bounds: Bounds | None = None) -> BindingRecord:
        now, bounds = self.authority.clock(), bounds or Bounds()
        return self.authority.writer.submit(
            lambda tx: create_binding(tx, name, bounds, Actor("cli:test"), now)
        )

    def account(
        self, *contacts: str, binding: BindingRecord | None = None
    ) -> AccountRecord:
        bound = None
        if binding is not None:
            assert binding.mac_key is not None
            bound = binding.id, binding.mac_key
        wanted = WantedAccount(account_key(), contacts, True, bound, "192.0.2.7")
        return self.service.new_account(wanted).result().account

    def order(self, account: AccountRecord, *names: str) -> OrderRecord:
        identifiers = tuple(Identifier("dns", name) for name in names)
        wanted = WantedOrder(identifiers, None, None, None, None, "192.0.2.7")
        return self.service.new_order(account, wanted).result()

    def authorizations(
        self, account: AccountRecord, order: OrderRecord
    ) -> list[AuthorizationRecord]:
        return [
            self.service.authorization(account, one) for one in order.authorizations
        ]

    def prove(
        self, account: AccountRecord, order: OrderRecord, challenge: str = "http-01"
    ) -> None:
        for one in self.authorizations(account, order):
            self.service.succeed(Task(one, challenge)).result()

    def fail(
        self,
        account: AccountRecord,
        order: OrderRecord,
        problem: ACMEProblem | None = None,
        challenge: str = "http-01",
    ) -> None:
        task = Task(self.authorizations(account, order)[0], challenge)
        problem = problem or problems.connection("cannot connect to it: no answer")
        self.service.fail(task, problem).result()

    def finalize(self, account: AccountRecord, order: OrderRecord) -> OrderRecord:
        names = parse_names([value for _, value in order.identifiers])
        key = generate_private_key("p256")
        csr = encode_request(names, key, subject=subject_for(names))
        ready = self.service.order(account, order.id)
        return self.service.finalize(account, ready, csr, "").result()

    def valid(self, account: AccountRecord, *names: str) -> OrderRecord:
        """Have an order go all the way."""
        made = self.order(account, *names)
        if made.status == "pending":
            self.prove(account, made)
        return self.finalize(account, made)


def account_key() -> AccountKey:
    """A new key, as a client has one."""
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    x, y = (encode_base64url(one.to_bytes(32, "big")) for one in (numbers.x, numbers.y))
    return parse_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})
