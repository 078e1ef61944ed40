"""An ACME account as a client has it: requests, orders, certificates."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from acme_csrs import csr
from acme_jose import Signer, b64, flattened
from acme_site import Site
from acme_wire import JOSE, Answer, Wire

Object = dict[str, Any]


class Bend(NamedTuple):
    """How a request differs from a right one.

    Attributes:
        header: members of the protected header; one that is None is left out.
        jwk: whether the key itself stands where the account's address would.
        nonce: the nonce, where the next right one will not do.
        signer: what signs, where not the account's key.
        encode: makes the protected header's bytes.
        jws: changes the JWS, in place or by returning the bytes to send.
        send_to: the address asked, where not the one that is signed.
    """

    header: dict[str, Any] = {}  # noqa: RUF012  (never changed)
    jwk: bool = False
    nonce: str | None = None
    signer: Any = None
    encode: Callable[[Object], bytes] = lambda header: json.dumps(header).encode()
    jws: Callable[[Object], bytes | None] = lambda jws: None
    send_to: str | None = None
    method: str = "POST"
    headers: dict[str, str] = {"Content-Type": JOSE}  # noqa: RUF012  (never changed)


RIGHT = Bend()


def signed(wire: Wire, key: Any, url: str, payload: Any, **bend: Any) -> bytes:
    """Return a request's body.

    Args:
        payload: bytes as they are, an object for JSON, None for POST-as-GET.
    """
    how = RIGHT._replace(**bend)
    header = {"alg": key.alg, "nonce": how.nonce or wire.nonce(), "url": url}
    header |= how.header
    header = {name: value for name, value in header.items() if value is not None}
    if not isinstance(payload, bytes):
        payload = b"" if payload is None else json.dumps(payload).encode()
    jws = flattened(how.encode(header), payload, how.signer or key)
    changed = how.jws(jws)
    return json.dumps(jws).encode() if changed is None else changed


def post(wire: Wire, key: Any, url: str, payload: Any, **bend: Any) -> Answer:
    """Sign and send a request, with the key itself in the header."""
    how = RIGHT._replace(**bend)
    bend["header"] = {"jwk": key.jwk} | how.header
    body = signed(wire, key, url, payload, **bend)
    return wire.send(how.method, how.send_to or url, body, how.headers)


class Account:
    """An account, its key, and a site that can prove names."""

    def __init__(self, wire: Wire, site: Site, key: Any, url: str = "") -> None:
        self.wire = wire
        self.site = site
        self.key = key
        self.url = url

    @classmethod
    def registered(
        cls, wire: Wire, site: Site, key: Any = None, **more: Any
    ) -> Account:
        """Register an account."""
        account = cls(wire, site, key or Signer())
        answer = account.register(**more)
        assert answer.status == 201, answer
        account.url = answer.location
        return account

    def register(self, **more: Any) -> Answer:
        """Ask for an account with this key."""
        payload = {"termsOfServiceAgreed": True, **more}
        return post(self.wire, self.key, self.wire.url("newAccount"), payload)

    def post(self, url: str, payload: Any = None, **bend: Any) -> Answer:
        """Send a request as this account."""
        how = RIGHT._replace(**bend)
        if not how.jwk:
            bend["header"] = {"kid": self.url} | how.header
            bend["header"].setdefault("jwk", None)
        return post(self.wire, self.key, url, payload, **bend)

    def get(self, url: str, **bend: Any) -> Any:
        """Return an object of this account."""
        answer = self.post(url, **bend)
        assert answer.status == 200, answer
        return answer.json

    def ask(self, *names: str, **more: Any) -> Answer:
        """Ask for an order."""
        payload = {"identifiers": [identifier(name) for name in names], **more}
        return self.post(self.wire.url("newOrder"), payload)

    def order(self, *names: str, **more: Any) -> Order:
        """Make an order."""
        answer = self.ask(*names, **more)
        assert answer.status == 201, answer
        return Order(self, answer.location, answer.json, names)

    def ready(self, *names: str, **more: Any) -> Order:
        """Make an order and prove its names."""
        order = self.order(*names, **more)
        for url in order.start["authorizations"]:
            self.prove(url)
        return order

    def issued(self, *names: str, **more: Any) -> Order:
        """Make an order, prove its names and have the certificate."""
        order = self.ready(*names, **more)
        answer = order.finalize(csr(*names))
        assert answer.status == 200, answer
        assert order.settled()["status"] == "valid", answer
        return order

    def challenge(self, authorization: str, kind: str = "http-01") -> Object:
        """Return a challenge of an authorization."""
        challenges = self.get(authorization)["challenges"]
        found: Object = next(one for one in challenges if one["type"] == kind)
        return found

    def prove(self, authorization: str) -> None:
        """Meet a challenge of an authorization, if none is met yet."""
        found = self.get(authorization)
        if found["status"] == "pending":
            kind = "dns-01" if found.get("wildcard") else "http-01"
            challenge = self.challenge(authorization, kind)
            self.show(challenge, found["identifier"]["value"])
            answer = self.post(challenge["url"], {})
            assert answer.status == 200, answer
            found = self.until(authorization, lambda now: now["status"] != "pending")
        assert found["status"] == "valid", found

    def show(self, challenge: Object, name: str) -> None:
        """Have the site show what a challenge asks for (sections 8.3 and 8.4)."""
        token, thumbprint = challenge["token"], self.key.thumbprint
        if challenge["type"] == "http-01":
            self.site.tokens[token] = thumbprint
        else:
            digest = hashlib.sha256(f"{token}.{thumbprint}".encode()).digest()
            self.site.texts[f"_acme-challenge.{name}"] = b64(digest)

    def fail(self, authorization: str) -> Object:
        """Have the http-01 challenge of an authorization fail."""
        challenge = self.challenge(authorization)
        self.site.tokens[challenge["token"]] = "of-somebody-else"
        self.post(challenge["url"], {})
        return self.until(authorization, lambda now: now["status"] != "pending")

    def until(self, url: str, done: Callable[[Object], bool]) -> Object:
        """Return an object once it is as waited for."""
        deadline = time.monotonic() + 10
        while not done(found := self.get(url)):
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        return dict(found)


class Order:
    """An order of an account."""

    def __init__(
        self, account: Account, url: str, start: Object, names: Iterable[str]
    ) -> None:
        self.account = account
        self.url = url
        self.start = start
        self.names = tuple(names)

    @property
    def now(self) -> Object:
        """The order as the server has it now."""
        return dict(self.account.get(self.url))

    def finalize(self, der: bytes, **bend: Any) -> Answer:
        """Ask for the certificate."""
        return self.account.post(self.start["finalize"], {"csr": b64(der)}, **bend)

    def settled(self) -> Object:
        """Return the order once it is not processing."""
        return self.account.until(self.url, lambda now: now["status"] != "processing")

    @property
    def chain(self) -> str:
        """The certificate and those above it, PEM."""
        answer = self.account.post(self.settled()["certificate"])
        assert answer.status == 200, answer
        return answer.body.decode()

    @property
    def der(self) -> bytes:
        """The certificate."""
        end = "-----END CERTIFICATE-----"
        return ssl.PEM_cert_to_DER_cert(self.chain.split(end)[0] + end)


def identifier(name: str) -> dict[str, str]:
    """Return an identifier: an IP address where it is one (RFC 8738)."""
    with contextlib.suppress(ValueError):
        return {"type": "ip", "value": str(ipaddress.ip_address(name))}
    return {"type": "dns", "value": name}
