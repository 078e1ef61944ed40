"""Accounts: one a key, whoever asks at once (RFC 8555 section 7.3)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from acme_life import ADDRESS, Life, new_key, refused
from authorities import Clock, TestCA
from tlsmith.acme.jwk import AccountKey
from tlsmith.authority.acme.accounts import WantedAccount, revoke_account
from tlsmith.authority.acme.settings import ACMELimits, ACMESettings
from tlsmith.authority.actor import Actor
from tlsmith.errors import AccessError, ACMEProblem, NotFoundError
from tlsmith.storage.acme.accounts import account_by_thumbprint, accounts


def wanted(key: AccountKey, **more: Any) -> WantedAccount:
    asked = WantedAccount(key, (), terms_agreed=True, binding=None, address=ADDRESS)
    return asked._replace(**more)


def test_an_account_is_made_and_found(life: Life, clock: Clock) -> None:
    key = new_key()
    contacts = ("mailto:a@example.test", "mailto:b@example.test")
    asked = wanted(key, contacts=contacts, request_id="r-1")
    made = life.service.new_account(asked).result(9)
    assert made.is_new
    account = made.account
    assert (account.status, account.contacts, account.address) == (
        *("valid", contacts),
        ADDRESS,
    )
    # There were no terms to agree to.
    assert account.terms_agreed_at is None
    assert life.service.account(account.id) == account
    assert life.service.account_of_key(key) == account
    assert life.service.account_of_key(new_key()) is None
    again = life.service.new_account(asked._replace(contacts=())).result(9)
    assert (again.account, again.is_new) == (account, False)
    (said,) = life.noted("account.create", f"acme:{account.id}")
    assert said == {
        "thumbprint": key.thumbprint,
        "address": ADDRESS,
        "contacts": list(contacts),
    }


def test_asked_for_at_once_it_is_one(life: Life, ca: TestCA) -> None:
    """By threads of two replicas, each with its own writer."""
    other = life.beside(ca.again())
    for _ in range(4):
        asked = wanted(new_key())
        with ThreadPoolExecutor(8) as threads:
            done = list(
                threads.map(
                    lambda place: (
                        (life, other)[place % 2]
                        .service.new_account(asked)  # noqa: B023
                        .result(20)
                    ),
                    range(8),
                )
            )
        assert len({made.account.id for made in done}) == 1
        assert sum(made.is_new for made in done) == 1
    other.service.close()
    other.authority.close()


def test_terms_are_agreed_to_first(small_ca: TestCA) -> None:
    life = Life(small_ca.authority, ACMESettings(terms="https://ca.test/terms"))
    asked = wanted(new_key(), terms_agreed=False)
    problem = refused(life.service.new_account, asked)
    assert problem.type == "userActionRequired"
    assert problem.fields["instance"] == "https://ca.test/terms"
    made = life.service.new_account(wanted(new_key())).result(9).account
    assert made.terms_agreed_at == small_ca.clock().replace(microsecond=0)


def test_contacts_and_terms_are_changed(life: Life, clock: Clock) -> None:
    key = new_key()
    account = life.service.new_account(wanted(key, terms_agreed=False)).result(9)[0]
    without = life.service.update_account(account, None, terms_agreed=True).result(9)
    assert (account.terms_agreed_at, without.terms_agreed_at) == (None, None)
    # Those that there are by now.
    settings = ACMESettings(terms="https://ca.test/terms")
    service = Life(life.authority, settings, account).service
    changed = service.update_account(account, ("mailto:c@example.test",)).result(9)
    assert changed.contacts == ("mailto:c@example.test",)
    same = service.update_account(account, None, terms_agreed=True).result(9)
    assert same.contacts == changed.contacts
    assert same.terms_agreed_at == clock().replace(microsecond=0)
    assert service.update_account(account, ()).result(9).contacts == ()
    assert service.account(account.id) == same._replace(contacts=())


def test_a_deactivated_account_gets_nothing_any_more(life: Life) -> None:
    key = new_key()
    life.account = life.register(key)
    pending, ready = life.order("a.test"), life.ready("b.test")
    task = life.task(pending)
    done = life.service.deactivate_account(life.account, "r").result(9)
    assert done.status == "deactivated"
    for act in (
        lambda: life.service.account(life.account.id),
        lambda: life.service.account_of_key(key),
        lambda: life.service.new_account(wanted(key)),
        lambda: life.service.update_account(life.account, ()),
        lambda: life.service.deactivate_account(life.account, ""),
        lambda: life.service.change_key(life.account, new_key(), ""),
    ):
        problem = refused(act)
        assert (problem.type, problem.status) == ("unauthorized", 401)
        assert "by its holder" in problem.message
    # What was proved proves nothing any more; what is open stays undone.
    assert [one.status for one in life.authorizations(ready)] == ["revoked"]
    life.service.succeed(task).result(9)
    assert life.now(pending).status == life.now(ready).status == "invalid"
    assert len(life.noted("account.deactivate", f"acme:{life.account.id}")) == 1


def test_an_operator_revokes_an_account(life: Life, clock: Clock) -> None:
    storage = life.authority.storage
    key = new_key()
    account = life.register(key)
    operator = Actor("cli:op", "operator")
    with storage.write() as transaction:
        gone = revoke_account(transaction, account.id, operator, clock())
    assert gone.status == "revoked"
    problem = refused(life.service.account, account.id)
    assert (problem.status, "by the CA" in problem.message) == (401, True)
    with pytest.raises(NotFoundError), storage.write() as transaction:
        revoke_account(transaction, account.id, operator, clock())
    with pytest.raises(NotFoundError), storage.write() as transaction:
        revoke_account(transaction, "none", operator, clock())
    assert life.noted("account.revoke", "cli:op")


@pytest.mark.parametrize(
    "actor",
    [
        Actor("token:x", "issuer"),
        Actor("token:x", "operator", names=("a.test",)),
        Actor("token:x", "administrator", profiles=("server",)),
    ],
)
def test_who_may_not_revoke_an_account_does_not(
    small_life: Life, clock: Clock, actor: Actor
) -> None:
    with pytest.raises(AccessError), small_life.authority.storage.write() as tx:
        revoke_account(tx, small_life.account.id, actor, clock())
    assert small_life.service.account(small_life.account.id).status == "valid"


def test_nobody_has_an_account_of_another_id(small_life: Life) -> None:
    for name in ("", "none", "0" * 28, "\0", "'; --"):
        problem = refused(small_life.service.account, name)
        assert (problem.type, problem.status) == ("accountDoesNotExist", 400)


# Key change (section 7.3.5)


def test_a_new_key_takes_the_place_of_the_old(life: Life) -> None:
    old, new = new_key(), new_key()
    account = life.register(old)
    done = life.service.change_key(account, new, "r").result(9)
    assert (done.is_new, done.account.thumbprint) == (True, new.thumbprint)
    assert life.service.account(account.id) == done.account
    assert life.service.account_of_key(old) is None
    assert life.service.account_of_key(new) == done.account
    # The old key is free again, for an account of its own.
    assert life.register(old).id != account.id
    (said,) = life.noted("account.key-change", f"acme:{account.id}")
    assert said == {"thumbprint": new.thumbprint, "old_thumbprint": old.thumbprint}


def test_a_key_of_another_account_is_not_taken(life: Life) -> None:
    other_key = new_key()
    other = life.register(other_key)
    done = life.service.change_key(life.account, other_key, "").result(9)
    assert (done.is_new, done.account.id) == (False, other.id)
    same = life.service.change_key(other, other_key, "").result(9)
    assert (same.is_new, same.account.id) == (False, other.id)


def test_of_keys_changed_to_at_once_one_stays(life: Life, ca: TestCA) -> None:
    """Signed for with the old key, all but one come too late."""
    replica = life.beside(ca.again())
    account = life.register()
    keys = [new_key() for _ in range(6)]

    def change(place: int) -> object:
        service = (life, replica)[place % 2].service
        try:
            return service.change_key(account, keys[place], "").result(20)
        except ACMEProblem as problem:
            return problem.type

    with ThreadPoolExecutor(6) as threads:
        done = list(threads.map(change, range(6)))
    (winner,) = [one for one in done if one != "unauthorized"]
    now = life.service.account(account.id)
    assert now.thumbprint == winner.account.thumbprint  # type: ignore[attr-defined]
    replica.service.close()
    replica.authority.close()


def test_of_accounts_that_want_one_key_at_once_one_has_it(life: Life) -> None:
    key = new_key()
    each = [life.register() for _ in range(4)]
    futures = [life.service.change_key(one, key, "") for one in each]
    done = [future.result(20) for future in futures]
    (winner,) = [one.account for one in done if one.is_new]
    assert {one.account.id for one in done} == {winner.id}
    with life.authority.storage.read() as connection:
        assert account_by_thumbprint(connection, key.thumbprint) == winner


def test_accounts_are_listed_in_the_order_they_were_made(
    life: Life, clock: Clock
) -> None:
    made = []
    for _ in range(3):
        clock.forward(milliseconds=1)
        made.append(life.register().id)
    with life.authority.storage.read() as connection:
        found = accounts(connection, after=life.account.id, limit=500)
        assert [one.id for one in found][-3:] == made
        assert [one.id for one in accounts(connection, after=made[0], limit=1)] == (
            made[1:2]
        )


def test_accounts_of_one_network_are_limited(small_ca: TestCA, clock: Clock) -> None:
    settings = ACMESettings(limits=ACMELimits(accounts=2))
    life = Life(small_ca.authority, settings, account=Life(small_ca.authority).account)
    service = life.service
    v6 = "2001:db8:1:2::"
    first = wanted(new_key(), address=f"{v6}1")
    for asked in (first, wanted(new_key(), address=f"{v6}ffff:1%eth0")):
        assert service.new_account(asked).result(9).is_new
    problem = refused(service.new_account, wanted(new_key(), address=f"{v6}3"))
    assert (problem.type, problem.status) == ("rateLimited", 429)
    assert 1790 <= (problem.retry_after or 0) <= 1801
    # To find one's own account again is no new one; nor is another network's.
    assert not service.new_account(first).result(9).is_new
    elsewhere = wanted(new_key(), address="2001:db8:1:3::1")
    assert service.new_account(elsewhere).result(9).is_new
    clock.forward(seconds=problem.retry_after or 0)
    again = wanted(new_key(), address=f"{v6}3")
    assert service.new_account(again).result(9).is_new


def test_ipv4_clients_of_a_socket_for_both_are_limited_each(small_ca: TestCA) -> None:
    settings = ACMESettings(limits=ACMELimits(accounts=1))
    life = Life(small_ca.authority, settings, account=Life(small_ca.authority).account)
    service = life.service
    for address in ("::ffff:192.0.2.1", "::ffff:192.0.2.2"):
        made = service.new_account(wanted(new_key(), address=address)).result(9)
        assert made.is_new
    problem = refused(service.new_account, wanted(new_key(), address="192.0.2.1"))
    assert problem.type == "rateLimited"
