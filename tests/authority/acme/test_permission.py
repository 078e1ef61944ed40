"""Who may have which names and profiles, and which without a challenge."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from acme_life import ADDRESS, Life, identifier, new_key, refused
from authorities import ADMINISTRATOR, Clock, TestCA
from tlsmith.authority.acme.accounts import MadeAccount, WantedAccount
from tlsmith.authority.acme.bindings import Bounds, create_binding, take_binding_back
from tlsmith.authority.acme.permission import is_below
from tlsmith.authority.acme.settings import ACMESettings, TrustedNetwork
from tlsmith.authority.actor import Actor
from tlsmith.core.names import GeneralName
from tlsmith.errors import AccessError, ACMEProblem, InputError, NotFoundError
from tlsmith.storage.acme.bindings import (
    BindingRecord,
    accounts_bound,
    binding_by_id,
    bindings,
)

_POLICY = """
[policy]
max_names = 5
names.dns = ["test", "corp.example"]
names.ip = ["192.0.2.0/24"]

[profiles.narrow]
extends = "server"
names = { dns = ["narrow.test"] }
max_names = 2

[profiles.mine]
extends = "server"
requesters = ["acme:0000*"]
"""


def bind(life: Life, clock: Clock, **bounds: Any) -> BindingRecord:
    with life.authority.storage.write() as transaction:
        return create_binding(
            transaction, "web", Bounds(**bounds), ADMINISTRATOR, clock()
        )


def bound(life: Life, record: BindingRecord) -> Life:
    """An account bound to an external one."""
    other = life.beside()
    assert record.mac_key is not None
    other.account = life.register(binding=(record.id, record.mac_key))
    return other


# External accounts (section 7.3.4)


def test_a_binding_is_used_once(life: Life, clock: Clock) -> None:
    record = bind(life, clock)
    assert life.service.mac_key_of(record.id) == record.mac_key
    other = bound(life, record)
    assert other.account.binding == record.id
    assert life.service.mac_key_of(record.id) is None
    problem = refused(life.register, binding=(record.id, record.mac_key))
    assert problem.type == "unauthorized"
    assert "was used already: it is for one account" in problem.message
    with life.authority.storage.read() as connection:
        kept = binding_by_id(connection, record.id)
        assert accounts_bound(connection, record.id) == [other.account.id]
    assert kept is not None
    # Its key is nowhere any more.
    assert (kept.mac_key, kept.used_at) == (None, clock().replace(microsecond=0))
    (said,) = life.noted("account.create", f"acme:{other.account.id}")
    assert said["eab"] == record.id


def test_used_at_once_it_binds_one(life: Life, ca: TestCA, clock: Clock) -> None:
    replica = life.beside(ca.again())
    for _ in range(3):
        record = bind(life, clock)
        assert record.mac_key is not None
        proof = record.id, record.mac_key

        def register(place: int) -> MadeAccount | ACMEProblem:
            asked = WantedAccount(
                new_key(),
                (),
                terms_agreed=True,
                binding=proof,  # noqa: B023
                address=ADDRESS,
            )
            try:
                return (life, replica)[place % 2].service.new_account(asked).result(20)
            except ACMEProblem as problem:
                return problem

        with ThreadPoolExecutor(6) as threads:
            done = list(threads.map(register, range(6)))
        made = [one for one in done if isinstance(one, MadeAccount)]
        assert len(made) == 1
        assert {one.type for one in done if isinstance(one, ACMEProblem)} == {
            "unauthorized"
        }
    replica.service.close()
    replica.authority.close()


def test_a_reusable_one_binds_many_until_it_expires(life: Life, clock: Clock) -> None:
    until = clock() + timedelta(hours=1)
    record = bind(life, clock, is_reusable=True, expires_at=until)
    first, second = bound(life, record), bound(life, record)
    assert first.account.id != second.account.id
    clock.forward(hours=1)
    problem = refused(life.register, binding=(record.id, record.mac_key))
    assert (problem.type, "has expired" in problem.message) == ("unauthorized", True)
    # Whom it bound goes on.
    assert first.issued("a.test").status == "valid"


def test_another_key_is_none(life: Life, clock: Clock) -> None:
    """One that was replaced between the check of the proof and the commit."""
    record = bind(life, clock)
    for number, words in ((record.id, "another key"), ("none", "no more")):
        problem = refused(life.register, binding=(number, bytes(32)))
        assert (problem.type, words in problem.message) == ("unauthorized", True)
    bound(life, record)


def test_taken_back_it_binds_and_orders_no_more(life: Life, clock: Clock) -> None:
    record = bind(life, clock, is_reusable=True)
    other = bound(life, record)
    pending = other.order("a.test")
    with life.authority.storage.write() as transaction:
        take_binding_back(transaction, record.id, ADMINISTRATOR, clock())
    assert life.service.mac_key_of(record.id) is None
    problem = refused(life.register, binding=(record.id, record.mac_key))
    assert (problem.status, "was taken back" in problem.message) == (403, True)
    assert refused(other.order, "a.test").type == "unauthorized"
    beforehand = refused(
        other.service.new_authorization, other.account, identifier("a.test"), ADDRESS
    )
    assert "taken back" in beforehand.message
    assert other.now(pending).status == "invalid"
    for number in (record.id, "none"):
        with pytest.raises(NotFoundError), life.authority.storage.write() as tx:
            take_binding_back(tx, number, ADMINISTRATOR, clock())


def test_bindings_come_back_as_they_went_in(life: Life, clock: Clock) -> None:
    until = clock().replace(microsecond=0) + timedelta(days=1)
    record = bind(
        life,
        clock,
        profiles=("server", "client"),
        names=("a.test", "192.0.2.1"),
        preauthorized=("a.test",),
        is_reusable=True,
        expires_at=until,
    )
    with life.authority.storage.read() as connection:
        assert binding_by_id(connection, record.id) == record
        assert record in bindings(connection)
        assert binding_by_id(connection, "none") is None
    said = life.noted("eab.create", ADMINISTRATOR.name)[-1]
    assert said["preauthorized"] == ["a.test"]
    assert record.mac_key is not None
    assert record.mac_key.hex() not in str(said)


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("", {}),
        ("a" * 101, {}),
        ("a\nb", {}),
        ("web", {"names": ("*.a.test",)}),
        ("web", {"names": ("A.test",)}),
        ("web", {"names": ("a@b.test",)}),
        ("web", {"preauthorized": ("a test",)}),
        ("web", {"expires_at": timedelta()}),
    ],
)
def test_bounds_that_are_none_are_refused(
    small_life: Life, clock: Clock, name: str, bounds: dict[str, Any]
) -> None:
    if "expires_at" in bounds:
        bounds = {"expires_at": clock() + bounds["expires_at"]}
    with pytest.raises(InputError), small_life.authority.storage.write() as tx:
        create_binding(tx, name, Bounds(**bounds), ADMINISTRATOR, clock())


@pytest.mark.parametrize(
    "actor",
    [
        Actor("token:x", "issuer"),
        Actor("token:x", "operator"),
        Actor("token:x", "administrator", names=("a.test",)),
    ],
)
def test_who_may_not_make_one_does_not(
    small_life: Life, clock: Clock, actor: Actor
) -> None:
    with pytest.raises(AccessError), small_life.authority.storage.write() as tx:
        create_binding(tx, "web", Bounds(), actor, clock())


def test_names_are_bounded_by_the_binding(life: Life, clock: Clock) -> None:
    other = bound(life, bind(life, clock, names=("a.test", "192.0.2.9")))
    for name in ("a.test", "www.a.test", "*.a.test", "192.0.2.9"):
        other.order(name)
    for name in ("ba.test", "test", "*.test", "192.0.2.90", "a.test.b.test"):
        problem = refused(other.order, "a.test", name)
        assert problem.type == "rejectedIdentifier"
        (one,) = problem.subproblems
        assert one.identifier == (identifier(name).type, name)
        assert "a.test" in one.detail
    beforehand = refused(
        other.service.new_authorization, other.account, identifier("b.test"), ADDRESS
    )
    assert beforehand.type == "rejectedIdentifier"


@pytest.mark.parametrize("address", ["240.0.0.1", "255.255.255.254"])
def test_reserved_addresses_are_ordered_where_a_setting_allows_them(
    small_ca: TestCA, address: str
) -> None:
    life = Life(small_ca.authority)
    problem = refused(life.order, "a.test", address)
    assert (problem.type, problem.status) == ("rejectedIdentifier", 403)
    (one,) = problem.subproblems
    assert one.identifier == ("ip", address)
    assert "reserved: have the administrator allow" in one.detail
    beforehand = refused(
        life.service.new_authorization, life.account, identifier(address), ADDRESS
    )
    assert beforehand.type == "rejectedIdentifier"
    for number in ("10.0.0.1", "127.0.0.1", "169.254.1.1", "::1", "fe80::1"):
        life.order(number)
    settings = ACMESettings(
        allowed_networks=(ip_network("fd00::/8"), ip_network("240.0.0.0/4"))
    )
    assert Life(small_ca.authority, settings).order(address).status == "pending"


def test_profiles_are_bounded_by_the_binding(
    small_ca: TestCA, policy: None, clock: Clock
) -> None:
    life = Life(small_ca.authority)
    other = bound(life, bind(life, clock, profiles=("narrow", "client")))
    # Where none is asked for, it is the first that there is.
    done = other.issued("a.narrow.test")
    assert other.certificate(done).profile == "narrow"
    for profile in ("server", "client", "none", ""):
        problem = refused(other.order, "a.narrow.test", profile=profile)
        assert problem.type == "invalidProfile"
        assert "narrow" in problem.message


# The policy


@pytest.fixture
def policy(small_ca: TestCA) -> Iterator[None]:
    small_ca.authority.set_policy(_POLICY, ADMINISTRATOR)
    yield
    small_ca.authority.set_policy("", ADMINISTRATOR)


@pytest.mark.usefixtures("policy")
def test_the_policy_bounds_names_and_how_many(small_ca: TestCA) -> None:
    life = Life(small_ca.authority)
    life.order("a.test", "b.corp.example", "192.0.2.1")
    problem = refused(life.order, "a.test", "b.example", "198.51.100.1")
    wrong = [one.identifier for one in problem.subproblems]
    assert wrong == [("dns", "b.example"), ("ip", "198.51.100.1")]
    assert {one.type for one in problem.subproblems} == {"rejectedIdentifier"}
    many = [f"{number}.test" for number in range(6)]
    assert "5 is the most" in refused(life.order, *many).message
    many = [f"{number}.narrow.test" for number in range(3)]
    problem = refused(life.order, *many, profile="narrow")
    assert "2 is the most" in problem.message
    assert "b.test" in refused(life.order, "b.test", profile="narrow").message


@pytest.mark.usefixtures("policy")
def test_profiles_are_for_those_they_admit(small_ca: TestCA) -> None:
    life = Life(small_ca.authority)
    assert set(life.service.profiles()) == {"server", "peer", "narrow", "mine"}
    problem = refused(life.order, "a.test", profile="mine")
    assert problem.type == "invalidProfile"
    assert "mine" not in problem.message.partition(":")[2]
    mine = f"acme:{life.account.id}"
    small_ca.authority.set_policy(_POLICY.replace("acme:0000*", mine), ADMINISTRATOR)
    done = life.issued("a.test", profile="mine")
    assert life.certificate(done).profile == "mine"
    assert refused(life.beside().order, "a.test", profile="mine").status == 400


@pytest.mark.usefixtures("policy")
def test_settings_say_which_profiles_there_are(small_ca: TestCA) -> None:
    settings = ACMESettings(profiles=("narrow", "client", "intermediate"))
    life = Life(small_ca.authority, settings)
    assert set(life.service.profiles()) == {"narrow", "client"}
    assert refused(life.order, "a.narrow.test", profile="server").status == 400
    done = life.issued("a.narrow.test", profile="client")
    assert life.certificate(done).profile == "client"


def test_a_profile_that_is_gone_meanwhile_is_told(small_ca: TestCA) -> None:
    small_ca.authority.set_policy(_POLICY, ADMINISTRATOR)
    life = Life(small_ca.authority)
    order = life.ready("a.narrow.test", profile="narrow")
    small_ca.authority.set_policy("", ADMINISTRATOR)
    assert refused(life.finalize, order).type == "invalidProfile"


# Without a challenge


def test_a_binding_spares_the_challenge_and_the_log_says_so(
    life: Life, clock: Clock
) -> None:
    record = bind(life, clock, preauthorized=("a.test",))
    other = bound(life, record)
    order = other.order("a.test", "*.www.a.test")
    assert order.status == "ready"
    for one in other.authorizations(order):
        assert (one.status, one.proof) == ("valid", f"binding {record.id}")
        assert [challenge.status for challenge in one.challenges] == ["valid"]
    other.finalize(order)
    (said,) = other.issues()
    assert said["proved"] == {
        "a.test": f"binding {record.id}",
        "*.www.a.test": f"binding {record.id}",
    }
    assert said["eab"] == record.id
    mixed = other.order("a.test", "b.test")
    assert mixed.status == "pending"
    assert [one.status for one in other.authorizations(mixed)] == ["valid", "pending"]
    # Not one's neighbours, nor whoever else asks.
    assert other.order("ba.test").status == "pending"
    assert life.order("a.test").status == "pending"


def test_ordered_again_it_is_the_same_authorization(life: Life, clock: Clock) -> None:
    other = bound(life, bind(life, clock, preauthorized=("a.test",)))
    first, again = other.order("a.test"), other.order("a.test")
    assert first.authorizations == again.authorizations
    assert other.finalize(again).status == "valid"


@pytest.fixture
def trusting(ca: TestCA) -> Iterator[Life]:
    settings = ACMESettings(
        trusted_networks=(
            TrustedNetwork(ip_network("192.0.2.0/24"), "a.test"),
            TrustedNetwork(ip_network("2001:db8::/32"), "b.test"),
        )
    )
    made = Life(ca.authority, settings)
    yield made
    made.service.close()


def test_a_network_spares_the_challenge_and_the_log_says_so(trusting: Life) -> None:
    order = trusting.order("www.a.test")
    assert order.status == "ready"
    trusting.finalize(order)
    (said,) = trusting.issues()
    assert said["proved"] == {"www.a.test": "network 192.0.2.0/24"}


@pytest.mark.parametrize(
    ("address", "name", "is_trusted"),
    [
        ("192.0.2.200", "a.test", True),
        ("::ffff:192.0.2.200", "a.test", True),
        ("192.0.3.1", "a.test", False),
        ("192.0.2.200", "b.test", False),
        ("2001:db8::9%eth0", "b.test", True),
        ("2001:db9::9", "b.test", False),
        ("", "a.test", False),
        ("unix:", "a.test", False),
        ("192.0.2.200", "c.test", False),
    ],
)
def test_networks_are_trusted_for_their_own_domains(
    trusting: Life, address: str, name: str, is_trusted: bool
) -> None:
    order = trusting.order(name, address=address)
    assert (order.status == "ready") is is_trusted


def test_what_a_network_was_trusted_for_holds_from_there_alone(
    trusting: Life,
) -> None:
    """The account that ordered from within must prove names when it is outside."""
    assert trusting.order("a.test").status == "ready"
    outside = trusting.order("a.test", address="198.51.100.1")
    assert outside.status == "pending"
    trusting.prove(outside)
    # A name that was proved is the account's, wherever it is.
    assert trusting.order("a.test", address="203.0.113.1").status == "ready"


def test_beforehand_a_network_is_trusted_too(trusting: Life) -> None:
    made = trusting.service.new_authorization(
        trusting.account, identifier("a.test"), ADDRESS
    )
    record = made.result(9)
    assert (record.status, record.proof) == ("valid", "network 192.0.2.0/24")


@pytest.mark.parametrize(
    ("name", "domain", "is_so"),
    [
        ("a.test", "a.test", True),
        ("b.a.test", "a.test", True),
        ("*.a.test", "a.test", True),
        ("ba.test", "a.test", False),
        ("test", "a.test", False),
        ("a.test.b", "a.test", False),
    ],
)
def test_below_is_by_whole_labels(name: str, domain: str, is_so: bool) -> None:
    assert is_below(GeneralName("dns", name), (domain,)) is is_so


def test_an_address_has_nothing_below_it() -> None:
    assert is_below(GeneralName("ip", "192.0.2.1"), ("192.0.2.1",))
    assert not is_below(GeneralName("ip", "1.192.0.2.1"), ("192.0.2.1",))


@pytest.mark.parametrize("kid", ["", "\0", "a\0b", "é", "a b"])
def test_what_no_binding_is_called_is_asked_of_no_store(life: Life, kid: str) -> None:
    """PostgreSQL takes a NUL for an error of the store."""
    assert life.service.mac_key_of(kid) is None


def test_a_profile_that_is_not_there_is_named_in_short(life: Life) -> None:
    problem = refused(life.order, "a.test", profile="x" * 60_000)
    assert problem.type == "invalidProfile"
    assert len(problem.message) < 1_000


def test_names_that_the_policy_has_no_more_are_refused_as_such(
    life: Life, clock: Clock
) -> None:
    order = life.ready("a.test")
    try:
        life.authority.set_policy('[policy]\nnames.dns = ["other.test"]', ADMINISTRATOR)
        clock.forward(seconds=10)
        problem = refused(life.finalize, order)
    finally:
        life.authority.set_policy("", ADMINISTRATOR)
        clock.forward(seconds=10)
    assert problem.type == "rejectedIdentifier"
    assert life.finalize(order).status == "valid"
