"""Accounts are kept for a moment, and never beyond a change of this process."""

from __future__ import annotations

import time

import pytest

from acme_life import Life, new_key
from authorities import ADMINISTRATOR, TestCA
from tlsmith.authority.acme.accounts import revoke_account
from tlsmith.authority.acme.known import _MOST, KnownAccounts
from tlsmith.authority.acme.service import ACMEService
from tlsmith.authority.acme.settings import ACMESettings
from tlsmith.errors import ACMEProblem


@pytest.fixture
def patient(ca: TestCA) -> ACMEService:
    return ACMEService(ca.authority, ACMESettings(), patience=0.2)


def test_what_this_process_changes_is_seen_at_once(
    life: Life, patient: ACMEService
) -> None:
    account = life.register()
    assert patient.account(account.id) == account
    changed = patient.update_account(account, ("mailto:a@a.test",)).result(9)
    assert patient.account(account.id) == changed != account
    key = new_key()
    patient.change_key(account, key, "").result(9)
    assert patient.account(account.id).thumbprint == key.thumbprint
    patient.deactivate_account(patient.account(account.id), "").result(9)
    with pytest.raises(ACMEProblem, match="deactivated by its holder"):
        patient.account(account.id)


def test_what_others_change_is_seen_in_a_moment(
    life: Life, patient: ACMEService, ca: TestCA
) -> None:
    account = life.register()
    patient.account(account.id)
    with ca.authority.storage.write() as transaction:
        revoke_account(transaction, account.id, ADMINISTRATOR, ca.clock())
    time.sleep(0.25)
    with pytest.raises(ACMEProblem, match="deactivated by the CA"):
        patient.account(account.id)


def test_what_was_read_before_a_change_is_not_kept(life: Life) -> None:
    account = life.register()
    known = KnownAccounts(60)
    before = known.changes
    known.forget(account.id)
    known.keep(account, before)
    assert known.find(account.id) is None
    known.keep(account, known.changes)
    assert known.find(account.id) == account


def test_no_more_are_kept_than_there_is_room_for(life: Life) -> None:
    account = life.register()
    known = KnownAccounts(60)
    for number in range(_MOST + 1):
        known.keep(account._replace(id=f"{number}"), 0)
    assert known.find("0") is None
    assert known.find("1") is not None
