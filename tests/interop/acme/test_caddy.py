"""Caddy, which obtains by itself what its sites need."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from interop.acme.installed import program
from interop.acme.machines import Log, Machine
from interop.acme.presented import presented

pytestmark = pytest.mark.interop

_CADDYFILE = """\
{{
    admin off
    skip_install_trust
    auto_https disable_redirects
    http_port {server.http_port}
    https_port {server.tls_port}
    renew_interval 1s
    {options}
}}
https://{name} {{
    bind 127.0.0.1
    tls {{
        issuer acme {{
            dir {server.directory}
            email caddy@acme.test
            trusted_roots {server.root}
            {issuer}
        }}
    }}
    respond "hello"
}}
"""
_ONLY = {"http": "disable_tlsalpn_challenge", "tls": "disable_http_challenge"}


@contextlib.contextmanager
def _caddy(
    machine: Machine, name: str, issuer: str = "", options: str = ""
) -> Iterator[Log]:
    file = machine.path("Caddyfile")
    file.write_text(
        _CADDYFILE.format(
            server=machine.server, name=name, issuer=issuer, options=options
        )
    )
    words = program("caddy"), "run", "--config", file, "--adapter", "caddyfile"
    with machine.running(*words, log="caddy.log") as log:
        yield log


def _kept(machine: Machine) -> Path:
    """Return the file in which Caddy has its certificate."""
    (file,) = machine.home.glob(".local/share/caddy/certificates/*/*/*.crt")
    return file


@pytest.mark.parametrize("challenge", ["http", "tls"])
def test_obtained_and_replaced_when_revoked(machine: Machine, challenge: str) -> None:
    """What OCSP says is revoked, Caddy replaces when it looks."""
    name = f"caddy-{challenge}.acme.test"
    with _caddy(machine, name, _ONLY[challenge]) as log:
        first = presented(machine, log, name)
    machine.revoke(_kept(machine))
    # It keeps an answer for as long as that is good, which is a day.
    shutil.rmtree(machine.home / ".local/share/caddy/ocsp")
    with _caddy(machine, name, _ONLY[challenge]) as log:
        second = presented(machine, log, name, other_than=first.serial_number)
    assert not machine.server.is_revoked(_kept(machine))
    assert second.serial_number != first.serial_number


def test_renewed_when_it_is_time(machine: Machine) -> None:
    name = "caddy-renew.acme.test"
    with _caddy(machine, name) as log:
        first = presented(machine, log, name)
    # All of its life but a moment is for renewal; nobody is asked when.
    due = "renewal_window_ratio 0.99999"
    with _caddy(machine, name, options=due) as log:
        second = presented(machine, log, name, other_than=first.serial_number)
    assert second.public_bytes(Encoding.PEM) in _kept(machine).read_bytes()


def test_an_address(machine: Machine) -> None:
    machine.server.needs("addresses")
    with _caddy(machine, "127.0.0.1") as log:
        presented(machine, log, "127.0.0.1")


def test_an_account_that_is_bound(bound_machine: Machine) -> None:
    binding = bound_machine.server.eab()
    name = "caddy-eab.acme.test"
    with _caddy(bound_machine, name, f"eab {binding.kid} {binding.hmac}") as log:
        presented(bound_machine, log, name)


def test_a_profile(machine: Machine) -> None:
    machine.server.needs("profiles")
    name = "caddy-profile.acme.test"
    with _caddy(machine, name, "profile server") as log:
        presented(machine, log, name)
