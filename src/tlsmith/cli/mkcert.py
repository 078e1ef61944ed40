"""`tlsmith mkcert`: what mkcert 1.4.4 does, flag for flag."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from datetime import datetime

import click

from tlsmith.cli.entry import CLEAN
from tlsmith.cli.mkcert_flags import Flags, parse_flags
from tlsmith.cli.output import emit, say, warn
from tlsmith.core.issuer import IssuedCertificate
from tlsmith.core.keys import generate_private_key
from tlsmith.errors import InputError
from tlsmith.files import NewFile, data_home, read_file, write_together
from tlsmith.local.inventory import record
from tlsmith.local.mkcert import (
    ROOT_KIND,
    ROOT_KIND_ECDSA,
    MkcertAuthority,
    ensure_mkcert_authority,
    find_caroot,
    is_new_to,
)
from tlsmith.local.mkcert_certificate import (
    KIND,
    KIND_ECDSA,
    Paths,
    TypedName,
    Wanted,
    default_paths,
    encode_p12_file,
    encode_pem_files,
    issue,
    parse_mkcert_request,
    parse_typed_names,
    usual_subject,
    usual_usages,
)
from tlsmith.local.mkcert_subject import user_and_host

# The version of mkcert that this does as; what scripts compare.
_VERSION = "1.4.4"


class _RawCommand(click.Command):
    """A command that gets its words as they are: Go's flags are not click's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.params["words"] = tuple(args)
        return []


@click.command(
    cls=_RawCommand,
    short_help="Do what mkcert does, flag for flag.",
    add_help_option=False,
    options_metavar="[FLAG]... [NAME]...",
)
@click.pass_context
def mkcert(ctx: click.Context, words: tuple[str, ...]) -> int:
    """Do what mkcert does, flag for flag.

    For those who have mkcert in their fingers or scripts: its flags, its environment,
    its files, and the CA that it left on this machine, used in place. That CA signs for
    any name whatever; that of `tlsmith make` cannot.

    \b
    Examples:
      tlsmith mkcert -install
      tlsmith mkcert example.test '*.example.test' localhost 127.0.0.1 ::1
      tlsmith mkcert -cert-file tls.crt -key-file tls.key app.test
      tlsmith mkcert -uninstall

    \b
    Flags, with one hyphen or two, before the names:
      -install         have this machine's trust stores trust the local CA
      -uninstall       take it out of them; the CA itself stays
      -CAROOT          print the folder the CA is in
      -cert-file FILE  where the certificate goes
      -key-file FILE   where the key goes; the same FILE holds both
      -p12-file FILE   where PKCS#12 goes, with -pkcs12
      -client          for clients' authentication as well
      -ecdsa           an elliptic curve key, P-256, instead of RSA
      -pkcs12          PKCS#12 alone, with the password "changeit"
      -csr FILE        sign a request; goes with -install and -cert-file only
      -version         print the version of mkcert that this does as
      -help            print this

    \b
    Environment:
      CAROOT           the folder of the CA, to have several
      TRUST_STORES     which stores -install and -uninstall mean: some of
                       system,java,nss; all of them without it
    """
    if not words:
        emit(ctx.get_help())
        return CLEAN
    flags = parse_flags(words)
    if flags.asks_usage:
        say(ctx.get_help())
    elif flags.help:
        emit(ctx.get_help())
    elif flags.version:
        emit(_VERSION)
    else:
        _check_combination(flags)
        if flags.caroot:
            emit(find_caroot(os.environ))
        else:
            return _run(flags, ctx.get_help())
    return CLEAN


def _check_combination(flags: Flags) -> None:
    if flags.caroot:
        if flags.install or flags.uninstall:
            raise _conflict("-CAROOT does not go with -install or -uninstall")
        return
    if flags.install and flags.uninstall:
        raise _conflict("-install and -uninstall do not go together")
    if flags.csr and (flags.pkcs12 or flags.ecdsa or flags.client):
        raise _conflict("-csr goes with -install and -cert-file only")
    if flags.csr and flags.names:
        raise _conflict("-csr takes its names from the request: give none")
    late = next((name for name in flags.names if name.startswith("-")), None)
    if late is not None:
        raise _conflict(f"{late!r} is not a name; flags come before the names")


def _conflict(message: str) -> InputError:
    return InputError(message, code="usage", hint="see `tlsmith mkcert -help`")


def _run(flags: Flags, usage: str) -> int:
    from tlsmith.truststores.runner import current_host

    folder = find_caroot(os.environ)
    if flags.uninstall:
        from tlsmith.cli.mkcert_trust import uninstall

        return uninstall(folder, current_host())
    # What is asked for is judged before a CA is made for it.
    names = parse_typed_names(flags.names)
    asked = _read_request(flags.csr)
    now = datetime.now().astimezone()
    kind = ROOT_KIND_ECDSA if flags.ecdsa else ROOT_KIND
    authority, created = ensure_mkcert_authority(folder, now, kind=kind)
    _introduce(authority, created=created)
    from tlsmith.cli.mkcert_trust import install, note_missing

    if flags.install:
        code = install(authority, current_host())
        if code != CLEAN or not (names or asked):
            return code
    else:
        note_missing(authority, current_host())
    if asked is not None:
        _sign_request(flags, asked, authority, now)
    elif names:
        _make(flags, names, authority, now)
    else:
        say(usage)
    return CLEAN


def _read_request(path: str) -> Wanted | None:
    if not path:
        return None
    return parse_mkcert_request(read_file(path), user_and_host())


def _introduce(authority: MkcertAuthority, *, created: bool) -> None:
    """Say, the first time a CA is used, what whoever has its key could do."""
    if created:
        say("Created a new local CA")
    if not is_new_to(data_home(), authority):
        return
    if authority.view().name_constraints is None:
        warn(
            "mkcert's CA is not limited to development names: whoever gets "
            f"{authority.key_file!r} can pose as any site to whoever trusts it\n"
            "hint: `tlsmith make` signs with a CA that cannot be turned against you"
        )
    if authority.is_key_exposed:
        warn(
            f"other users of this machine can read {authority.key_file!r}\n"
            f"hint: chmod 600 {shlex.quote(authority.key_file)}"
        )


def _make(
    flags: Flags,
    names: tuple[TypedName, ...],
    authority: MkcertAuthority,
    now: datetime,
) -> None:
    issuer = authority.issuer()
    key = generate_private_key(KIND_ECDSA if flags.ecdsa else KIND)
    subject = usual_subject(user_and_host(), names, with_common_name=flags.pkcs12)
    usages = usual_usages(names, client=flags.client)
    wanted = Wanted(names, key.public_key(), subject, usages)
    issued = issue(issuer, wanted, now)
    paths = _paths(flags, names)
    if flags.pkcs12:
        alias = names[0].name.value
        files = [encode_p12_file(issued.der, key, issuer, alias, paths)]
        where = (
            f'The PKCS#12 bundle is at "{paths.p12_file}"\n\nThe legacy PKCS#12 '
            'encryption password is the often hardcoded default "changeit"'
        )
    else:
        files = encode_pem_files(issued.der, key, paths)
        where = (
            f'The certificate is at "{paths.cert_file}" and the key at '
            f'"{paths.key_file}"'
        )
        if paths.is_one_file:
            where = f'The certificate and key are at "{paths.cert_file}"'
    _write(issued, names, files)
    _report(issued, names, where, now)


def _sign_request(
    flags: Flags, asked: Wanted, authority: MkcertAuthority, now: datetime
) -> None:
    issued = issue(authority.issuer(), asked, now)
    paths = _paths(flags, asked.names)
    _write(issued, asked.names, encode_pem_files(issued.der, None, paths))
    where = f'The certificate is at "{paths.cert_file}"'
    _report(issued, asked.names, where, now)


def _paths(flags: Flags, names: Sequence[TypedName]) -> Paths:
    usual = default_paths(names, client=flags.client)
    return Paths(
        flags.cert_file or usual.cert_file,
        flags.key_file or usual.key_file,
        flags.p12_file or usual.p12_file,
    )


def _write(
    issued: IssuedCertificate, names: Sequence[TypedName], files: list[NewFile]
) -> None:
    write_together(files)
    values = [name.value for name, _ in names]
    record(data_home(), issued, values, files[-1].path, made_by="mkcert")


def _report(
    issued: IssuedCertificate, names: Sequence[TypedName], where: str, now: datetime
) -> None:
    """Say what was made, in the words that scripts know from mkcert."""
    say("\nCreated a new certificate valid for the following names")
    for name, text in names:
        say(f' - "{text}"')
        if name.value.startswith("*.") and name.value.count(".") == 1:
            say(
                "   Warning: many browsers don't support second-level wildcards "
                f'like "{text}"'
            )
    wildcard = next((text for name, text in names if name.value.startswith("*.")), None)
    if wildcard is not None:
        say(
            "\nReminder: X.509 wildcards only go one level deep, so this won't match "
            f"a.b.{wildcard[2:]}"
        )
    day = issued.not_after.astimezone(now.tzinfo)
    say(f"\n{where}\n\nIt will expire on {day.day} {day:%B %Y}")
