"""acme.sh: every challenge, wildcards, EAB, key rollover, records that stay.

Addresses and profiles are tried with its page, for it is slow.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from interop.acme.installed import program
from interop.acme.machines import Machine
from interop.acme.name_server import NameServer
from interop.acme.obtained import Obtained
from interop.acme.responders import webroot
from interop.acme.served import tlsmith_served
from interop.tools import needs

pytestmark = pytest.mark.interop


class AcmeSh:
    """acme.sh, with a home of its own."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._folder = machine.path("acme.sh")
        server = machine.server
        self._common = [
            *("--home", self._folder, "--server", server.directory, "--no-color"),
            *("--ca-bundle", server.root),
        ]
        names = server.names
        self._environment = {
            "NSUPDATE_SERVER": names.host,
            "NSUPDATE_SERVER_PORT": str(names.port),
            "NSUPDATE_KEY": str(names.key_file),
        }
        self._acme_sh = program("acme.sh")

    def __call__(self, *words: object, code: int | None = 0) -> str:
        words = self._acme_sh, *words, *self._common
        return self._machine.run(*map(str, words), code=code, **self._environment)

    def standalone(self, *words: object, code: int | None = 0) -> str:
        needs("socat")
        port = self._machine.server.http_port
        quick = "--standalone", "--listen-v4", "--httpport", port
        return self("--issue", *quick, *words, code=code)

    def obtained(self, name: str, suffix: str = "_ecc") -> Obtained:
        folder = self._folder / f"{name}{suffix}"
        return Obtained(
            folder / f"{name}.cer", folder / "ca.cer", folder / f"{name}.key"
        )


@pytest.fixture
def acme_sh(machine: Machine) -> AcmeSh:
    client = AcmeSh(machine)
    client("--register-account", "--email", "acme.sh@acme.test")
    return client


def _renewed_and_revoked(acme_sh: AcmeSh, machine: Machine, *names: str) -> None:
    obtained = acme_sh.obtained(names[0])
    obtained.is_right(machine.server, *names)
    first = obtained.serial_number
    acme_sh("--renew", "--domain", names[0], "--ecc", "--force")
    obtained.is_right(machine.server, *names)
    assert obtained.serial_number != first
    assert not machine.server.is_revoked(obtained.certificate)
    kept = machine.kept(obtained.certificate)
    acme_sh("--revoke", "--domain", names[0], "--ecc", "--revoke-reason", 4)
    assert machine.server.is_revoked(kept)


def test_a_server_of_its_own(acme_sh: AcmeSh, machine: Machine) -> None:
    name = "sh-http.acme.test"
    acme_sh.standalone("--domain", name, "--domain", f"also.{name}")
    acme_sh("--renew", "--domain", name, "--ecc", code=2)  # not yet due
    _renewed_and_revoked(acme_sh, machine, name, f"also.{name}")


def test_a_webroot(acme_sh: AcmeSh, machine: Machine) -> None:
    name, folder = "sh-webroot.acme.test", machine.path("www")
    with webroot(folder, machine.server.http_port):
        acme_sh("--issue", "--webroot", folder, "--domain", name)
    acme_sh.obtained(name).is_right(machine.server, name)


def test_tls(acme_sh: AcmeSh, machine: Machine) -> None:
    name = "sh-tls.acme.test"
    port = machine.server.tls_port
    acme_sh("--issue", "--alpn", "--tlsport", port, "--listen-v4", "--domain", name)
    _renewed_and_revoked(acme_sh, machine, name)


def test_updates_of_dns_for_a_wildcard(acme_sh: AcmeSh, machine: Machine) -> None:
    name = "sh-wild.acme.test"
    names = "--domain", name, "--domain", f"*.{name}"
    acme_sh("--issue", "--dns", "dns_nsupdate", "--dnssleep", 1, *names)
    _renewed_and_revoked(acme_sh, machine, name, f"*.{name}")


def test_rsa(acme_sh: AcmeSh, machine: Machine) -> None:
    name = "sh-rsa.acme.test"
    acme_sh.standalone("--keylength", 2048, "--domain", name)
    acme_sh.obtained(name, suffix="").is_right(machine.server, name)


def test_an_account_that_is_bound(bound_machine: Machine) -> None:
    acme_sh, binding = AcmeSh(bound_machine), bound_machine.server.eab()
    acme_sh("--register-account", code=None)
    eab = "--eab-kid", binding.kid, "--eab-hmac-key", binding.hmac
    acme_sh("--register-account", *eab)
    name = "sh-eab.acme.test"
    acme_sh.standalone("--domain", name)
    acme_sh.obtained(name).is_right(bound_machine.server, name)


def test_the_account_is_changed_given_a_new_key_and_deactivated(
    acme_sh: AcmeSh, machine: Machine
) -> None:
    acme_sh("--update-account", "--email", "second@acme.test")
    acme_sh("--update-account-key")
    name = "sh-newkey.acme.test"
    acme_sh.standalone("--domain", name)
    acme_sh.obtained(name).is_right(machine.server, name)
    acme_sh("--deactivate-account")


def test_an_authorization_is_deactivated(acme_sh: AcmeSh, machine: Machine) -> None:
    name = "sh-deactivated.acme.test"
    acme_sh.standalone("--domain", name)
    said = acme_sh("--deactivate", "--domain", name)
    assert "Successfully deactivated" in said


def test_a_challenge_that_fails(acme_sh: AcmeSh, machine: Machine) -> None:
    """The reason reaches the user in words."""
    folder = machine.path("www")
    folder.mkdir()
    said = acme_sh(
        *("--issue", "--webroot", folder, "--domain", "sh-fails.acme.test"), code=1
    )
    assert "sh-fails.acme.test" in said
    assert "Invalid status. Verification error details: " in said


def test_a_record_that_stays(
    tmp_path: Path, acme_folder: Path, names: NameServer
) -> None:
    """dns-persist-01: one record, and no change of the DNS for any certificate."""
    domain = "sh-persist.acme.test"
    offered = "http-01, dns-01, tls-alpn-01, dns-account-01, dns-persist-01"
    folder = acme_folder / "persistent"
    identity = "ca.acme.test"
    with tlsmith_served(
        folder, names, challenges=offered, caa_identities=identity
    ) as server:
        machine = Machine(tmp_path, server)
        acme_sh = AcmeSh(machine)
        acme_sh("--register-account", "--email", "acme.sh@acme.test")
        said = acme_sh("--make-dns-persist-value", "--domain", f"*.{domain}")
        place = re.search(r"TXT persist domain:(\S+)", said)
        record = re.search(r'TXT persist value :"(.*)"', said)
        assert place is not None
        assert record is not None
        names.set_txt(place[1], record[1])
        both = "--domain", domain, "--domain", f"*.{domain}"
        acme_sh("--issue", "--dns-persist", *both)
        _renewed_and_revoked(acme_sh, machine, domain, f"*.{domain}")
