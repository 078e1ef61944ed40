"""`tlsmith csr`: a key and a request for a certificate."""

from __future__ import annotations

from typing import Any

import click

from tlsmith.cli.identity import chosen_subject, keep_key
from tlsmith.cli.output import emit, emit_json, say, standard_or
from tlsmith.cli.request import Request, request_options
from tlsmith.core.csr import encode_request
from tlsmith.core.formats import encode_pem, encode_private_key
from tlsmith.core.keys import DEFAULT_KIND, generate_private_key, kind_of
from tlsmith.core.stem import default_stem
from tlsmith.core.subject import subject_for
from tlsmith.files import NewFile, is_stream, write_together
from tlsmith.local.places import check_request_replaceable, load_existing_key


@click.command(short_help="Make a key and a certificate signing request.")
@request_options(certificate=False)
@click.option("--csr-file", metavar="FILE", help="Where the request goes.")
def csr(csr_file: str | None, **options: Any) -> None:
    """Make a key and a certificate signing request.

    A key that is in --key-file already is used, and stays as it is.

    \b
    Examples:
      tlsmith csr www.example.com example.com --csr-file www.csr --key-file www.key
      tlsmith csr db.internal --key rsa3072 --subject CN=db.internal,O=Acme
    """
    request = Request.of(options)
    names = request.parsed_names()
    stem = default_stem(names, client=request.client)
    csr_path = standard_or(csr_file) if csr_file else f"{stem}.csr"
    request.check_output(csr_path)
    key_path = request.key_file or f"{stem}-key.pem"
    passphrase = request.passphrase.read("the key", confirm=True)
    if not request.force:
        check_request_replaceable(csr_path)
    existing = None if request.force else load_existing_key(key_path, passphrase)
    if existing is None:
        key = generate_private_key(request.key_kind or DEFAULT_KIND)
    else:
        key = keep_key(request, existing)
    subject = chosen_subject(request, names)
    encoded = encode_request(
        names,
        key,
        subject=subject_for(names) if subject is None else subject,
        client=request.client,
    )
    files = [NewFile(csr_path, encode_pem("CERTIFICATE REQUEST", encoded))]
    if existing is None:
        data = encode_private_key(key, passphrase)
        files.insert(0, NewFile(key_path, data, secret=True))
    write_together(files)
    facts = {
        "names": [name.value for name in names],
        "csr_file": csr_path,
        "key_file": key_path,
        "key": kind_of(key),
        "new_key": existing is None,
    }
    if request.as_json:
        emit_json(facts)
        return
    lines = ["A certificate signing request for:"]
    lines += [f"  {name.shown}" for name in names]
    lines += ["", f"  request     {csr_path}"]
    note = "for you alone to read" if existing is None else "as it was"
    lines.append(f"  key         {key_path}  ({note}, {kind_of(key)})")
    tell = say if is_stream(csr_path) or is_stream(key_path) else emit
    tell("\n".join(lines))
