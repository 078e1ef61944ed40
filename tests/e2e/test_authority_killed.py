"""The server killed at random instants under load: nothing that was told is lost."""

import contextlib
import os
import random
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import postgres
from authority_load import Load, Told
from serving_ca import ServedCA
from tlsmith.authority.audit_check import check_audit
from tlsmith.authority.service import Authority
from tlsmith.storage import open_storage
from tlsmith.storage.search import Search
from tlsmith.storage.status import latest_crls

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("TLSMITH_KILLS", "50"))


@pytest.fixture(params=["sqlite", "postgresql"])
def ca(request: pytest.FixtureRequest, tmp_path: Path) -> ServedCA:
    store = None
    if request.param == "postgresql":
        running: postgres.Server = request.getfixturevalue("durable_postgres")
        store = running.new_database()
    made = ServedCA(tmp_path, store)
    made.init()
    return made


def slug_of(ca: ServedCA) -> str:
    facts = ca.works("ca", "show", "--store", ca.store, "--json").facts
    return str(facts[-1]["slug"])


def test_nothing_is_lost_when_the_server_is_killed(ca: ServedCA) -> None:
    token = ca.token("load", "operator")
    crl = ca.http_port, f"/crl/{slug_of(ca)}.crl"
    told: list[Told] = []
    with ca.served() as replica:
        for kill in range(KILLS):
            if kill:
                replica.start()
            load = Load([replica.https_port], ca.path("root.pem"), token, crl)
            with load:
                wait_for_work(load, 0.4)
                replica.kill()
            told.append(load.told)
    assert sum(len(one.issued) for one in told) > KILLS
    hold_against_the_store(ca, told)


def test_postgres_restarted_under_load(
    durable_postgres: postgres.Server, tmp_path: Path
) -> None:
    ca = ServedCA(tmp_path, durable_postgres.new_database())
    ca.init()
    ca.issue("good", "good.test")
    token = ca.token("load", "operator")
    with ca.served() as replica:
        load = Load([replica.https_port], ca.path("root.pem"), token)
        with load:
            wait_for_work(load, 0.5)
            assert "good.pem: good" in ca.ocsp_says()
            durable_postgres.stop("immediate")
            time.sleep(1)
            # What was asked before is still answered while the store is away.
            assert "good.pem: good" in ca.ocsp_says()
            durable_postgres.start()
            before = len(load.told.issued)
            wait_until(lambda: len(load.told.issued) > before + 20, 30)
        # Every refusal was a clean one, and no connection was cut.
        assert load.told.disconnected == []
        for status, problem in load.told.problems:
            assert status in (500, 503), problem
            assert problem["code"] in ("store-unavailable", "commit-unknown"), problem
        assert load.told.problems
        assert "Traceback" not in replica.log()
    hold_against_the_store(ca, [load.told])


def wait_for_work(load: Load, most: float) -> None:
    """Wait until something was issued, and then a random while."""
    wait_until(lambda: bool(load.told.issued), 30)
    time.sleep(random.uniform(0, most))  # noqa: S311 -- an instant, no secret


def wait_until(condition: object, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "in time"
        time.sleep(0.01)


def hold_against_the_store(ca: ServedCA, told: list[Told]) -> None:
    """Compare what clients were told with what the store has."""
    authority = Authority(open_storage(ca.store))
    with contextlib.closing(authority):
        serials: set[str] = set()
        for one in told:
            assert not serials & set(one.issued), "a serial number twice"
            serials |= set(one.issued)
            for serial, chain in one.issued.items():
                (record,) = authority.find(
                    Search(serial_number=int(serial, 16))
                ).records
                (certificate, *_) = x509.load_pem_x509_certificates(chain.encode())
                assert record.certificate == certificate.public_bytes(Encoding.DER)
                if serial in one.revoked:
                    assert record.status == 1
        numbers = [number for one in told for number in one.crl_numbers]
        assert numbers == sorted(numbers)
        with authority.storage.read() as connection:
            checked = check_audit(connection)
            crls = latest_crls(connection)
        assert checked.faults == ()
        if numbers:
            assert max(crl.number for crl in crls) >= max(numbers)
        every = list(authority.find_all(Search()))
        assert len({one.serial_number for one in every}) == len(every)
        assert [one.id for one in every] == list(range(len(every), 0, -1))
