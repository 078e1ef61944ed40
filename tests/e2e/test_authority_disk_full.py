"""The disk full under a server: it refuses to issue, and goes on answering OCSP."""

import ssl
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from authority_load import Client, request_for
from mounts import fill, mounted
from serving_ca import ServedCA
from tlsmith.authority.audit_check import check_audit
from tlsmith.storage import open_storage

pytestmark = [pytest.mark.slow, pytest.mark.privileged]
KEY = ec.generate_private_key(ec.SECP256R1())


def test_a_full_disk_stops_issuing_alone(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=8m"):
        ca = ServedCA(tmp_path, f"sqlite:///{disk}/ca.db")
        ca.init()
        ca.issue("good", "good.test")
        token = ca.token("load", "operator")
        context = ssl.create_default_context(cafile=ca.path("root.pem"))
        with ca.served() as replica:
            client = Client([replica.https_port], context, token, lambda: None)
            stopping = threading.Event()

            def issue(name: str) -> tuple[int, dict[str, object]]:
                body = {"csr": request_for(name, KEY)}
                answer = client.post("/api/v1/certificates", body, stopping)
                assert answer is not None
                return answer

            assert issue("before.test")[0] == 201
            fill(disk)
            refusals = 0
            for number in range(300):  # until what the file had left is used up
                status, problem = issue(f"{number}.test")
                if status != 201:
                    refusals += 1
                    assert status in (503, 507), problem
                    assert problem["code"] in ("store-full", "store-unavailable")
                if refusals == 5:
                    break
            assert refusals == 5
            done = ca.ocsp_says(replica.http_port)
            assert "good.pem: good" in done
            (disk / "filler").unlink()
            assert issue("after.test")[0] == 201
            client.close()
            assert "Traceback" not in replica.log()
        storage = open_storage(ca.store)
        with storage.read() as connection:
            assert check_audit(connection).faults == ()
        storage.close()
