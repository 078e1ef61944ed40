"""uacme: every challenge by hooks, wildcards, addresses, EAB, key rollover."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.acme.installed import program
from interop.acme.machines import Machine
from interop.acme.obtained import Obtained
from interop.acme.responders import webroot
from interop.acme.system_roots import with_roots

pytestmark = pytest.mark.interop

_HOOKS = Path("/usr/share/uacme")
# Its own script for DNS asks name servers at their usual port.
_DNS_HOOK = """\
#!/bin/sh
[ "$2" = dns-01 ] || exit 1
verb=add
[ "$1" = begin ] || verb=delete
exec nsupdate -k {key} <<END
server {host} {port}
update $verb _acme-challenge.$3 0 TXT "$5"
send
END
"""
_ALPN_HOOK = """\
#!/bin/sh
PATH={folder}:$PATH exec {hook} "$@"
"""


class Uacme:
    """uacme, with folders and an account of its own."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._folder = machine.path("uacme")
        self._trusting = with_roots(machine.server.root)
        self._common = [
            *(program("uacme"), "--acme-url", machine.server.directory, "--yes"),
            *("--verbose", "--confdir", str(self._folder)),
        ]

    def __call__(self, *words: object, code: int | None = 0, **more: str) -> str:
        words = *self._trusting, *self._common, *words
        return self._machine.run(*map(str, words), code=code, **more)

    def obtained(self, name: str) -> Obtained:
        certificate = self._folder / name / "cert.pem"
        key = self._folder / "private" / name / "key.pem"
        return Obtained(certificate, certificate, key)

    def by_http(self, *words: object, code: int | None = 0) -> str:
        """Run with its own hook for web roots."""
        folder, port = self._machine.path("www"), self._machine.server.http_port
        hook = "--hook", _HOOKS / "uacme.sh"
        with webroot(folder, port) as tokens:
            more = {"UACME_CHALLENGE_PATH": str(tokens)}
            return self(*hook, *words, code=code, **more)


@pytest.fixture
def uacme(machine: Machine) -> Uacme:
    client = Uacme(machine)
    client("new", "uacme@acme.test")
    return client


def _dns_hook(machine: Machine) -> Path:
    names = machine.server.names
    hook = machine.path("dns.sh")
    hook.write_text(
        _DNS_HOOK.format(key=names.key_file, host=names.host, port=names.port)
    )
    hook.chmod(0o700)
    return hook


def test_a_webroot(uacme: Uacme, machine: Machine) -> None:
    name = "uacme-http.acme.test"
    uacme.by_http("issue", name, f"also.{name}")
    obtained = uacme.obtained(name)
    obtained.is_right(machine.server, name, f"also.{name}")
    first = obtained.serial_number
    uacme.by_http("issue", name, f"also.{name}", code=1)
    assert obtained.serial_number == first, "it was not yet due"
    uacme.by_http("--force", "issue", name, f"also.{name}")
    obtained.is_right(machine.server, name, f"also.{name}")
    assert obtained.serial_number != first
    assert not machine.server.is_revoked(obtained.certificate)
    kept = machine.kept(obtained.certificate)
    uacme("--reason", 4, "revoke", obtained.certificate)
    assert machine.server.is_revoked(kept)


def test_dns_for_a_wildcard(uacme: Uacme, machine: Machine) -> None:
    name = "uacme-wild.acme.test"
    uacme("--hook", _dns_hook(machine), "issue", name, f"*.{name}")
    uacme.obtained(name).is_right(machine.server, name, f"*.{name}")


@pytest.mark.parametrize("name", ["uacme-tls.acme.test", "127.0.0.1"])
def test_a_responder_for_tls(uacme: Uacme, machine: Machine, name: str) -> None:
    if name == "127.0.0.1":
        machine.server.needs("addresses")
    ualpn, sock = program("ualpn"), machine.path("ualpn.sock")
    # Its hook calls ualpn without saying where the socket is.
    (machine.path("bin")).mkdir()
    wrapper = machine.path("bin") / "ualpn"
    wrapper.write_text(f'#!/bin/sh\nexec {ualpn} --sock {sock} "$@"\n')
    hook = machine.path("alpn.sh")
    hook.write_text(
        _ALPN_HOOK.format(folder=machine.path("bin"), hook=_HOOKS / "ualpn.sh")
    )
    for script in wrapper, hook:
        script.chmod(0o700)
    server = machine.server
    serving = [
        *(ualpn, "--bind", f"127.0.0.1@{server.tls_port}", "--sock", sock),
        *("--connect", "127.0.0.1@1", "--pidfile", machine.path("ualpn.pid")),
        *("--num-workers", "1"),
    ]
    with machine.running(*serving, log="ualpn.log") as log:
        log.await_port(server.tls_port)
        uacme("--hook", hook, "issue", name)
    uacme.obtained(name).is_right(server, name)


def test_an_address(uacme: Uacme, machine: Machine) -> None:
    machine.server.needs("addresses")
    uacme.by_http("issue", "127.0.0.1")
    uacme.obtained("127.0.0.1").is_right(machine.server, "127.0.0.1")


def test_an_account_that_is_bound(bound_machine: Machine) -> None:
    uacme, binding = Uacme(bound_machine), bound_machine.server.eab()
    name = "uacme-eab.acme.test"
    uacme("new", code=None)
    uacme("--eab", f"{binding.kid}:{binding.hmac}", "new")
    uacme.by_http("issue", name)
    uacme.obtained(name).is_right(bound_machine.server, name)


def test_the_account_is_changed_given_a_new_key_and_deactivated(
    uacme: Uacme, machine: Machine
) -> None:
    key = machine.path("uacme") / "private" / "key.pem"
    before = key.read_bytes()
    uacme("update", "second@acme.test")
    uacme("newkey")
    assert key.read_bytes() != before
    name = "uacme-newkey.acme.test"
    uacme.by_http("issue", name)
    uacme.obtained(name).is_right(machine.server, name)
    uacme("deactivate")
    uacme.by_http("--force", "issue", name, code=2)


def test_revoked_by_the_key_of_the_certificate(uacme: Uacme, machine: Machine) -> None:
    name = "uacme-key.acme.test"
    uacme.by_http("issue", name)
    found = uacme.obtained(name)
    kept = machine.kept(found.certificate)
    uacme("--reason", 1, "revoke", found.certificate, found.key)
    assert machine.server.is_revoked(kept)


def test_a_challenge_that_fails(uacme: Uacme, machine: Machine) -> None:
    """The reason reaches the user in words."""
    said = uacme(
        *("--hook", _HOOKS / "uacme.sh", "issue", "uacme-fails.acme.test"),
        code=2,
        UACME_CHALLENGE_PATH=str(machine.folder),
    )
    assert "urn:ietf:params:acme:error:connection" in said
