"""acme-tiny: an account key, a request and a web root, and no more."""

from __future__ import annotations

import pytest

from interop.acme.installed import program
from interop.acme.machines import Machine
from interop.acme.obtained import Obtained
from interop.acme.responders import webroot

pytestmark = pytest.mark.interop


def test_obtained_and_renewed(machine: Machine) -> None:
    name = "tiny-http.acme.test"
    account, key, request = map(machine.path, ("account.key", "key.pem", "csr.pem"))
    machine.run("openssl", "genrsa", "-out", account, "2048")
    subject = "-subj", "/", "-addext", f"subjectAltName=DNS:{name},DNS:also.{name}"
    kind = "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"
    machine.run(
        "openssl", "req", "-new", *kind, "-keyout", key, "-out", request, *subject
    )
    port = machine.server.http_port
    serials = set()
    with webroot(machine.path("www"), port) as tokens:
        for _ in range(2):
            said = machine.run(
                *(program("acme-tiny"), "--account-key", account, "--csr", request),
                *("--acme-dir", tokens, "--directory-url", machine.server.directory),
                *("--check-port", str(port), "--disable-check", "--quiet"),
                *("--contact", "mailto:tiny@acme.test"),
            )
            file = machine.path("cert.pem")
            file.write_text(said[said.index("-----BEGIN") :])
            obtained = Obtained(file, file, key)
            obtained.is_right(machine.server, name, f"also.{name}")
            serials.add(obtained.serial_number)
    assert len(serials) == 2
