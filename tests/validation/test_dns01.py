"""dns-01, dns-account-01 and dns-persist-01 with real DNS."""

from __future__ import annotations

import time

import pytest

from dns_server import DNSServer
from tlsmith.acme.challenges import dns_account_name, dns_digest
from tlsmith.acme.dns_persist import account_uris
from tlsmith.acme.identifiers import Identifier
from validation.asking import ACCOUNT, AUTHORIZATION, THUMBPRINT, Asking
from validation.conftest import Run

NAME = "_acme-challenge.www.test"
DIGEST = dns_digest(AUTHORIZATION)


@pytest.fixture
def asking(run: Run, dns: DNSServer) -> Asking:
    return Asking(
        run, dns, issuer_names=("CA.test", "ca2.test"), account_hash_prefix=PREFIX
    )


def test_a_name_with_the_digest_in_a_text_record_is_valid(
    asking: Asking, dns: DNSServer
) -> None:
    dns.set(NAME, "TXT", DIGEST)
    outcome = asking.validate("dns-01")
    assert outcome.record == NAME
    assert outcome.addresses == ()
    assert outcome.persist_until is None
    assert dns.asked(NAME) == ["TXT"]


def test_so_is_a_wildcard_of_it(asking: Asking, dns: DNSServer) -> None:
    dns.set(NAME, "TXT", DIGEST)
    assert asking.validate("dns-01", wildcard=True).record == NAME


def test_one_of_several_records_is_enough(asking: Asking, dns: DNSServer) -> None:
    dns.set(
        NAME, "TXT", "of somebody else", f'"{DIGEST[:20]}" "{DIGEST[20:]}"', "x" * 500
    )
    assert asking.validate("dns-01").record == NAME


@pytest.mark.parametrize("follows", [True, False])
def test_aliases_are_followed(asking: Asking, dns: DNSServer, follows: bool) -> None:
    dns.follows_aliases = follows
    dns.set(NAME, "CNAME", "www.test.auth.test")
    dns.set("www.test.auth.test", "TXT", DIGEST)
    assert asking.validate("dns-01").record == NAME


@pytest.mark.parametrize(
    "texts",
    [
        ["nothing of that"],
        [DIGEST + " "],
        [DIGEST[:-1]],
        [DIGEST.swapcase()],
        [AUTHORIZATION],
        ["\x1b[31m", "two", "three", "four", "five"],
    ],
)
def test_another_text_is_an_incorrect_response(
    asking: Asking, dns: DNSServer, texts: list[str]
) -> None:
    dns.set(NAME, "TXT", *texts)
    problem = asking.problem("dns-01")
    assert problem.type == "incorrectResponse"
    assert problem.message.startswith(f"{NAME} has the TXT record")
    assert f'"{DIGEST}" was expected' in problem.message
    assert f"says the resolver 127.0.0.1:{dns.port}" in problem.message
    assert problem.message.isprintable()
    assert ("and 2 more" in problem.message) == (len(texts) == 5)


def test_a_name_without_text_records_is_told_from_one_that_is_not_there(
    asking: Asking, dns: DNSServer
) -> None:
    problem = asking.problem("dns-01")
    assert problem.type == "dns"
    assert (
        f"{NAME} has no TXT record, as there is no such name (NXDOMAIN)"
        in problem.message
    )
    dns.set(NAME, "A", "10.0.0.1")
    problem = asking.problem("dns-01")
    assert problem.type == "incorrectResponse"
    assert f"{NAME} has no TXT record, says" in problem.message


def test_a_dangling_alias_is_named(asking: Asking, dns: DNSServer) -> None:
    dns.set(NAME, "CNAME", "gone.test")
    problem = asking.problem("dns-01")
    assert problem.type == "dns"
    assert f"{NAME}, an alias of gone.test, has no TXT record" in problem.message


def test_a_server_that_fails_is_a_dns_problem(asking: Asking, dns: DNSServer) -> None:
    dns.failing[NAME] = "SERVFAIL"
    problem = asking.problem("dns-01")
    assert problem.type == "dns"
    assert f"cannot look up TXT of {NAME}" in problem.message
    assert "SERVFAIL" in problem.message


def test_a_server_that_never_answers_is_too(run: Run, dns: DNSServer) -> None:
    dns.silent.add(NAME)
    problem = Asking(run, dns, timeout=0.3).problem("dns-01")
    assert problem.type == "dns"
    assert f"no end in 0.3 seconds while looking up the TXT records of {NAME}" in (
        problem.message
    )


# dns-account-01 --------------------------------------------------------------------


def test_an_account_has_a_name_of_its_own(asking: Asking, dns: DNSServer) -> None:
    name = dns_account_name(Identifier("dns", "www.test"), ACCOUNT)
    dns.set(name, "TXT", DIGEST)
    outcome = asking.validate("dns-account-01", wildcard=True)
    assert outcome.record == name
    dns.clear(name)
    dns.set(NAME, "TXT", DIGEST)
    assert name in asking.problem("dns-account-01").message


# dns-persist-01 --------------------------------------------------------------------

PERSISTENT = "_validation-persist.www.test"
PREFIX = "https://ca.test/acme/account-hash/"
URI, ANY_URI = account_uris(PREFIX, "www.test", ACCOUNT, [THUMBPRINT])


@pytest.mark.parametrize("uri", [URI, ANY_URI, ACCOUNT])
def test_a_record_that_stays_lets_its_account_have_the_name(
    asking: Asking, dns: DNSServer, uri: str
) -> None:
    dns.set(PERSISTENT, "TXT", "other.test; accounturi=x", f"ca.test; accounturi={uri}")
    outcome = asking.validate("dns-persist-01")
    assert outcome.record == PERSISTENT
    assert outcome.persist_until is None


def test_so_does_one_for_an_earlier_key(run: Run, dns: DNSServer) -> None:
    (earlier, _) = account_uris(PREFIX, "www.test", ACCOUNT, ["b" * 43])
    dns.set(PERSISTENT, "TXT", f"ca.test; accounturi={earlier}")
    asking = Asking(run, dns, issuer_names=("ca.test",), account_hash_prefix=PREFIX)
    assert "another account" in asking.problem("dns-persist-01").message
    outcome = asking.validate("dns-persist-01", earlier_thumbprints=["b" * 43])
    assert outcome.record == PERSISTENT


def test_until_when_it_says_so_is_recorded(asking: Asking, dns: DNSServer) -> None:
    until = int(time.time()) + 60
    dns.set(PERSISTENT, "TXT", f"ca2.test; accounturi={URI}; persistUntil={until}")
    assert asking.validate("dns-persist-01").persist_until == until


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        (f"other.test; accounturi={URI}", "unauthorized", "names ca.test or ca2.test"),
        (f"ca.test; accounturi={URI}1", "unauthorized", "another account"),
        (f"ca.test; accounturi={URI}; persistUntil=1", "unauthorized", "has ended"),
        ("ca.test", "malformed", "no accounturi"),
        ("\xff", "malformed", "not an issuer"),
    ],
)
def test_other_records_do_not(
    asking: Asking, dns: DNSServer, text: str, kind: str, why: str
) -> None:
    dns.set(PERSISTENT, "TXT", text)
    problem = asking.problem("dns-persist-01")
    assert problem.type == kind
    assert why in problem.message
    assert problem.message.startswith(f"{PERSISTENT} has the TXT record ")
    assert problem.message.isprintable()


def test_wildcards_have_to_be_covered(asking: Asking, dns: DNSServer) -> None:
    dns.set(PERSISTENT, "TXT", f"ca.test; accounturi={URI}")
    problem = asking.problem("dns-persist-01", wildcard=True)
    assert "policy=wildcard" in problem.message
    dns.set(PERSISTENT, "TXT", f"ca.test; accounturi={URI}; policy=Wildcard")
    assert asking.validate("dns-persist-01", wildcard=True).record == PERSISTENT
