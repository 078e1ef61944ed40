"""`tlsmith convert`: turn one format into another."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from tlsmith.cli import places_of_conversion as places
from tlsmith.cli.output import say, standard_or, warn
from tlsmith.cli.passphrase import (
    PassphraseSource,
    ask_passphrase,
    input_passphrase_options,
    passphrase_options,
)
from tlsmith.core.formats.targets import TARGETS
from tlsmith.errors import InputError, PassphraseError
from tlsmith.files import NewFile, read_input, write_together

TYPE_CHECKING = False  # as type checkers read it
if TYPE_CHECKING:
    from tlsmith.core.formats.assemble import Output
    from tlsmith.core.formats.objects import Objects

_ENDINGS = {
    ".pem": "pem",
    ".der": "der",
    ".p12": "p12",
    ".pfx": "p12",
    ".p7b": "p7b",
    ".p7c": "p7b-der",
    ".jks": "jks-truststore",
    ".yaml": "k8s-secret",
    ".yml": "k8s-secret",
}
_OWN_OPTIONS = {
    "name": ("p12", "jks-truststore", "k8s-secret"),
    "namespace": ("k8s-secret",),
    "legacy": ("p12", "jks-truststore"),
}


class _Request(NamedTuple):
    """What the person asked for."""

    source: str
    destination: str
    to: str
    key: str | None
    chain: tuple[str, ...]
    name: str | None
    namespace: str | None
    legacy: bool
    force: bool
    passphrase: PassphraseSource
    input_passphrase: PassphraseSource

    @property
    def inputs(self) -> tuple[str, ...]:
        keys = (self.key,) if self.key is not None else ()
        return (self.source, *keys, *self.chain)


class _Read(NamedTuple):
    """An input, and what was in it."""

    path: str
    objects: Objects
    passphrases: tuple[bytes, ...]


@click.command(short_help="Turn one format into another.")
@click.argument("source", metavar="IN")
@click.argument("destination", metavar="OUT")
@click.option(
    "--to",
    type=click.Choice(list(TARGETS)),
    help="The format to write; told by the ending of OUT where it is left out.",
)
@click.option("--key", metavar="FILE", help="The private key, if not in IN.")
@click.option(
    "--chain", metavar="FILE", multiple=True, help="More certificates of the chain."
)
@click.option(
    "--name", metavar="NAME", help="Friendly name, Java alias, or name of the Secret."
)
@click.option("--namespace", metavar="NAME", help="Namespace of the Secret.")
@click.option(
    "--legacy", is_flag=True, help="PKCS#12 for old Windows, macOS and Java 8."
)
@click.option(
    "--force", is_flag=True, help="Replace OUT even if that loses what is in it."
)
@input_passphrase_options
@passphrase_options
def convert(**options: Any) -> None:
    """Turn one format into another.

    IN is any file with certificates, keys, requests or revocation lists: PEM, DER,
    PKCS#8, PKCS#12, PKCS#7, a Java keystore, a Kubernetes Secret, OpenSSH keys; its
    format is seen from its contents. `-` is standard input, or output.

    Certificates are written with the end entity first and each issuer after it. OUT is
    never easier to read than the files it was made from, and only for you where it
    holds a private key. A file with a private key that is nowhere else is not replaced.

    \b
    Formats, for --to:
      pem             certificates, without the root of a chain; the key where given
      chain           certificates, the root too
      combined        the same, and refused without a key, as HAProxy wants it
      der             one certificate (or key, request, revocation list)
      p12             PKCS#12 with key and chain; passphrase "changeit" by default
      p7b, p7b-der    PKCS#7 certificates, in PEM or DER
      jks-truststore  certificates that Java is to trust (PKCS#12, as Java writes it)
      k8s-secret      YAML of a Kubernetes Secret of type kubernetes.io/tls
      pkcs8, key-der  the private key, PEM or DER; encrypted if given a passphrase
      pkcs1           the private key as old programs want it (RSA or EC PRIVATE KEY)

    \b
    Examples:
      tlsmith convert app.pem app.p12 --key app-key.pem --chain ca.pem
      tlsmith convert app.p12 app-key.pem --to pkcs8 --passphrase-prompt
      tlsmith convert ca.pem truststore.p12 --to jks-truststore
      tlsmith convert app.p12 - --to k8s-secret | kubectl apply -f -
    """
    request = _request_of(options)
    read = _read_inputs(request)
    output = _assemble(request, read)
    _check_terminal(request, output)
    if not request.force:
        _check_replaceable(request, output, read)
    data = NewFile(
        standard_or(request.destination),
        output.data,
        mode=places.mode_for(
            request.inputs, request.destination, secret=bool(output.key_infos)
        ),
    )
    write_together([data])
    _report(request, output, data)


def _request_of(options: dict[str, Any]) -> _Request:
    passphrase, input_passphrase = (
        PassphraseSource(
            options.pop(f"{word}passphrase_file"),
            options.pop(f"{word}passphrase_env"),
            options.pop(f"{word}passphrase_prompt"),
            word.replace("_", "-"),
        )
        for word in ("", "in_")
    )
    options["to"] = options["to"] or _to_by_ending(options["destination"])
    request = _Request(
        passphrase=passphrase, input_passphrase=input_passphrase, **options
    )
    for option, targets in _OWN_OPTIONS.items():
        if getattr(request, option) and request.to not in targets:
            raise InputError(
                f"--{option} says nothing for --to {request.to}",
                code="usage",
                hint=f"it is for --to {', '.join(targets)}",
            )
    if request.inputs.count("-") > 1:
        raise InputError(
            "standard input can be read once only",
            code="usage",
            hint="name files for the others",
        )
    _check_names(request)
    return request


def _to_by_ending(destination: str) -> str:
    ending = os.path.splitext(destination)[1].lower()
    if ending not in _ENDINGS:
        raise InputError(
            f"the ending of {destination!r} does not say which format to write",
            code="usage",
            hint=f"give --to with one of {', '.join(TARGETS)}",
        )
    return _ENDINGS[ending]


def _check_names(request: _Request) -> None:
    if request.to != "k8s-secret":
        return
    from tlsmith.core.formats import secret_name

    for option, value in (("name", request.name), ("namespace", request.namespace)):
        if value is not None and secret_name(value) != value:
            raise InputError(
                f"--{option} {value!r} is not a name that Kubernetes allows",
                hint=f"use small letters, digits and -: {secret_name(value)!r}",
            )


def _read_inputs(request: _Request) -> list[_Read]:
    """Read IN, then the key, then the chain; of the last two only what they are for."""
    given = request.input_passphrase.read("the input")
    passphrases = (given,) if given is not None else ()
    read = [_read(request.source, passphrases, request)]
    if request.key is not None:
        read.append(_only_keys(_read(request.key, passphrases, request)))
    for path in request.chain:
        read.append(_only_certificates(_read(path, passphrases, request)))
    return read


def _only_keys(read: _Read) -> _Read:
    from tlsmith.core.formats.objects import Objects

    if not read.objects.keys:
        raise InputError(
            f"there is no private key in {places.title(read.path)}",
            code="no-private-key",
            hint="--key is the file with the private key",
        )
    kept = Objects(keys=read.objects.keys, notes=read.objects.notes)
    return read._replace(objects=kept)


def _only_certificates(read: _Read) -> _Read:
    from tlsmith.core.formats.objects import Objects

    if not read.objects.certificates:
        raise InputError(
            f"there are no certificates in {places.title(read.path)}",
            code="no-certificate",
            hint="--chain is a file with the certificates of the CAs",
        )
    kept = Objects(read.objects.certificates, notes=read.objects.notes)
    return read._replace(objects=kept)


def _read(path: str, passphrases: tuple[bytes, ...], request: _Request) -> _Read:
    from tlsmith.core.formats.load import load_objects

    data = read_input(path)
    source = places.title(path)
    try:
        return _Read(path, load_objects(data, passphrases, source=source), passphrases)
    except PassphraseError as error:
        source_named = request.input_passphrase.is_named
        if source_named or not places.has_terminal():
            error.hint = (
                "check it: a damaged file looks the same"
                if source_named
                else f"give it with one of {request.input_passphrase.options}"
            )
            raise
    passphrases = (ask_passphrase(source, prefix="in-"),)
    return _Read(path, load_objects(data, passphrases, source=source), passphrases)


def _assemble(request: _Request, read: Sequence[_Read]) -> Output:
    from tlsmith.core.formats.assemble import Wanted, assemble

    passphrase = request.passphrase.read("the output", confirm=True)
    first, *others = (one.objects for one in read)
    wanted = Wanted(
        request.to,
        passphrase,
        request.name,
        request.namespace,
        request.legacy,
        check_key=request.key is not None,
    )
    return assemble(first.plus(*others), wanted)


def _check_terminal(request: _Request, output: Output) -> None:
    if not places.is_terminal(request.destination):
        return
    if output.key_infos:
        raise InputError(
            "a private key is not written to a terminal, where others may see it",
            code="terminal",
            hint="name a file as OUT, or send the output to another program",
        )
    if not output.is_text:
        raise InputError(
            f"{TARGETS[request.to].title} is not text, and cannot be shown",
            code="terminal",
            hint="name a file as OUT",
        )


def _check_replaceable(
    request: _Request, output: Output, read: Sequence[_Read]
) -> None:
    from tlsmith.core.formats.replace import what_is_lost

    existing = places.existing(request.destination)
    if existing is None:
        return
    kept = set(output.key_infos)
    for (
        one
    ) in read:  # what is replaced by its own conversion is kept in the output only
        if not places.is_same_file(one.path, request.destination):
            kept |= {key.info for key in one.objects.keys}
    passphrases = [word for one in read for word in one.passphrases]
    lost = what_is_lost(existing, kept, list(dict.fromkeys(passphrases)))
    if lost is not None:
        raise InputError(
            f"{request.destination!r} is there already and holds {lost}",
            code="would-be-lost",
            hint="choose another place, or give --force to replace it",
        )


def _report(request: _Request, output: Output, written: NewFile) -> None:
    for warning in output.warnings:
        warn(warning)
    for note in output.notes:
        say(f"note: {note}")
    if request.destination == "-":
        return
    for_whom = ""
    if os.name != "nt" and not written.permissions & 0o077:
        for_whom = ", for you alone to read"
    say(
        f"wrote {request.destination}: {TARGETS[request.to].title}, {output.contents}"
        f"{for_whom}"
    )
