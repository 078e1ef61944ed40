"""Renewing what was adopted: the names in it are read as strictly as those of a CSR."""

from __future__ import annotations

from datetime import timedelta

import pytest

from authorities import ADMINISTRATOR, TestCA
from tlsmith.authority.actor import Actor
from tlsmith.authority.issuance import record_certificate, sign_certificate
from tlsmith.authority.judge import judge
from tlsmith.authority.request import IssuanceRequest
from tlsmith.core.keys import generate_private_key, public_key_info
from tlsmith.core.names import GeneralName, parse_name
from tlsmith.errors import InputError
from tlsmith.storage.certificates import CertificateRecord, by_id

BOUND = Actor("token:ci", "issuer", names=("corp.example",))


def adopted(ca: TestCA, *names: GeneralName) -> CertificateRecord:
    """A certificate as another CA's software may have made it."""
    authority, now = ca.authority, ca.clock()
    key = generate_private_key("p256").public_key()
    policy, loaded = authority.policy(), authority.issuers.issuing()
    request = IssuanceRequest((parse_name("a.test"),), key, ADMINISTRATOR.name)
    made = judge(policy.profile("server"), policy, request, loaded.limits, now)
    made = made._replace(names=names, not_after=now + timedelta(days=9))
    about = "server", "adopted", now
    signed = sign_certificate(loaded, made, public_key_info(key), about)
    with authority.storage.write() as transaction:
        number = record_certificate(transaction, signed, ADMINISTRATOR)
    with authority.storage.read() as connection:
        return by_id(connection, number)


@pytest.mark.parametrize(
    "name",
    [
        GeneralName("dns", "evil.test\0.corp.example"),
        GeneralName("dns", "evil.test\n.corp.example"),
        GeneralName("dns", "\x1b[31m.corp.example"),
        GeneralName("dns", "a.*.corp.example"),
        GeneralName("dns", "10.0.0.1"),
        GeneralName("uri", "https://a.corp.example/\x1b[2J"),
        GeneralName("email", "a b@corp.example"),
    ],
)
def test_a_name_that_is_none_is_not_certified_again(
    small_ca: TestCA, name: GeneralName
) -> None:
    old = adopted(small_ca, parse_name("a.corp.example"), name)
    key = generate_private_key("p256").public_key()
    with pytest.raises(InputError) as raised:
        small_ca.authority.renew(old, key, None, BOUND)
    assert raised.value.message.isprintable()


def test_a_name_in_another_form_gets_its_one_form(small_ca: TestCA) -> None:
    old = adopted(small_ca, GeneralName("dns", "WWW.Corp.Example"))
    key = generate_private_key("p256").public_key()
    assert small_ca.authority.renew(old, key, None, BOUND).names == (
        "www.corp.example",
    )
