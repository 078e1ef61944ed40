"""What is published, as files that any web server serves."""

import base64
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from authorities import ADMINISTRATOR, TestCA
from tlsmith.authority.static_export import export_static
from tlsmith.core.ocsp import encode_ocsp_request, make_cert_id
from tlsmith.core.view import view_certificate


def test_every_document_and_answer_is_written(small_ca: TestCA, tmp_path: Path) -> None:
    issued = [small_ca.issue(f"{number}.test") for number in range(5)]
    small_ca.authority.revoke(issued[0].number, "superseded", ADMINISTRATOR)
    small_ca.authority.refresh_crls()
    folder = tmp_path / "pki"
    done = export_static(small_ca.authority, str(folder), with_ocsp=True)
    assert done.ocsp_responses == 5 + 1  # the responder's own certificate as well
    crl = x509.load_der_x509_crl((folder / f"crl/{small_ca.slug}.crl").read_bytes())
    assert len(crl) == 1
    assert (folder / f"ca/{small_ca.slug}.crt").read_bytes() == small_ca.intermediate
    written = sum(path.is_file() for path in folder.rglob("*"))
    assert written == done.documents + done.ocsp_responses


@pytest.mark.interop
def test_nginx_serves_the_files_in_the_responders_place(
    small_ca: TestCA, tmp_path: Path
) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    # Enough of them that some have a slash in their path, or at its end.
    issued = [small_ca.issue(f"{number}.test") for number in range(200)]
    small_ca.authority.revoke(issued[0].number, "superseded", ADMINISTRATOR)
    folder = tmp_path / "pki"
    export_static(small_ca.authority, str(folder), with_ocsp=True)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    paths = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/log; user root;"
        f"events {{}} http {{ access_log off; {paths} default_type "
        f"application/ocsp-response; server {{ listen 127.0.0.1:{port}; "
        f"root {folder}; index index.ocsp; }} }}"
    )
    server = subprocess.Popen(["nginx", "-c", f"{tmp_path}/nginx.conf"])
    try:
        view = view_certificate(small_ca.intermediate)
        for one in issued:
            request = encode_ocsp_request([make_cert_id(view, one.serial_number)])
            answer = ocsp.load_der_ocsp_response(fetch(port, request))
            revoked = one is issued[0]
            expected = "REVOKED" if revoked else "GOOD"
            assert answer.certificate_status.name == expected
            assert answer.serial_number == one.serial_number
    finally:
        server.kill()
        server.wait()


def fetch(port: int, request: bytes) -> bytes:
    """Ask by GET, as RFC 6960 A.1 has it."""
    path = quote(base64.b64encode(request).decode(), safe="")
    url = f"http://127.0.0.1:{port}/ocsp/{path}"
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.05)
    raise AssertionError("nginx does not answer")
