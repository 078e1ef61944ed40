"""When a certificate is to be made again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strategies import key_of_kind
from tlsmith.core.issuer import Issuer
from tlsmith.core.names import GeneralName, parse_names
from tlsmith.core.profiles import end_entity, validity
from tlsmith.core.view import view_certificate
from tlsmith.files import data_home
from tlsmith.local import create_authority
from tlsmith.local.places import Existing
from tlsmith.local.renewal import is_in_order

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = parse_names(["a.test", "b.test"])


@pytest.fixture
def issuer() -> Issuer:
    return create_authority(data_home(), NOW)[0].issuer()


def certificate(
    issuer: Issuer,
    names: tuple[GeneralName, ...] = NAMES,
    *,
    days: int = 90,
    client: bool = False,
) -> Existing:
    life = validity(NOW, days, longest=397, within=issuer.view)
    parameters = end_entity(names, "p256", life, client=client)
    issued = issuer.issue(parameters, key_of_kind("p256").public_key())
    return Existing(view_certificate(issued.der))


def test_a_new_one_is_in_order(issuer: Issuer) -> None:
    assert is_in_order(certificate(issuer), issuer, NAMES, False, NOW)
    assert is_in_order(certificate(issuer), issuer, NAMES[::-1], False, NOW)


def test_none_is_not_in_order(issuer: Issuer) -> None:
    assert not is_in_order(Existing(), issuer, NAMES, False, NOW)


@pytest.mark.parametrize(
    "names", [["a.test"], ["a.test", "b.test", "c.test"], ["x.test"]]
)
def test_its_names_are_those_asked_for(issuer: Issuer, names: list[str]) -> None:
    found = certificate(issuer)
    assert not is_in_order(found, issuer, parse_names(names), False, NOW)


@pytest.mark.parametrize(("has", "wanted"), [(True, False), (False, True)])
def test_its_usage_is_that_asked_for(issuer: Issuer, has: bool, wanted: bool) -> None:
    found = certificate(issuer, client=has)
    assert not is_in_order(found, issuer, NAMES, wanted, NOW)
    assert is_in_order(found, issuer, NAMES, has, NOW)


def test_its_issuer_is_the_one_in_use(issuer: Issuer) -> None:
    found = certificate(issuer)
    other = create_authority(data_home(), NOW)[0].issuer()
    assert not is_in_order(found, other, NAMES, False, NOW)


@pytest.mark.parametrize("days", [3, 90, 397])
def test_a_third_of_its_life_is_left(issuer: Issuer, days: int) -> None:
    found = certificate(issuer, days=days)
    assert found.certificate is not None
    last = found.certificate.not_after
    third = (last - found.certificate.not_before) / 3
    second = timedelta(seconds=1)
    assert is_in_order(found, issuer, NAMES, False, last - third - second)
    assert not is_in_order(found, issuer, NAMES, False, last - third)
    assert not is_in_order(found, issuer, NAMES, False, last + second)
