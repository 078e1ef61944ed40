"""`tlsmith show`: explain a file or a live server."""

from __future__ import annotations

import math
import os
import re
import stat
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from tlsmith.cli.entry import CLEAN, FINDINGS
from tlsmith.cli.output import emit, emit_json
from tlsmith.cli.passphrase import PassphraseSource, passphrase_options
from tlsmith.cli.show_words import report_text
from tlsmith.core.describe.describe import describe_found, recognise_known
from tlsmith.core.describe.described import Context
from tlsmith.core.describe.findings import WARNING, Finding
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.report import Report
from tlsmith.errors import FileError, InputError, ResolveError, TLSmithError
from tlsmith.files import data_home, read_file, read_input

_STDIN = "-"
# A name that ends so is meant as a file, whether or not there is one.
_FILE_NAME = re.compile(
    r".*[/\\].*|.*\.(pem|crt|cer|cert|der|key|p12|pfx|p7b|p7c|p8|pk8|csr|req|crl|jks"
    r"|keystore|truststore|ya?ml|json|txt|pub|ors|ocsp|bundle|chain)",
    re.IGNORECASE,
)
_PROTOCOLS = ("smtp", "imap", "pop3", "ftp", "ldap", "postgres", "mysql", "xmpp")


def _refuse_no_number(_: click.Context, option: click.Parameter, value: float) -> float:
    """Return a number of seconds; `nan`, which is in every range, is none."""
    if math.isnan(value):
        raise click.BadParameter("'nan' is not a number of seconds", param=option)
    return value


@click.command(short_help="Explain a file or a live server.")
@click.argument("sources", metavar="FILE|HOST[:PORT]|-...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: see docs/show.md.")
@click.option("--full", is_flag=True, help="Show all of a large bundle.")
@passphrase_options
@click.option("--servername", metavar="NAME", help="Ask a server for this name (SNI).")
@click.option(
    "--starttls",
    type=click.Choice(_PROTOCOLS),
    help="Start TLS inside this protocol.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    callback=_refuse_no_number,
    help="How long to wait for a server.",
)
def show(sources: tuple[str, ...], as_json: bool, full: bool, **options: Any) -> int:
    """Explain a file or a live server.

    Certificates and chains, private and public keys, requests, revocation lists, OCSP
    messages, PKCS#12, PKCS#7, Java keystores, Kubernetes Secrets, as PEM or DER, alone
    or many in one file: what they say, whether they fit together, and what is wrong.
    Private keys are never shown, only what kind they are and what they fit.

    Several files are looked at together, so that a key can be held against a
    certificate. PKCS#12 files are tried with an empty passphrase and `changeit` first.

    \b
    Examples:
      tlsmith show localhost.pem localhost-key.pem
      tlsmith show example.com
      tlsmith show mail.example.com --starttls smtp --json
      kubectl get secret web-tls -o yaml | tlsmith show -

    Exit codes: 0 no problem, 1 a problem was found, 2 nothing we know, 3 no connection.
    """
    given = PassphraseSource(
        options.pop("passphrase_file"),
        options.pop("passphrase_env"),
        options.pop("passphrase_prompt"),
    ).read("what is encrypted")
    context = Context(datetime.now(UTC), () if given is None else (given,))
    kinds = {source: _is_file(source) for source in sources}
    if all(kinds.values()):
        _refuse_server_options(options)
        return _show_files(sources, context, as_json=as_json, full=full)
    if len(sources) > 1:
        raise InputError(
            "a server is shown alone",
            code="usage",
            hint="run tlsmith show once for it and once for the files",
        )
    return _show_server(sources[0], context, options, as_json=as_json, full=full)


def _is_file(source: str) -> bool:
    """Tell whether a source is a file, or meant as one."""
    if source == _STDIN or os.path.lexists(source):
        return True
    return "://" not in source and _FILE_NAME.fullmatch(source) is not None


def _refuse_server_options(options: dict[str, Any]) -> None:
    for name in ("servername", "starttls"):
        if options[name] is not None:
            raise InputError(
                f"--{name} is for a server, and a file was given",
                code="usage",
                hint="write HOST:PORT for a server whose name a file has",
            )


def _show_files(
    sources: Sequence[str], context: Context, *, as_json: bool, full: bool
) -> int:
    found: list[Found] = []
    for source in sources:
        pieces = recognise_known(_read(source))
        found += [replace(one, source=source) for one in pieces]
    report = describe_found(found, context, _anchors(), ordered=len(sources) == 1)
    _warn_of_readers(report, sources)
    if as_json:
        emit_json({"source": sources[0], "sources": list(sources)} | report.facts())
    else:
        emit(report_text(report, full=full))
    return FINDINGS if report.has_problems else CLEAN


def _read(source: str) -> bytes:
    """Return the bytes of a file or of standard input.

    Raises:
        InputError: it cannot be read; the exit code of `show` for that is 2.
    """
    if source == _STDIN and sys.stdin.isatty():
        raise InputError(
            "nothing to read: standard input is a terminal",
            code="usage",
            hint="pipe something in, as in: cat cert.pem | tlsmith show -",
        )
    try:
        return read_input(source) if source == _STDIN else read_file(source)
    except FileError as error:
        hint = error.hint
        if error.code == "file-not-found" and not re.search(r"[/\\]", source):
            hint = f"{hint}; to ask a server of that name, write {source}:443"
        raise InputError(error.message, code=error.code, hint=hint) from error


def _anchors() -> list[bytes]:
    """Return the roots of the local CA, none where there is none or it is broken."""
    home = data_home()
    if not os.path.isdir(home):
        return []
    try:
        from tlsmith.local import trusted_roots

        return trusted_roots(home)
    except (TLSmithError, OSError, ValueError):
        return []


def _warn_of_readers(report: Report, sources: Sequence[str]) -> None:
    """Warn of a file with a key in the clear that others may read."""
    for source in dict.fromkeys(sources):
        mode = 0 if source == _STDIN or os.name == "nt" else _mode(source)
        if not mode & (stat.S_IRGRP | stat.S_IROTH) or not stat.S_ISREG(mode):
            continue
        for index, described in enumerate(report.objects):
            found = described.found
            # What is inside PKCS#12 or the like is as safe as that is.
            if found.source != source or described.inside is not None:
                continue
            if found.kind == "private-key" and not described.facts["encrypted"]:
                shown = stat.S_IMODE(mode)
                message = f"others can read this key: {source} has mode {shown:04o}"
                report.about(index, Finding(WARNING, "readable-by-others", message))


def _mode(path: str) -> int:
    """Return the mode of a file that was there a moment ago, 0 if it is gone."""
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0


def _show_server(
    source: str,
    context: Context,
    options: dict[str, Any],
    *,
    as_json: bool,
    full: bool,
) -> int:
    from tlsmith.cli.show_live import ask_server
    from tlsmith.probe import parse_target

    try:
        target = parse_target(
            source, starttls=options["starttls"], server_name=options["servername"]
        )
    except InputError as error:
        if error.code == "not-tls":
            raise
        raise InputError(
            f"neither a file nor a server: {source!r}",
            code="bad-source",
            hint="give a file that exists, HOST, HOST:PORT, [IPv6]:PORT or a URL",
        ) from error
    try:
        live = ask_server(target, context, _anchors(), timeout=options["timeout"])
    except ResolveError as error:
        raise ResolveError(
            f"{error.message}, and no file of that name", hint=error.hint
        ) from error
    if as_json:
        emit_json({"source": source, "server": live.facts()} | live.report.facts())
    else:
        emit(f"{live.text()}\n\n{report_text(live.report, full=full)}")
    return FINDINGS if live.report.has_problems else CLEAN
