"""CAA: who may issue for a name, from records in real DNS."""

from __future__ import annotations

import asyncio

import pytest

from dns_server import DNSServer
from tlsmith.acme.identifiers import Identifier
from tlsmith.errors import ACMEProblem
from tlsmith.validation import ValidationSettings, Validator
from validation.asking import ACCOUNT
from validation.conftest import Run

WWW = "www.dept.corp.test"


class CAA:
    """Asks whether this CA, known as ca.test, may issue."""

    def __init__(self, run: Run, dns: DNSServer) -> None:
        self._run = run
        self._settings = ValidationSettings(resolvers=(dns.address,), timeout=2)

    def check(
        self,
        name: str = WWW,
        *,
        wildcard: bool = False,
        method: str = "http-01",
        identities: tuple[str, ...] = ("CA.test", "ca.example"),
    ) -> None:
        kind = "ip" if name[0].isdigit() else "dns"

        async def checked() -> None:
            validator = Validator(self._settings)
            await validator.check_caa(
                Identifier(kind, name), wildcard, identities, ACCOUNT, method
            )

        self._run(checked())

    def problem(self, **asked: object) -> ACMEProblem:
        with pytest.raises(ACMEProblem) as raised:
            self.check(**asked)  # type: ignore[arg-type]
        return raised.value


@pytest.fixture
def caa(run: Run, dns: DNSServer) -> CAA:
    return CAA(run, dns)


OURS = '0 issue "ca.test"'


def test_a_domain_without_records_lets_everybody(caa: CAA, dns: DNSServer) -> None:
    caa.check()
    names = [name for name, _, _ in dns.queries]
    assert names == [WWW, "dept.corp.test", "corp.test", "test"]
    assert {kind for _, kind, _ in dns.queries} == {"CAA"}


@pytest.mark.parametrize("where", [WWW, "dept.corp.test", "corp.test", "test"])
def test_the_nearest_records_above_count(caa: CAA, dns: DNSServer, where: str) -> None:
    dns.set(where, "CAA", '0 issue "other.test"')
    problem = caa.problem()
    assert problem.type == "caa"
    assert problem.message.startswith(f"the CAA records of {where} do not let this CA")
    assert '0 issue "other.test" (for another CA)' in problem.message
    dns.set(where, "CAA", OURS)
    caa.check()
    if where != WWW:
        dns.set(WWW, "CAA", '0 issue ";"')
        assert "(for nobody)" in caa.problem().message


LETS = [
    [OURS],
    ['0 issue "CA.TEST"'],
    ['0 issue "ca.example"'],
    ['0 ISSUE "ca.test"'],
    ['0 issue "other.test"', OURS],
    ['0 issue ";"', OURS],
    ['128 issue "ca.test"'],
    ['1 issue "ca.test"'],
    ['0 issue " ca.test ; a=b"'],
    ['0 iodef "mailto:a@corp.test"'],
    ['128 iodef "mailto:a@corp.test"', '0 contactemail "a@corp.test"'],
    ['0 unknown "x"'],
    ['0 unknown "x"', OURS],
    ['0 issuewild ";"'],
    ['0 issuewild "other.test"', OURS],
    ['0 issuemail "other.test"'],
    [f'0 issue "ca.test; accounturi={ACCOUNT}"'],
    [f'0 issue "ca.test; accounturi={ACCOUNT}; validationmethods=dns-01,http-01"'],
    ['0 issue "ca.test; validationmethods=http-01"'],
    ['0 issue "ca.test; validationmethods=dns-01"', OURS],
]
FORBIDS = [
    ['0 issue ";"'],
    ['0 issue ""'],
    ['0 issue "ca.test.evil.test"'],
    ['0 issue "notca.test"'],
    ['0 issue "other.test; ca.test"'],
    ['0 issue "ca.test %%%"'],
    ['0 issue "ca.test; a b"'],
    ['0 issue "\\255"'],
    ['128 unknown "x"', OURS],
    ['255 unknown "x"', OURS],
    ['0 issue "other.test"', '0 issuewild "ca.test"'],
    ['0 issue "ca.test; accounturi=https://ca.test/acme/account/other"'],
    [f'0 issue "ca.test; accounturi={ACCOUNT}; accounturi={ACCOUNT}"'],
    ['0 issue "ca.test; accounturi="'],
    ['0 issue "ca.test; validationmethods=dns-01"'],
    ['0 issue "ca.test; validationmethods="'],
    ['0 issue "ca.test; validationmethods=http-01; validationmethods=http-01"'],
    ['0 issue "other.test; validationmethods=http-01"'],
]


@pytest.mark.parametrize("records", LETS)
def test_records_that_let_this_ca_issue(
    caa: CAA, dns: DNSServer, records: list[str]
) -> None:
    dns.set(WWW, "CAA", *records)
    caa.check()


@pytest.mark.parametrize("records", FORBIDS)
def test_records_that_do_not(caa: CAA, dns: DNSServer, records: list[str]) -> None:
    dns.set(WWW, "CAA", *records)
    problem = caa.problem()
    assert problem.type == "caa"
    assert problem.status == 403
    assert "caaIdentities" in problem.message
    assert problem.message.isprintable()


def test_records_for_wildcards_go_before_others(caa: CAA, dns: DNSServer) -> None:
    dns.set(WWW, "CAA", '0 issue "other.test"', '0 issuewild "ca.test"')
    caa.check(wildcard=True)
    dns.set(WWW, "CAA", OURS, '0 issuewild ";"')
    assert "issuewild" in caa.problem(wildcard=True).message
    dns.set(WWW, "CAA", OURS)
    caa.check(wildcard=True)
    dns.set(WWW, "CAA", '0 issue ";"')
    assert caa.problem(wildcard=True).type == "caa"


def test_the_method_is_the_one_it_was_validated_by(caa: CAA, dns: DNSServer) -> None:
    dns.set(WWW, "CAA", '0 issue "ca.test; validationmethods=dns-01"')
    caa.check(method="dns-01")
    assert "(not for http-01)" in caa.problem().message


def test_a_ca_without_a_name_may_issue_where_nothing_is_said(
    caa: CAA, dns: DNSServer
) -> None:
    caa.check(identities=())
    dns.set(WWW, "CAA", OURS)
    assert caa.problem(identities=()).type == "caa"


@pytest.mark.parametrize("follows", [True, False])
def test_aliases_are_followed_and_not_climbed(
    caa: CAA, dns: DNSServer, follows: bool
) -> None:
    """RFC 8659 section 3: the alias' own records, then the name's parent."""
    dns.follows_aliases = follows
    dns.set(WWW, "CNAME", "a.cdn.test")
    dns.set("cdn.test", "CAA", '0 issue ";"')
    caa.check()
    dns.set("a.cdn.test", "CAA", '0 issue "other.test"')
    assert f"records of {WWW}" in caa.problem().message


def test_records_that_cannot_be_looked_up_forbid(caa: CAA, dns: DNSServer) -> None:
    dns.failing["corp.test"] = "SERVFAIL"
    problem = caa.problem()
    assert problem.type == "dns"
    assert "CAA of corp.test" in problem.message
    dns.set("dept.corp.test", "CAA", OURS)
    caa.check()


def test_or_never_come(caa: CAA, dns: DNSServer) -> None:
    dns.silent.add("dept.corp.test")
    problem = caa.problem()
    assert problem.type == "dns"
    assert f"while looking up the CAA records of {WWW}" in problem.message


@pytest.mark.parametrize("record", ["\\# 1 00", "\\# 2 0000", "\\# 4 00056973"])
def test_records_that_cannot_be_read_forbid(
    caa: CAA, dns: DNSServer, record: str
) -> None:
    data = bytes.fromhex(record.rsplit(maxsplit=1)[-1])

    def broken(wire: bytes) -> list[bytes]:
        """Dnspython writes no broken record: here it is, as the one answer."""
        asked = wire[12 : 16 + len(WWW) + 2]
        head = wire[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
        size = len(data).to_bytes(2, "big")
        return [head + asked + b"\xc0\x0c\1\1\0\1\0\0\0\0" + size + data]

    dns.tamper = broken
    problem = caa.problem()
    assert problem.type == "caa"
    assert "one that cannot be read" in problem.message


def test_addresses_have_no_records(caa: CAA, dns: DNSServer) -> None:
    caa.check("10.0.0.1")
    assert not dns.queries


def test_it_waits_for_a_place_as_validations_do(dns: DNSServer) -> None:
    settings = ValidationSettings(resolvers=(dns.address,), concurrency=1)

    async def both() -> None:
        validator = Validator(settings)
        asked = Identifier("dns", WWW), False, (), ACCOUNT, "http-01"
        await asyncio.gather(validator.check_caa(*asked), validator.check_caa(*asked))

    asyncio.run(both())
    names = [name for name, _, _ in dns.queries]
    assert names == 2 * [WWW, "dept.corp.test", "corp.test", "test"]
