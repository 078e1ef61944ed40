"""Requests made up by Hypothesis: whatever it is, it is no error of ours (6.7).

`Wire.check` holds every answer to what all have: no 5xx, problem documents of ACME,
a nonce where it was a POST, the link to the directory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acme_account import Account, signed
from acme_csrs import csr
from acme_jose import MAC, Signer, b64, binding, flattened, unb64
from acme_wire import JOSE
from server.acme.world import World

_QUICK = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# Surrogates too: JSON escapes them.
_TEXT = st.text(st.characters(), max_size=12)
_LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXT,
    st.binary(max_size=20).map(b64),
    st.sampled_from(
        (
            *("", "dns", "ip", "*.a.test", "a.test", "192.0.2.1", "::1", "valid"),
            *("http-01", "mailto:a@b.test", "2030-01-01T00:00:00Z", "server", "-1"),
            *("9999-12-31T23:59:59Z", "AA.AA", "ES256", "P-256", "\0", "\ud800"),
        )
    ),
)
_JSON = st.recursive(
    _LEAF,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "value", "csr", "kty", "x", "y", ""]) | _TEXT,
            below,
            max_size=3,
        )
    ),
    max_leaves=8,
)
_PATHS = (
    *("directory", "new-nonce", "new-account", "new-order", "new-authz", "key-change"),
    *("revoke-cert", "account/{}", "account/{}/orders", "order/{}", "cert/{}", "x"),
    *("order/{}/finalize", "authz/{}", "challenge/{}/http-01", "cert/{}/1"),
    *("renewal-info/{}", "renewal-info", "account", "order/{}/finalize/x"),
)


class Target(NamedTuple):
    """A resource, and a payload that is right for it."""

    url: str
    payload: dict[str, Any]


@pytest.fixture(scope="module")
def fuzzer(acme: World) -> Iterator[tuple[Account, list[Target]]]:
    """An account, and one of everything that can be asked."""
    account = acme.account()
    order, ready = account.order("fuzz.test"), account.ready("ready.fuzz.test")
    issued = account.issued("issued.fuzz.test")
    authorization = order.start["authorizations"][0]
    url = acme.wire.url
    key = Signer()
    change = {"account": account.url, "oldKey": account.key.jwk}
    protected = {"alg": "ES256", "jwk": key.jwk, "url": url("keyChange")}
    bound = binding(MAC(b"secret"), "kid", url("newAccount"), key.jwk)
    names = [{"type": "dns", "value": "a.test"}, {"type": "ip", "value": "192.0.2.1"}]
    ordered = {"identifiers": names, "notAfter": "2030-01-01T00:00:00Z"}
    yield (
        account,
        [
            Target(
                url("newOrder"), ordered | {"profile": "server", "replaces": "AA.AA"}
            ),
            Target(
                url("newAccount"),
                {
                    "contact": ["mailto:a@b.test"],
                    "termsOfServiceAgreed": True,
                    "onlyReturnExisting": True,
                    "externalAccountBinding": bound,
                },
            ),
            Target(account.url, {"contact": ["mailto:a@b.test"], "status": "valid"}),
            Target(url("newAuthz"), {"identifier": names[0]}),
            Target(authorization, {"status": "valid"}),
            Target(account.challenge(authorization)["url"] + "x", {}),
            Target(ready.start["finalize"], {"csr": b64(csr("other.test"))}),
            Target(url("revokeCert"), {"certificate": b64(issued.der), "reason": 99}),
            Target(
                url("keyChange"),
                flattened(protected, json.dumps(change).encode(), Signer()),
            ),
            Target(order.url, {}),
            Target(account.get(account.url)["orders"], {}),
            Target(issued.now["certificate"], {}),
        ],
    )
    # Or all that came later was refused for one reason.
    assert account.get(account.url)["status"] == "valid"


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything in a JSON value, itself too."""
    found = [path]
    if isinstance(value, dict):
        for name, below in value.items():
            found += _places(below, (*path, name))
    if isinstance(value, list):
        for number, below in enumerate(value):
            found += _places(below, (*path, number))
    return found


def _changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _changed(copy[path[0]], path[1:], new)
    return copy


def _sign(account: Account, target: Target, payload: Any, **bend: Any) -> bytes:
    is_new = target.url.endswith("new-account")
    who = {"jwk": account.key.jwk} if is_new else {"kid": account.url}
    header = who | bend.pop("header", {})
    return signed(account.wire, account.key, target.url, payload, header=header, **bend)


def _send(account: Account, target: Target, body: bytes) -> None:
    account.wire.send("POST", target.url, body, {"Content-Type": JOSE})


@_QUICK
@given(data=st.data())
def test_payloads_with_something_else_in_one_place(fuzzer: Any, data: Any) -> None:
    account, targets = fuzzer
    target = data.draw(st.sampled_from(targets))
    where = data.draw(st.sampled_from(_places(target.payload)))
    payload = _changed(target.payload, where, data.draw(_JSON))
    _send(account, target, _sign(account, target, json.dumps(payload).encode()))


@_QUICK
@given(data=st.data())
def test_payloads_of_any_bytes(fuzzer: Any, data: Any) -> None:
    account, targets = fuzzer
    target = data.draw(st.sampled_from(targets))
    payload = data.draw(st.binary(max_size=60))
    _send(account, target, _sign(account, target, payload))


@_QUICK
@given(data=st.data())
def test_headers_with_something_else(fuzzer: Any, data: Any) -> None:
    account, targets = fuzzer
    target = data.draw(st.sampled_from(targets))
    names = st.sampled_from(["alg", "nonce", "url", "kid", "jwk", "crit", "b64"])
    header = data.draw(st.dictionaries(names | _TEXT, _JSON, min_size=1, max_size=2))
    body = _sign(account, target, target.payload, encode=_encoder(header))
    _send(account, target, body)


def _encoder(more: dict[str, Any]) -> Callable[[dict[str, Any]], bytes]:
    return lambda header: json.dumps(header | more).encode()


@_QUICK
@given(data=st.data())
def test_keys_with_something_else(fuzzer: Any, data: Any) -> None:
    account, targets = fuzzer
    target = next(one for one in targets if one.url.endswith("new-account"))
    kinds = ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, account.key.jwk)
    jwk = dict(data.draw(st.sampled_from([*kinds, Signer("EdDSA").jwk])))
    where = st.sampled_from([*jwk, "use", "alg", "key_ops", "d", "kid"])
    jwk[data.draw(where)] = data.draw(_JSON)
    body = _sign(account, target, target.payload, header={"jwk": jwk})
    _send(account, target, body)


@_QUICK
@given(data=st.data())
def test_bodies_with_some_bytes_else(fuzzer: Any, data: Any) -> None:
    account, targets = fuzzer
    target = data.draw(st.sampled_from(targets))
    body = bytearray(_sign(account, target, target.payload))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        how = data.draw(st.integers(0, 3))
        if how == 0:
            body[place] = data.draw(st.integers(0, 255))
        elif how == 1:
            del body[place : place + data.draw(st.integers(1, 30))]
            body = body or bytearray(b"x")
        elif how == 2:
            body[place:place] = data.draw(st.binary(min_size=1, max_size=30))
        else:
            body += body[place:]
    _send(account, target, bytes(body))


@_QUICK
@given(data=st.data())
def test_requests_put_together_of_parts_of_others(fuzzer: Any, data: Any) -> None:
    account, targets = fuzzer
    pick = st.sampled_from(targets)
    bodies = [data.draw(pick) for _ in range(3)]
    parts = [json.loads(_sign(account, one, one.payload)) for one in bodies]
    names = ("protected", "payload", "signature")
    mixed = {name: part[name] for name, part in zip(names, parts, strict=True)}
    if data.draw(st.booleans()):
        mixed |= data.draw(st.dictionaries(st.sampled_from(names), _JSON, max_size=1))
    _send(account, data.draw(pick), json.dumps(mixed).encode())


@_QUICK
@given(data=st.data())
def test_methods_paths_and_fields_of_any_kind(fuzzer: Any, data: Any) -> None:
    account, targets = fuzzer
    ids = [target.url.split("/")[5] for target in targets if target.url.count("/") > 4]
    anything = st.text("abcdef0123456789-._~%2F:@!$&'()*+,;=", max_size=30)
    path = data.draw(st.sampled_from(_PATHS)).replace(
        "{}", data.draw(st.sampled_from(ids) | anything)
    )
    path = data.draw(st.just(path) | anything)
    query = data.draw(st.just("") | anything.map("?{}".format))
    method = data.draw(
        st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
    )
    names = st.sampled_from(["Content-Type", "Accept", "Accept-Language", "X-Y"])
    values = st.sampled_from([JOSE, "*/*", "application/json", ";", "a" * 500])
    fields = data.draw(st.dictionaries(names, values))
    body = data.draw(st.none() | st.binary(max_size=50))
    account.wire.send(method, account.wire.below(path) + query, body, fields)


@_QUICK
@given(data=st.data())
def test_der_with_some_bytes_else(fuzzer: Any, data: Any) -> None:
    account, targets = fuzzer
    wanted = [one for one in targets if {"csr", "certificate"} & one.payload.keys()]
    target = data.draw(st.sampled_from(wanted))
    member = "csr" if "csr" in target.payload else "certificate"
    text = target.payload[member]
    der = bytearray(unb64(text))
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, 3))
    payload = target.payload | {member: b64(bytes(der[: len(der) - cut]))}
    _send(account, target, _sign(account, target, payload))
