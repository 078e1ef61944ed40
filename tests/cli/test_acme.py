"""`tlsmith account`, `order` and `eab`, over a store in which clients left orders."""

import json
import stat
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from acme_orders import Ordering
from authorities import Clock, TestCA
from running import Done, tlsmith_here
from tlsmith.acme import problems
from tlsmith.authority.acme.authorizations import cancel_orders
from tlsmith.authority.acme.bindings import Bounds, mac_key_of
from tlsmith.authority.acme.settings import ACMESettings, TrustedNetwork
from tlsmith.errors import ACMEProblem
from tlsmith.storage.acme.accounts import insert_account
from tlsmith.storage.certificates import by_id


@pytest.fixture
def ca(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestCA]:
    """A CA whose clients are asked about, its clock at the present."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLSMITH_STORE", "sqlite:///ca.db")
    ca = TestCA("sqlite:///ca.db", Clock(datetime.now(UTC)))
    yield ca
    ca.close()


@pytest.fixture
def clients(ca: TestCA) -> Iterator[Ordering]:
    ordering = Ordering(ca.authority)
    yield ordering
    ordering.close()


def works(*words: str) -> Done:
    done = tlsmith_here(*words)
    assert done.code == 0, done.err
    return done


def lines(done: Done) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


# account


def test_accounts_are_listed_with_how_each_is_used(clients: Ordering) -> None:
    binding = clients.binding("racks")
    first = clients.account("mailto:web@corp.test", "mailto:ops@corp.test")
    second = clients.account(binding=binding)
    clients.valid(first, "www.corp.test")
    clients.fail(first, clients.order(first, "gone.corp.test"))
    found = {one["id"]: one for one in lines(works("account", "list", "--json"))}
    assert found[first.id] == {
        "id": first.id,
        "status": "valid",
        "key_thumbprint": first.thumbprint,
        "contacts": ["mailto:web@corp.test", "mailto:ops@corp.test"],
        "eab": None,
        "address": "192.0.2.7",
        "created_at": first.created_at.isoformat(),
        "terms_agreed_at": None,
        "orders": 2,
        "valid_orders": 1,
        "last_order_at": first.created_at.isoformat(),
    }
    assert found[second.id]["eab"] == binding.id
    assert found[second.id]["orders"] == 0
    assert found[second.id]["last_order_at"] is None
    row = works("account", "list").out.splitlines()[1:]
    by_id = {line.split()[0]: line.split()[1:] for line in row}
    assert by_id[first.id][2:4] == ["2", "1"]
    assert by_id[first.id][-2:] == ["web@corp.test,", "ops@corp.test"]
    assert by_id[second.id][2:4] == ["0", "0"]
    assert by_id[second.id][-2:] == ["racks", "192.0.2.7"]


def test_without_accounts_it_says_how_one_is_made(clients: Ordering) -> None:
    done = works("account", "list")
    assert done.out == ""
    assert "/acme/directory" in done.err


def test_every_account_is_listed_however_many_pages(clients: Ordering) -> None:
    first = clients.account()
    ids = [f"f{number:027x}" for number in range(1001)]
    with clients.authority.storage.write() as transaction:
        for number in ids:
            insert_account(transaction, first._replace(id=number, thumbprint=number))
    listed = [one["id"] for one in lines(works("account", "list", "--json"))]
    assert listed == [first.id, *ids]


def test_an_account_is_shown_with_its_latest_orders(clients: Ordering) -> None:
    account = clients.account("mailto:web@corp.test")
    other = clients.account()
    valid = clients.valid(account, "www.corp.test")
    failed = clients.order(account, "gone.corp.test")
    clients.fail(account, failed)
    clients.order(other, "other.test")
    for which in (
        account.id,
        f"acme:{account.id}",
        f"https://ca.test/acme/account/{account.id}",
    ):
        done = works("account", "show", which)
        assert account.thumbprint in done.out
        assert "mailto:web@corp.test" in done.out
        assert valid.id in done.out
        assert "the CA could not connect to gone.corp.test" in done.out
        assert "do: have port 80 of gone.corp.test" in done.out
        assert "other.test" not in done.out
        assert f"--requester acme:{account.id}" in done.err
    facts = works("account", "show", account.id, "--json").facts
    orders = {one["id"]: one for one in facts["latest_orders"]}
    assert set(orders) == {valid.id, failed.id}
    assert orders[valid.id]["failure"] is None
    assert orders[failed.id]["failure"]["type"] == "connection"


def test_an_account_that_is_revoked_orders_no_more(clients: Ordering) -> None:
    account = clients.account()
    clients.valid(account, "www.corp.test")
    done = works("account", "revoke", account.id)
    assert "orders no more" in done.out
    assert f"--requester acme:{account.id}" in done.err
    with pytest.raises(ACMEProblem, match="deactivated by the CA") as raised:
        clients.service.account(account.id)
    assert raised.value.type == "unauthorized"
    assert works("account", "show", account.id, "--json").facts["status"] == "revoked"
    acts = lines(works("audit", "list", "--limit", "1", "--json"))
    assert [(one["action"], one["object"]) for one in acts] == [
        ("account.revoke", account.id)
    ]
    again = tlsmith_here("account", "revoke", account.id)
    assert again.code == 3
    assert "no account" in again.err


def test_revoking_an_account_as_json(clients: Ordering) -> None:
    account = clients.account()
    done = works("account", "revoke", f"acme:{account.id}", "--json")
    assert done.facts == {"id": account.id, "status": "revoked"}


@pytest.mark.parametrize("what", ["account", "order"])
def test_what_is_not_there_is_said_with_how_to_find_it(
    clients: Ordering, what: str
) -> None:
    done = tlsmith_here(what, "show", "0123", "--json")
    assert done.code == 3
    assert done.error["message"] == f"no {what} '0123'"
    assert f"tlsmith {what} list" in done.error["hint"]


# order


def test_orders_are_listed_latest_first_with_why_some_failed(
    clients: Ordering, ca: TestCA
) -> None:
    account = clients.account()
    valid = clients.valid(account, "www.corp.test", "corp.test")
    ca.clock.forward(seconds=1)
    failed = clients.order(account, "gone.corp.test")
    clients.fail(account, failed, problems.dns("no such name"))
    out = works("order", "list").out.splitlines()
    assert out[1].startswith(f"{failed.id}  ")
    assert out[1].endswith("invalid  gone.corp.test")
    assert out[2] == ("    why: DNS has no answer for gone.corp.test: no such name")
    assert out[3].startswith("      do: add an A or AAAA record for gone.corp.test")
    assert out[4].startswith(f"{valid.id}  ")
    assert out[4].endswith("valid    www.corp.test, corp.test")


def test_orders_are_found_by_status_and_account(clients: Ordering) -> None:
    one, other = clients.account(), clients.account()
    made = {
        "valid": clients.valid(one, "a.test").id,
        "pending": clients.order(one, "b.test").id,
        "ready": _ready(clients, other, "c.test"),
        "invalid": _failed(clients, other, "d.test"),
    }
    for status, number in made.items():
        found = lines(works("order", "list", "--status", status, "--json"))
        assert [each["id"] for each in found] == [number]
        assert found[0]["status"] == status
    found = lines(works("order", "list", "--account", f"acme:{other.id}", "--json"))
    assert {each["id"] for each in found} == {made["ready"], made["invalid"]}
    limited = works("order", "list", "--limit", "3")
    assert "the latest 3" in limited.err
    assert len(lines(works("order", "list", "--limit", "3", "--json"))) == 3
    nothing = works("order", "list", "--account", one.id, "--status", "invalid")
    assert (nothing.out, nothing.err) == ("", "there are none\n")


def _ready(clients: Ordering, account: Any, name: str) -> str:
    order = clients.order(account, name)
    clients.prove(account, order)
    return order.id


def _failed(clients: Ordering, account: Any, name: str) -> str:
    order = clients.order(account, name)
    clients.fail(account, order)
    return order.id


def test_an_order_that_nobody_completed_is_invalid(
    clients: Ordering, ca: TestCA
) -> None:
    ca.clock.forward(days=-30)
    account = clients.account()
    pending, ready = clients.order(account, "a.test"), clients.order(account, "b.test")
    clients.prove(account, ready)
    ca.clock.forward(days=30)
    found = lines(works("order", "list", "--status", "invalid", "--json"))
    assert {one["id"] for one in found} == {pending.id, ready.id}
    assert {one["status"] for one in found} == {"invalid"}
    assert {one["failure"]["type"] for one in found} == {"lapsed"}
    assert works("order", "list", "--status", "pending").out == ""
    assert works("order", "list", "--status", "ready").out == ""
    done = works("order", "show", pending.id)
    assert "failed: nobody completed the order in time: not proved until" in done.out
    assert "not finalized until" in works("order", "show", ready.id).out


def test_an_order_is_shown_with_how_its_names_were_proved(clients: Ordering) -> None:
    bounds = Bounds(names=("corp.test",), preauthorized=("rack.corp.test",))
    binding = clients.binding("racks", bounds)
    account = clients.account(binding=binding)
    order = clients.order(account, "a.rack.corp.test", "*.corp.test")
    [wildcard] = [one for one in clients.authorizations(account, order) if one.wildcard]
    assert wildcard.status == "pending"
    _prove_one(clients, account, order, "dns-01")
    order = clients.finalize(account, order)
    assert order.certificate_id is not None
    with clients.authority.storage.read() as connection:
        record = by_id(connection, order.certificate_id)
    serial = f"{record.serial_number:x}"
    done = works("order", "show", f"https://ca.test/acme/order/{order.id}")
    rows = {line.split()[0]: line for line in done.out.splitlines() if line}
    assert f"no challenge: EAB {binding.id}" in rows["a.rack.corp.test"]
    assert "valid   dns-01" in rows["*.corp.test"]
    assert rows["certificate"].split()[1] == serial
    assert f"tlsmith cert show {serial}" in done.err
    facts = works("order", "show", order.id, "--json").facts
    assert facts["certificate"]["serial_number"] == serial
    proofs = {
        one["identifier"]["value"]: one["proved_by"] for one in facts["authorizations"]
    }
    assert proofs == {
        "a.rack.corp.test": f"binding {binding.id}",
        "*.corp.test": "dns-01",
    }


def _prove_one(clients: Ordering, account: Any, order: Any, challenge: str) -> None:
    from tlsmith.authority.acme.authorizations import Task

    for one in clients.authorizations(account, order):
        if one.status == "pending":
            clients.service.succeed(Task(one, challenge)).result()


def test_a_failed_order_is_shown_with_what_to_do_for_its_challenge(
    clients: Ordering,
) -> None:
    account = clients.account()
    order = clients.order(account, "*.corp.test")
    problem = problems.incorrect_response(
        '_acme-challenge.corp.test has the TXT record "\x1b[31mold"'
    )
    clients.fail(account, order, problem, "dns-01")
    done = works("order", "show", order.id)
    assert "*.corp.test  invalid  nothing" in done.out
    assert "corp.test answered, but not with what the client was to put there" in (
        done.out
    )
    assert "do: see that no older TXT record is left" in done.out
    # Said once: the name's row has it already.
    assert "failed:" not in done.out
    assert "\x1b" not in done.out
    facts = works("order", "show", order.id, "--json").facts
    [authorization] = facts["authorizations"]
    assert authorization["status"] == "invalid"
    assert authorization["proved_by"] is None
    assert authorization["challenges"][0]["failure"] == facts["failure"]
    assert facts["failure"]["name"] == "*.corp.test"


def test_a_pending_order_is_shown_with_what_it_waits_for(clients: Ordering) -> None:
    account = clients.account()
    order = clients.order(account, "www.corp.test")
    done = works("order", "show", order.id)
    assert "nothing yet" in done.out
    assert "http-01 pending, dns-01 pending, tls-alpn-01 pending" in done.out


def test_giving_an_authorization_up_ends_its_order(clients: Ordering) -> None:
    account = clients.account()
    order = clients.order(account, "www.corp.test")
    [one] = clients.authorizations(account, order)
    clients.service.deactivate_authorization(one).result()
    done = works("order", "show", order.id)
    assert "failed: deactivated by the client" in done.out
    assert "the authorization for www.corp.test was deactivated" in done.out
    assert "EAB" not in done.out
    [failed] = lines(works("order", "list", "--json"))
    assert failed["failure"]["type"] == "deactivated"
    assert failed["failure"]["name"] == "www.corp.test"


def test_an_order_that_failed_before_its_authorization_was_given_up(
    clients: Ordering,
) -> None:
    account = clients.account()
    order = clients.order(account, "www.corp.test")
    [one] = clients.authorizations(account, order)
    # As that of an external account that is taken back.
    with clients.authority.storage.write() as transaction:
        cancel_orders(
            transaction, [account.id], "the EAB was taken back", datetime.now(UTC)
        )
    clients.service.deactivate_authorization(one).result()
    done = works("order", "show", order.id)
    assert "the account may not do that" in done.out


def test_a_network_that_needs_no_challenge_is_named(ca: TestCA) -> None:
    trusted = TrustedNetwork(ip_network("192.0.2.0/24"), "rack.test")
    clients = Ordering(ca.authority, ACMESettings(trusted_networks=(trusted,)))
    order = clients.valid(clients.account(), "a.rack.test")
    clients.close()
    out = works("order", "show", order.id).out
    assert "no challenge: asked from 192.0.2.0/24" in out


def test_what_is_left_of_an_old_order_is_shown(clients: Ordering) -> None:
    account = clients.account()
    order = clients.valid(account, "www.corp.test")
    with clients.authority.storage.write() as transaction:
        transaction.run("DELETE FROM acme_authorizations")
        transaction.run("DELETE FROM certificates")
    done = works("order", "show", order.id)
    assert "www.corp.test" in done.out
    assert "no longer in the store" in done.err
    facts = works("order", "show", order.id, "--json").facts
    assert (facts["certificate"], facts["authorizations"]) == (None, [])


# eab


def test_an_external_account_is_shown_once_with_its_key(clients: Ordering) -> None:
    done = works(
        *("eab", "create", "web team", "--name", "corp.test", "--profile", "server"),
        *("--preauthorize", "rack.corp.test", "--expires-in", "7d", "--reusable"),
    )
    (_, number), (_, key) = (line.rsplit(" ", 1) for line in done.out.splitlines())
    assert "not shown again" in done.err
    with clients.authority.storage.read() as connection:
        kept = mac_key_of(connection, number)
    assert urlsafe_b64decode(key + "=") == kept
    [facts] = lines(works("eab", "list", "--json"))
    assert key not in json.dumps(facts)
    assert facts["id"] == number
    assert facts["name"] == "web team"
    assert facts["status"] == "usable"
    assert facts["reusable"] is True
    assert facts["names"] == ["corp.test"]
    assert facts["preauthorized"] == ["rack.corp.test"]
    assert facts["profiles"] == ["server"]
    row = works("eab", "list").out.splitlines()[1]
    assert row.split("  ")[:2] == [number, "web team"]
    assert "any number" in row
    assert key not in works("audit", "list").out


def test_a_key_in_a_file_is_for_its_owner_and_shown_nowhere(
    clients: Ordering, tmp_path: Path
) -> None:
    done = works("eab", "create", "ci", "--out", "ci.eab")
    file = tmp_path / "ci.eab"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert set(kept) == {"EAB_KID", "EAB_HMAC_KEY"}
    assert kept["EAB_KID"] in done.out
    assert kept["EAB_HMAC_KEY"] not in done.out + done.err
    before = file.read_text()
    again = tlsmith_here("eab", "create", "ci", "--out", "ci.eab")
    assert again.code == 2
    assert "there already" in again.err
    assert file.read_text() == before
    assert len(lines(works("eab", "list", "--json"))) == 1


def test_a_key_as_json(clients: Ordering) -> None:
    facts = works("eab", "create", "ci", "--json").facts
    assert len(urlsafe_b64decode(facts["hmac_key"] + "=")) == 32
    assert facts["reusable"] is False
    hidden = works("eab", "create", "ci", "--json", "--out", "ci.eab").facts
    assert "hmac_key" not in hidden


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--profile", "no-such"), "no-such"),
        (("--name", "*.corp.test"), "write corp.test"),
        (("--name", "Corp.Test"), "write it corp.test"),
        (("--name", "a.test", "--preauthorize", "b.test"), "--name b.test"),
        (("--expires-in", "soon"), "soon"),
    ],
)
def test_an_external_account_of_no_use_is_not_made(
    clients: Ordering, words: tuple[str, ...], said: str
) -> None:
    done = tlsmith_here("eab", "create", "ci", *words)
    assert done.code == 2
    assert said in done.err
    listed = works("eab", "list")
    assert listed.out == ""
    assert "tlsmith eab create NAME" in listed.err


def test_an_external_account_is_used_up_expired_or_taken_back(
    clients: Ordering,
    ca: TestCA,
) -> None:
    used, back = clients.binding("used"), clients.binding("back")
    clients.binding("spare")
    now = ca.clock.now
    ca.clock.now = now - timedelta(days=9)
    clients.binding("old", Bounds(expires_at=now - timedelta(days=2)))
    ca.clock.now = now
    account = clients.account(binding=used)
    bound = clients.account(binding=back)
    done = works("eab", "revoke", back.id)
    assert done.out == f"{back.id} binds no more\n"
    assert bound.id in done.err
    with pytest.raises(ACMEProblem, match="taken back"):
        clients.order(bound, "www.corp.test")
    assert clients.order(account, "www.corp.test").status == "pending"
    statuses = {
        one["name"]: one["status"] for one in lines(works("eab", "list", "--json"))
    }
    assert statuses == {
        "used": "used",
        "back": "revoked",
        "spare": "usable",
        "old": "expired",
    }
    again = tlsmith_here("eab", "revoke", back.id)
    assert again.code == 3
    assert "tlsmith eab list" in again.err
    facts = works("eab", "revoke", used.id, "--json").facts
    assert facts == {"id": used.id, "status": "revoked", "accounts": [account.id]}


def test_without_its_extra_acme_says_which(
    clients: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "msgspec", None)
    done = tlsmith_here("eab", "list", "--json")
    assert done.code == 3
    assert done.error["code"] == "missing-extra"
    assert "tlsmith[server]" in done.error["hint"]
