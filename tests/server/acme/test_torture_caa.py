"""CAA: whether a name's records let this CA issue (6.7, RFC 8659, RFC 8657)."""

from __future__ import annotations

import pytest

from acme_csrs import csr
from server.acme.strict import refused, registered
from server.acme.world import World

_ELSEWHERE = "ca.test; accounturi=https://x.test/1"
_BY_HTTP = "ca.test; validationmethods=http-01"


@pytest.mark.parametrize(
    ("name", "record", "is_refused"),
    [
        ("ours.caa.test", (0, "issue", "ca.test"), False),
        ("theirs.caa.test", (0, "issue", "other-ca.test"), True),
        ("nobody.caa.test", (0, "issue", ";"), True),
        ("alike.caa.test", (0, "issue", "xca.test"), True),
        ("future.caa.test", (128, "future", "x"), True),
        ("passed-over.caa.test", (0, "future", "x"), False),
        (
            "account.caa.test",
            (0, "issue", _ELSEWHERE),
            True,
        ),
        ("method.caa.test", (0, "issue", "ca.test; validationmethods=dns-01"), True),
        (
            "this-method.caa.test",
            (0, "issue", _BY_HTTP),
            False,
        ),
        ("broken.caa.test", (0, "issue", "%%%%%"), True),
        ("wild.caa.test", (0, "issuewild", ";"), False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_caa_says_who_may_issue(
    strict: World, name: str, record: tuple[int, str, str], is_refused: bool
) -> None:
    strict.site.caa[name] = record
    order = registered(strict).ready(name)
    answer = order.finalize(csr(name))
    if is_refused:
        # Section 6.7; RFC 8659, section 4; RFC 8657.
        refused(answer, 403, "caa")
        assert name in answer.body.decode()
        assert order.now["status"] in ("ready", "invalid")
    else:
        assert answer.status == 200, answer


def test_caa_of_a_name_holds_for_those_below(strict: World) -> None:
    strict.site.caa["above.caa.test"] = (0, "issue", ";")
    strict.site.caa["free.above.caa.test"] = (0, "issue", "ca.test")
    account = registered(strict)
    below = account.ready("a.b.above.caa.test")
    refused(below.finalize(csr("a.b.above.caa.test")), 403, "caa")
    free = account.ready("x.free.above.caa.test")
    assert free.finalize(csr("x.free.above.caa.test")).status == 200


def test_every_name_that_caa_refuses_is_told_and_may_be_mended(strict: World) -> None:
    names = ("one.caa.test", "two.caa.test", "three.caa.test")
    order = registered(strict).ready(*names)
    for name in names[:2]:
        strict.site.caa[name] = (0, "issue", ";")
    answer = order.finalize(csr(*names))
    refused(answer, 403, "caa")  # Section 6.7.1
    wrong = answer.json["subproblems"]
    assert [each["identifier"]["value"] for each in wrong] == [*names[:2]]
    assert {each["type"] for each in wrong} == {"urn:ietf:params:acme:error:caa"}
    for name in names[:2]:
        del strict.site.caa[name]
    assert order.finalize(csr(*names)).status == 200


def test_caa_for_wildcards_is_its_own(strict: World) -> None:
    strict.site.caa["star.caa.test"] = (0, "issuewild", ";")
    account = registered(strict)
    order = account.ready("*.star.caa.test")
    refused(order.finalize(csr("*.star.caa.test")), 403, "caa")


def test_caa_is_asked_only_for_what_could_be_issued(strict: World) -> None:
    """Section 7.4; DNS is asked for nothing that was not proved."""
    strict.site.caa["unready.caa.test"] = (0, "issue", ";")
    account = registered(strict)
    order = account.order("unready.caa.test")
    for unready in (csr("unready.caa.test"), b"no request"):
        refused(order.finalize(unready), 403, "orderNotReady")
    for url in order.start["authorizations"]:
        account.prove(url)
    refused(order.finalize(b"no request"), 400, "badCSR")
    refused(order.finalize(csr("other.caa.test")), 400, "badCSR")
    refused(account.post(order.start["finalize"], {}), 400, "malformed")
    refused(order.finalize(csr("unready.caa.test")), 403, "caa")
