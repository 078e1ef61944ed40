"""What is the CA's to mend: clients are told that it is, and not where things are."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from acme_csrs import csr
from acme_site import Site
from acme_wire import Answer
from server.acme.cases import new_order
from server.acme.inside import Inside, inside
from tlsmith.errors import PassphraseError

FILE = "/srv/passphrase"


@pytest.fixture
def made(tmp_path: Path, acme_site: Site) -> Iterator[Inside]:
    with inside(f"sqlite:///{tmp_path}/ca.db", acme_site) as one:
        yield one


def _told(answer: Answer, words: str) -> None:
    assert (answer.status, answer.type) == (503, "serverInternal"), answer
    assert answer.headers["Retry-After"]
    assert answer.json["detail"] == f"{words}: try again in a little while"


def _change(made: Inside, statement: str) -> None:
    """Have the store, and what is known of it, be otherwise."""
    with made.ca.authority.storage.write() as transaction:
        transaction.run(statement)
    made.wire.is_sound = False
    made.ca.authority.issuers.forget()


def test_a_store_that_fails_is_named_in_the_log_alone(
    made: Inside, caplog: pytest.LogCaptureFixture
) -> None:
    account = made.account()
    _change(made, "ALTER TABLE acme_orders RENAME TO elsewhere")
    with caplog.at_level(logging.ERROR, "tlsmith.server.acme"):
        _told(new_order(account), "the store cannot be read or written just now")
    _change(made, "ALTER TABLE elsewhere RENAME TO acme_orders")
    (record,) = caplog.records
    assert made.ca.authority.storage.url in str(record.__dict__["facts"]["error"])


def test_a_ca_that_issues_no_more_says_no_more(made: Inside) -> None:
    order = made.account().ready("retired.test")
    _change(made, "UPDATE authorities SET state = 'retired'")
    answer = order.finalize(csr("retired.test"))
    _told(answer, "no CA here can do that just now")


def test_a_key_that_cannot_be_opened_is_no_fault_of_the_client(made: Inside) -> None:
    order = made.account().ready("passphrase.test")

    def passphrase() -> bytes:
        raise PassphraseError(f"the passphrase file {FILE} is empty")

    made.ca.authority.issuers.passphrase = passphrase
    _change(made, "UPDATE authorities SET name = 'Another'")
    answer = order.finalize(csr("passphrase.test"))
    _told(answer, "the CA's key cannot be opened here")
