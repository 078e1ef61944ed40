"""The options that `make`, `self-sign` and `csr` share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import click

from tlsmith.cli.output import standard_or, warn
from tlsmith.cli.passphrase import PassphraseSource, passphrase_options
from tlsmith.core.keys import DEFAULT_KIND, KINDS
from tlsmith.core.names import GeneralName, parse_names
from tlsmith.core.stem import default_stem
from tlsmith.errors import InputError
from tlsmith.local.outputs import FORMATS, places_for
from tlsmith.local.places import Places

_KEY = click.option(
    "--key",
    "key_kind",
    type=click.Choice(KINDS),
    metavar="KIND",
    help=f"Kind of the new key, {DEFAULT_KIND} by default: {', '.join(KINDS)}.",
)
_CLIENT = click.option(
    "--client", is_flag=True, help="For authenticating clients as well."
)
_KEY_FILE = click.option("--key-file", metavar="FILE", help="Where the key goes.")
_SUBJECT = click.option(
    "--subject", metavar="DN", help="The subject, such as CN=a.test,O=Acme."
)
_FORCE = click.option(
    "--force", is_flag=True, help="Replace files that tlsmith did not make."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")

_CERTIFICATE = (
    click.option(
        "--days",
        type=int,
        metavar="N",
        help="Days until it expires: for make 199 by default and 397 at most, for "
        "self-sign 397 and 825.",
    ),
    click.option("--cert-file", metavar="FILE", help="Where the certificate goes."),
    click.option("--p12-file", metavar="FILE", help="Write PKCS#12 here as well."),
    click.option(
        "--legacy", is_flag=True, help="PKCS#12 as old clients read it: 3DES, SHA-1."
    ),
    click.option(
        "--csr", "csr_file", metavar="FILE", help="Take names and key from a request."
    ),
    click.option(
        "--format",
        "file_format",
        type=click.Choice(FORMATS),
        metavar="FORMAT",
        default="pem",
        help=f"Format of what is written, pem by default: {', '.join(FORMATS)}.",
    ),
    click.option(
        "--reuse-key", is_flag=True, help="Keep the key that is in the key file."
    ),
)


def request_options(*, certificate: bool) -> Callable[..., Any]:
    """Add the shared options to a command; those of certificates where it makes one."""
    options = [_KEY, _KEY_FILE, _CLIENT, _SUBJECT]
    options += [*_CERTIFICATE] if certificate else []

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        command = _JSON(_FORCE(passphrase_options(command)))
        for option in reversed(options):
            command = option(command)
        return click.argument("names", nargs=-1, metavar="NAME...")(command)

    return add


class Request(NamedTuple):
    """What the person asked for, as click read it."""

    names: tuple[str, ...]
    passphrase: PassphraseSource
    key_kind: str | None = None
    key_file: str | None = None
    client: bool = False
    subject: str | None = None
    force: bool = False
    as_json: bool = False
    days: int | None = None
    cert_file: str | None = None
    p12_file: str | None = None
    csr_file: str | None = None
    file_format: str = "pem"
    reuse_key: bool = False
    legacy: bool = False

    @classmethod
    def of(cls, options: dict[str, Any]) -> Request:
        """Return the request that click's options make."""
        source = PassphraseSource(
            file=options.pop("passphrase_file"),
            variable=options.pop("passphrase_env"),
            prompt=options.pop("passphrase_prompt"),
        )
        for option in ("cert_file", "key_file", "p12_file"):
            if options.get(option) is not None:
                options[option] = standard_or(options[option])
        request = cls(passphrase=source, **options)
        request._check()
        return request

    def _check(self) -> None:
        for option, path in (
            ("--cert-file", self.cert_file),
            ("--key-file", self.key_file),
            ("--p12-file", self.p12_file),
            ("--csr", self.csr_file),
        ):
            if path == "":
                raise InputError(
                    f"{option} is empty", hint="is the variable in the script set?"
                )
        self.check_output(self.cert_file, self.key_file, self.p12_file)
        if self.key_file == os.devnull:
            raise InputError(
                f"--key-file {os.devnull}: the key would be lost",
                hint="name a file, or sign a request with --csr",
            )
        if self.legacy and self.p12_file is None and self.file_format != "p12":
            raise InputError(
                "--legacy is for PKCS#12, and none is written",
                hint="give --p12-file as well, or --format p12",
            )

    def check_output(self, *paths: str | None) -> None:
        """Refuse to print facts as JSON into a file on standard output."""
        if self.as_json and standard_or("-") in paths:
            raise InputError(
                "--json and a file would be mixed up on standard output",
                hint="write the file to a place of its own, or leave --json out",
            )

    def parsed_names(self) -> tuple[GeneralName, ...]:
        """Return the names given, with a warning for those clients do not take."""
        names = parse_names(self.names)
        for name in names:
            warn_of(name)
        return names

    def places(self, names: tuple[GeneralName, ...], *, with_key: bool) -> Places:
        """Return where the files go."""
        if self.file_format == "k8s-secret" and self.passphrase.is_named:
            raise InputError(
                "a Kubernetes Secret holds its key as it is, without a passphrase",
                hint="leave the passphrase out: the file is for you alone to read",
            )
        stem = default_stem(names, client=self.client)
        usual = places_for(stem, self.file_format, with_key=with_key)
        key_file = usual.key_file
        if self.key_file is not None:
            if key_file is None:
                raise InputError(
                    f"--key-file {self.key_file!r}: with --format {self.file_format} "
                    "there is no file for the key alone",
                    hint="leave --key-file out, or the --format",
                )
            key_file = self.key_file
        return Places(self.cert_file or usual.cert_file, key_file, self.p12_file)


def warn_of(name: GeneralName) -> None:
    """Warn of a name that is one, and that will surprise."""
    if name.kind == "dns" and name.value.startswith("*.") and name.value.count(".") < 2:
        warn(f"many clients refuse a wildcard as wide as {name.value}")
    if name.kind == "uri" and name.value.startswith(("http:", "https:")):
        warn(
            f"{name.value} goes in as a URI, which browsers do not look at; "
            f"for the host give {name.host}"
        )
