"""Many clients at once, right ones and wrong ones: nobody gets in another's way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from cryptography import x509

from acme_csrs import csr, forged
from acme_jose import Signer, b64
from server.acme.cases import new_order
from server.acme.world import World

_CLIENTS = 16


def _life(acme: World, number: int) -> set[str]:
    """Live as a client does, with a mistake before each step; return what it got."""
    account = acme.account()
    got = set()
    for turn in range(2):
        name = f"crowd{number}-{turn}.test"
        assert new_order(account, nonce="AAAA").type == "badNonce"
        order = account.ready(name, f"www.{name}")
        key = Signer().key
        assert order.finalize(forged(csr(*order.names))).type == "badCSR"
        assert order.finalize(csr(name)).type == "badCSR"
        assert order.finalize(csr(*order.names, key=key)).status == 200
        made = x509.load_der_x509_certificate(order.der)
        names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert set(names.value.get_values_for_type(x509.DNSName)) == set(order.names)
        assert made.public_key() == key.public_key()
        got.add(f"{made.serial_number:x}")
        payload = {"certificate": b64(order.der)}
        url = acme.wire.url("revokeCert")
        assert account.post(url, payload).status == 200
        assert account.post(url, payload).type == "alreadyRevoked"
    assert account.post(account.url, {"status": "deactivated"}).status == 200
    assert new_order(account).status == 401
    return got


def test_a_crowd_of_clients(acme: World) -> None:
    with ThreadPoolExecutor(_CLIENTS) as pool:
        lives = list(pool.map(lambda number: _life(acme, number), range(_CLIENTS)))
    assert len(set.union(*lives)) == 2 * _CLIENTS


def test_a_crowd_of_one_account(acme: World) -> None:
    account = acme.account()
    with ThreadPoolExecutor(_CLIENTS) as pool:
        names = [f"shared{number}.test" for number in range(_CLIENTS)]
        orders = list(pool.map(account.issued, names))
    assert len({order.der for order in orders}) == _CLIENTS
    listed = account.get(account.get(account.url)["orders"])["orders"]
    assert set(listed) == {order.url for order in orders}
