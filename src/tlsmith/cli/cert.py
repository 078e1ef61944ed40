"""`tlsmith cert`: certificates of an authority."""

from __future__ import annotations

import click

from tlsmith.cli.cert_find import export, list_command, show
from tlsmith.cli.cert_issue import issue, renew, sign
from tlsmith.cli.cert_revoke import hold, revoke, unhold


@click.group(
    short_help="Issue, find, renew and revoke certificates.", no_args_is_help=False
)
def cert() -> None:
    """Issue, find, renew and revoke certificates.

    They are those of a CA in a store: see `tlsmith ca init`.

    \b
    Examples:
      export TLSMITH_STORE=sqlite:///ca.db TLSMITH_PASSPHRASE_FILE=ca.pass
      tlsmith cert issue www.corp.example --cert-file www.pem --key-file www-key.pem
      tlsmith cert list --expires-in 30d
      tlsmith cert revoke www.pem --reason keyCompromise
    """


for command in (
    issue,
    sign,
    renew,
    revoke,
    hold,
    unhold,
    list_command,
    show,
    export,
):
    cert.add_command(command)
