"""acme-client of Ruby, GitLab's: its requests say that they are of version 3."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from interop.acme.machines import Machine
from interop.acme.obtained import Obtained
from interop.acme.responders import webroot

pytestmark = pytest.mark.interop

_PROGRAM = Path(__file__).parent / "programs" / "acme_client.rb"


def test_a_session(machine: Machine) -> None:
    """Obtained and revoked; the account's key is changed, and it is closed."""
    ruby = shutil.which("ruby")
    if (
        ruby is None
        or subprocess.run(
            [ruby, "-e", "require 'acme-client'"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("ruby-acme-client is not installed")
    names = ["ruby-http.acme.test", "also.ruby-http.acme.test"]
    with webroot(machine.path("www"), machine.server.http_port) as tokens:
        told = {
            "directory": machine.server.directory,
            "names": names,
            "tokens": str(tokens),
            "folder": str(machine.folder),
        }
        machine.run(ruby, _PROGRAM, json.dumps(told))
    certificate = machine.path("cert.pem")
    obtained = Obtained(certificate, certificate, machine.path("key.pem"))
    obtained.is_right(machine.server, *names)
    assert machine.server.is_revoked(obtained.certificate)
