"""Apache's mod_md, which obtains what virtual hosts need, and takes it at restart."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.acme.installed import program
from interop.acme.machines import Log, Machine
from interop.acme.obtained import Obtained
from interop.acme.presented import presented

pytestmark = pytest.mark.interop

_MODULES = Path("/usr/lib/apache2/modules")
_CONFIGURATION = """\
ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
Mutex file:{folder} default
ErrorLog {folder}/apache.log
LogLevel info md:debug
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule ssl_module {modules}/mod_ssl.so
LoadModule md_module {modules}/mod_md.so
StartServers 1
ThreadsPerChild 8
MaxRequestWorkers 8
MinSpareThreads 2
MaxSpareThreads 8
Listen 127.0.0.1:{server.http_port}
Listen 127.0.0.1:{server.tls_port} https
DocumentRoot {folder}/www
Protocols http/1.1 acme-tls/1
MDStoreDir {folder}/md
MDCertificateAuthority {server.directory}
MDCACertificateFile {server.root}
MDCertificateAgreement accepted
MDContactEmail md@acme.test
MDPortMap http:{server.http_port} https:{server.tls_port}
MDInitialDelay 0s
MDCheckInterval 1s
MDRetryDelay 5s
MDPrivateKeys secp256r1
MDomain {name} {members}
{more}
<VirtualHost 127.0.0.1:{server.tls_port}>
    ServerName {name}
    ServerAlias {members}
    SSLEngine on
</VirtualHost>
"""
_DNS_HOOK = """\
#!/bin/sh
verb=add
[ "$1" = setup ] || verb=delete
[ "$1" = setup ] && value="\\"$3\\""
exec nsupdate -k {key} <<END
server {host} {port}
update $verb _acme-challenge.$2 0 TXT $value
send
END
"""


class Apache:
    """Apache with one managed domain."""

    def __init__(self, machine: Machine, name: str, *members: str) -> None:
        if not (_MODULES / "mod_md.so").exists():
            pytest.skip("Apache's mod_md is not installed")
        self._machine = machine
        self._names = name, members
        self._folder = machine.path("apache")
        (self._folder / "www").mkdir(parents=True)

    @contextlib.contextmanager
    def running(self, *lines: str) -> Iterator[Log]:
        name, members = self._names
        file = self._folder / "apache.conf"
        file.write_text(
            _CONFIGURATION.format(
                folder=self._folder,
                modules=_MODULES,
                server=self._machine.server,
                name=name,
                members=" ".join(members),
                more="\n".join(lines),
            )
        )
        words = program("apache2"), "-f", file, "-DFOREGROUND"
        with self._machine.running(*words, log="apache/apache.log") as log:
            yield log

    def activate(self, log: Log) -> None:
        """Wait until it has a certificate, and have it taken by a graceful restart."""
        staged = self._folder / "md" / "staging" / self._names[0]
        log.await_text(staged / "job.json", '"finished": true')
        log.process.send_signal(signal.SIGUSR1)

    @property
    def obtained(self) -> Obtained:
        folder = self._folder / "md" / "domains" / self._names[0]
        public = folder / "pubcert.secp256r1.pem"
        return Obtained(public, public, folder / "privkey.secp256r1.pem")


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_obtained_renewed_and_revoked(machine: Machine, challenge: str) -> None:
    name = f"md-{challenge}.acme.test"
    apache = Apache(machine, name, f"also.{name}")
    only = f"MDCAChallenges {challenge}"
    with apache.running(only) as log:
        apache.activate(log)
        first = presented(machine, log, name)
    apache.obtained.is_right(machine.server, name, f"also.{name}")
    with apache.running(only, "MDRenewWindow 400d", "MDRenewViaARI off") as log:
        apache.activate(log)
        presented(machine, log, name, other_than=first.serial_number)
    apache.obtained.is_right(machine.server, name, f"also.{name}")
    machine.revoke(apache.obtained.certificate)
    assert machine.server.is_revoked(apache.obtained.certificate)


def test_a_hook_for_dns_and_a_wildcard(machine: Machine) -> None:
    name = "md-wild.acme.test"
    names = machine.server.names
    hook = machine.path("dns.sh")
    hook.write_text(
        _DNS_HOOK.format(key=names.key_file, host=names.host, port=names.port)
    )
    hook.chmod(0o755)
    apache = Apache(machine, name, f"*.{name}")
    with apache.running("MDCAChallenges dns-01", f"MDChallengeDns01 {hook}") as log:
        apache.activate(log)
        presented(machine, log, f"any.{name}")
    apache.obtained.is_right(machine.server, name, f"*.{name}")


def test_an_account_that_is_bound(bound_machine: Machine) -> None:
    binding = bound_machine.server.eab()
    name = "md-eab.acme.test"
    apache = Apache(bound_machine, name)
    eab = f"MDExternalAccountBinding {binding.kid} {binding.hmac}"
    with apache.running(eab) as log:
        apache.activate(log)
        presented(bound_machine, log, name)


def test_renewal_information_is_followed(machine: Machine) -> None:
    """What the CA took back is renewed at the next look, long before it expires."""
    machine.server.needs("ari")
    name = "md-ari.acme.test"
    apache = Apache(machine, name)
    with apache.running() as log:
        apache.activate(log)
        first = presented(machine, log, name)
    machine.revoke(apache.obtained.certificate)
    with apache.running() as log:
        apache.activate(log)
        presented(machine, log, name, other_than=first.serial_number)


def test_a_profile(machine: Machine) -> None:
    machine.server.needs("profiles")
    name = "md-profile.acme.test"
    apache = Apache(machine, name)
    with apache.running("MDProfile server", "MDProfileMandatory on") as log:
        apache.activate(log)
        presented(machine, log, name)
