"""Traefik, which obtains by itself what its routers need."""

from __future__ import annotations

import contextlib
import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from interop.acme.installed import program
from interop.acme.machines import Log, Machine
from interop.acme.name_server import KEY_ALGORITHM, KEY_NAME
from interop.acme.presented import presented

pytestmark = pytest.mark.interop

_CHALLENGES: dict[str, dict[str, Any]] = {
    "http": {"httpChallenge": {"entryPoint": "web"}},
    "tls": {"tlsChallenge": {}},
}


def _written(machine: Machine, names: tuple[str, ...], acme: dict[str, Any]) -> Path:
    """Write Traefik's two files; JSON is YAML as well."""
    server = machine.server
    main, *others = names
    router = {
        "rule": f"Host(`{main}`)",
        "entryPoints": ["websecure"],
        "service": "noop@internal",
        "tls": {
            "certResolver": "own",
            "domains": [{"main": main, "sans": others}],
        },
    }
    routers = machine.path("routers.yaml")
    routers.write_text(json.dumps({"http": {"routers": {"site": router}}}))
    resolver = {
        "caServer": server.directory,
        "caCertificates": [str(server.root)],
        "email": "traefik@acme.test",
        "storage": str(machine.path("acme.json")),
        "keyType": "EC256",
        **acme,
    }
    file = machine.path("traefik.yaml")
    file.write_text(
        json.dumps(
            {
                "entryPoints": {
                    "web": {"address": f"127.0.0.1:{server.http_port}"},
                    "websecure": {"address": f"127.0.0.1:{server.tls_port}"},
                },
                "providers": {"file": {"filename": str(routers)}},
                "certificatesResolvers": {"own": {"acme": resolver}},
                "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
                "log": {"level": "DEBUG"},
            }
        )
    )
    return file


@contextlib.contextmanager
def _traefik(machine: Machine, *names: str, **acme: Any) -> Iterator[Log]:
    file = _written(machine, names, acme)
    server = machine.server.names
    environment = {
        "RFC2136_NAMESERVER": server.address,
        "RFC2136_TSIG_ALGORITHM": KEY_ALGORITHM,
        "RFC2136_TSIG_KEY": KEY_NAME,
        "RFC2136_TSIG_SECRET": server.secret,
        "RFC2136_SEQUENCE_INTERVAL": "0",
    }
    words = program("traefik"), f"--configFile={file}"
    with machine.running(*words, log="traefik.log", **environment) as log:
        yield log


def _kept(machine: Machine) -> Path:
    """Return the certificate that Traefik has, in a file."""
    stored = json.loads(machine.path("acme.json").read_text())
    (one,) = stored["own"]["Certificates"]
    file = machine.path("kept.pem")
    file.write_bytes(b64decode(one["certificate"]))
    return file


@pytest.mark.parametrize("challenge", ["http", "tls"])
def test_obtained_and_renewed(machine: Machine, challenge: str) -> None:
    name = f"traefik-{challenge}.acme.test"
    with _traefik(machine, name, **_CHALLENGES[challenge]) as log:
        first = presented(machine, log, name)
    # Where it takes certificates to last a year, it renews four months before the end.
    yearly = {"certificatesDuration": 8760, **_CHALLENGES[challenge]}
    with _traefik(machine, name, **yearly) as log:
        presented(machine, log, name, other_than=first.serial_number)
    assert not machine.server.is_revoked(_kept(machine))
    machine.revoke(_kept(machine))
    assert machine.server.is_revoked(_kept(machine))


def test_updates_of_dns_for_a_wildcard(machine: Machine) -> None:
    name = "traefik-wild.acme.test"
    challenge = {
        "provider": "rfc2136",
        "resolvers": [machine.server.names.address],
        "propagation": {"disableANSChecks": True},
    }
    with _traefik(machine, f"*.{name}", name, dnsChallenge=challenge) as log:
        presented(machine, log, f"any.{name}")
        presented(machine, log, name)


def test_an_account_that_is_bound(bound_machine: Machine) -> None:
    binding = bound_machine.server.eab()
    name = "traefik-eab.acme.test"
    eab = {"kid": binding.kid, "hmacEncoded": binding.hmac}
    with _traefik(bound_machine, name, eab=eab, **_CHALLENGES["tls"]) as log:
        presented(bound_machine, log, name)


def test_a_profile(machine: Machine) -> None:
    machine.server.needs("profiles")
    name = "traefik-profile.acme.test"
    with _traefik(machine, name, profile="server", **_CHALLENGES["tls"]) as log:
        presented(machine, log, name)
