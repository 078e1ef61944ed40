"""ACME's life without HTTP: accounts, orders, certificates of an authority."""

from __future__ import annotations

import ipaddress
import json
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tlsmith.acme.base64url import encode_base64url
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.jwk import AccountKey, parse_jwk
from tlsmith.authority.acme.accounts import WantedAccount
from tlsmith.authority.acme.authorizations import Task
from tlsmith.authority.acme.orders import WantedOrder
from tlsmith.authority.acme.service import ACMEService
from tlsmith.authority.acme.settings import ACMESettings
from tlsmith.authority.service import Authority
from tlsmith.errors import ACMEProblem
from tlsmith.storage.acme.accounts import AccountRecord
from tlsmith.storage.acme.authorizations import AuthorizationRecord, ChallengeRecord
from tlsmith.storage.acme.orders import OrderRecord
from tlsmith.storage.certificates import CertificateRecord, by_id

PATIENCE = 20
ADDRESS = "192.0.2.7"


def new_key() -> AccountKey:
    """A new account's key."""
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    x, y = (
        encode_base64url(each.to_bytes(32, "big")) for each in (numbers.x, numbers.y)
    )
    return parse_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})


@cache
def certificate_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    """A certificate's key, the same each time for a number."""
    return ec.generate_private_key(ec.SECP256R1())


def csr(*names: str, key: Any = None) -> bytes:
    """A request for names, DER."""
    general = x509.SubjectAlternativeName([_general(name) for name in names])
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(general, critical=False)
        .sign(key or certificate_key(), SHA256())
        .public_bytes(Encoding.DER)
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def identifier(name: str) -> Identifier:
    """A name as an order has it."""
    try:
        return Identifier("ip", str(ipaddress.ip_address(name)))
    except ValueError:
        return Identifier("dns", name)


class Life:
    """A service of an authority, and an account there."""

    def __init__(
        self,
        authority: Authority,
        settings: ACMESettings | None = None,
        account: AccountRecord | None = None,
    ) -> None:
        self.authority = authority
        self.settings = settings or ACMESettings()
        self.service = ACMEService(authority, self.settings)
        self.account = account or self.register()

    def beside(self, authority: Authority | None = None) -> Life:
        """Another account; of another replica, the same one."""
        if authority is None:
            other = Life.__new__(Life)
            other.__dict__ |= self.__dict__
            other.account = self.register()
            return other
        return Life(authority, self.settings, self.account)

    def register(self, key: AccountKey | None = None, **more: Any) -> AccountRecord:
        """Make an account."""
        wanted = WantedAccount(
            key or new_key(), (), terms_agreed=True, binding=None, address=ADDRESS
        )._replace(**more)
        return self.service.new_account(wanted).result(PATIENCE).account

    def order(self, *names: str, **more: Any) -> OrderRecord:
        """Make an order."""
        wanted = WantedOrder(
            tuple(identifier(name) for name in names), None, None, None, None, ADDRESS
        )._replace(**more)
        return self.service.new_order(self.account, wanted).result(PATIENCE)

    def now(self, order: OrderRecord) -> OrderRecord:
        """The order as it is now."""
        return self.service.order(self.account, order.id)

    def authorizations(self, order: OrderRecord) -> list[AuthorizationRecord]:
        """The authorizations of an order as they are now."""
        return [
            self.service.authorization(self.account, one)
            for one in order.authorizations
        ]

    def task(self, order: OrderRecord, place: int = 0) -> Task:
        """What is to be validated for an order."""
        record = self.authorizations(order)[place]
        return Task(record, record.challenges[0].type)

    def prove(self, order: OrderRecord) -> OrderRecord:
        """Have each name of an order be proved."""
        for place, record in enumerate(self.authorizations(order)):
            if record.status == "pending":
                self.service.succeed(self.task(order, place)).result(PATIENCE)
        return self.now(order)

    def ready(self, *names: str, **more: Any) -> OrderRecord:
        """An order whose names are proved."""
        order = self.prove(self.order(*names, **more))
        assert order.status == "ready"
        return order

    def finalize(self, order: OrderRecord, der: bytes | None = None) -> OrderRecord:
        """Have an order's certificate issued."""
        names = [value for _, value in order.identifiers]
        done = self.service.finalize(self.account, order, der or csr(*names), "")
        return done.result(PATIENCE)

    def issued(self, *names: str, **more: Any) -> OrderRecord:
        """An order that has its certificate."""
        return self.finalize(self.ready(*names, **more))

    def certificate(self, order: OrderRecord) -> CertificateRecord:
        """The certificate of an order, as the store has it."""
        assert order.certificate_id is not None
        with self.authority.storage.read() as connection:
            return by_id(connection, order.certificate_id)

    def issues(self) -> list[dict[str, Any]]:
        """What the audit log says of every certificate that this account got."""
        return self.noted("certificate.issue", f"acme:{self.account.id}")

    def noted(self, action: str, actor: str) -> list[dict[str, Any]]:
        """What the audit log says that somebody did."""
        with self.authority.storage.read() as connection:
            rows = connection.all(
                "SELECT detail FROM audit WHERE action = ? AND actor = ? "
                "ORDER BY sequence",
                action,
                actor,
            )
        return [json.loads(row[0]) for row in rows]


def refused(act: Any, *words: Any, **more: Any) -> ACMEProblem:
    """Do what is refused, at once or by its future; return the problem."""
    try:
        done = act(*words, **more)
        if hasattr(done, "result"):
            done = done.result(PATIENCE)
    except ACMEProblem as problem:
        return problem
    raise AssertionError(f"not refused: {done!r}")


def challenge(status: str, type_: str = "http-01") -> ChallengeRecord:
    """A challenge in a state."""
    return ChallengeRecord(type_, status)
