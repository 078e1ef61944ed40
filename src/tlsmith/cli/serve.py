"""`tlsmith serve`: the authority over the network."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.output import say
from tlsmith.cli.store import passphrase_source
from tlsmith.errors import PassphraseError

if TYPE_CHECKING:
    from tlsmith.server.ports import Meter
    from tlsmith.server.settings import ServeSettings


@click.command(
    short_help="Serve a CA: ACME and API over HTTPS; CRLs and OCSP over HTTP."
)
@click.option("--config", metavar="FILE", help="Settings, TOML: see docs/serve.md.")
@click.option("--store", metavar="URL", help="sqlite:///FILE or postgresql://...")
@click.option(
    "--passphrase-file",
    metavar="FILE",
    help="File whose first line opens the CA's key; or $TLSMITH_PASSPHRASE_FILE.",
)
@click.option("--listen", metavar="HOST:PORT", help="Of the HTTPS side.")
@click.option(
    "--http", metavar="HOST:PORT", help="Of the plain side: CRL, OCSP, certificates."
)
@click.option("--base-url", metavar="URL", help="How clients reach the HTTPS side.")
@click.option("--workers", metavar="N", help="Processes that share the sockets.")
@click.option("--acme-http-port", metavar="N", help="Port that http-01 asks: 80.")
@click.option("--acme-tls-port", metavar="N", help="Port that tls-alpn-01 asks: 443.")
@click.option(
    "--acme-resolver",
    metavar="HOST:PORT",
    multiple=True,
    help="DNS resolver that validation asks, in place of the system's.",
)
@click.option(
    "--acme-allow",
    metavar="CIDR",
    multiple=True,
    help="Network that validation may ask though it is loopback or link-local.",
)
def serve(config: str | None, **options: Any) -> None:
    """Serve a CA: ACME and API over HTTPS; CRLs and OCSP over HTTP.

    It serves the CA in a store until SIGTERM or SIGINT. HTTPS has ACME
    (/acme/directory), the API (/api/v1/), /healthz, /readyz and /metrics, with a
    certificate of this CA that is renewed by itself. Plain HTTP has what clients read
    to check certificates: /ocsp, /crl/ and /ca/. Settings come from options, then from
    TLSMITH_SERVE_* in the environment, then from --config.

    \b
    Examples:
      tlsmith serve --store sqlite:///ca.db --passphrase-file ca.pass \\
          --listen 0.0.0.0:8443 --http 0.0.0.0:8080
      tlsmith serve --config /etc/tlsmith/serve.toml
    """
    from tlsmith.server.serve import check_extra

    check_extra()
    from tlsmith.server.acme.mounting import open_acme
    from tlsmith.server.config import load_settings
    from tlsmith.server.serve import serve as run
    from tlsmith.server.service import AuthorityService, api_routes, open_service
    from tlsmith.server.worker import Service

    def load() -> ServeSettings:
        return load_settings(config, os.environ, settings_of(options))

    settings = load()
    passphrase = passphrase_source(settings.passphrase_file)
    # Asked for once, before there are several processes; keys elsewhere need none.
    with contextlib.suppress(PassphraseError):
        passphrase()

    def open_authority(meter: Meter) -> AuthorityService:
        return open_service(settings, passphrase, meter)

    run(settings, Service(open_authority, load, api_routes, open_acme), _say_ready)


def settings_of(options: dict[str, Any]) -> dict[str, str | None]:
    """Return options by the settings' names: --acme-http-port is acme.http_port."""
    found = {}
    for name, value in options.items():
        joined = (",".join(value) or None) if isinstance(value, tuple) else value
        found[name.replace("acme_", "acme.", 1)] = joined
    return found


def _say_ready(addresses: Sequence[str]) -> None:
    say(f"listening on {', '.join(addresses)}")
