"""The end of `make` and `self-sign`: the files are written, and the person told."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.request import Request
from tlsmith.core.issuer import IssuedCertificate
from tlsmith.core.keys import fingerprint
from tlsmith.core.names import GeneralName
from tlsmith.files import is_stream, write_together
from tlsmith.local.outputs import Made, encode_files
from tlsmith.local.places import Places

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey


class Result(NamedTuple):
    """A certificate that was made.

    Args:
        chain: DER, end entity first, without the root.
        key: None where it belongs to a request.
        signed_by: "local CA" or "itself".
    """

    issued: IssuedCertificate
    chain: tuple[bytes, ...]
    names: tuple[GeneralName, ...]
    key: PrivateKey | None
    kind: str
    signed_by: str
    renewed: bool = False
    key_is_new: bool = True


def write_result(
    result: Result, places: Places, request: Request, passphrase: bytes | None
) -> None:
    """Write the files of a certificate, all or none."""
    made = Made(
        result.chain,
        result.key,
        result.names[0].value,
        key_is_new=result.key_is_new,
        legacy=request.legacy,
    )
    write_together(encode_files(made, places, request.file_format, passphrase))
    holds_p12 = places.p12_file is not None or request.file_format == "p12"
    if holds_p12 and passphrase is None and not request.as_json:
        say('the PKCS#12 passphrase is "changeit", as most tools expect')


def report_result(
    result: Result, places: Places, request: Request, now: datetime
) -> None:
    """Print what was made, as JSON or in words."""
    if request.as_json:
        emit_json(result_facts(result, places))
        return
    # A certificate on standard output is to stay alone there.
    tell = say if any(path and is_stream(path) for path in places) else emit
    tell(_in_words(result, places, request, now))


def result_facts(result: Result, places: Places) -> dict[str, Any]:
    """Return the facts of a certificate for programs."""
    issued = result.issued
    return {
        "names": [name.value for name in result.names],
        "cert_file": places.cert_file,
        "key_file": places.key_file,
        "p12_file": places.p12_file,
        "key": result.kind,
        "serial_number": f"{issued.serial_number:x}",
        "not_before": issued.not_before.isoformat(),
        "not_after": issued.not_after.isoformat(),
        "fingerprint_sha256": fingerprint(issued.der),
        "signed_by": result.signed_by,
        "renewed": result.renewed,
        "changed": True,
    }


def _in_words(result: Result, places: Places, request: Request, now: datetime) -> str:
    days = round((result.issued.not_after - now).total_seconds() / 86400)
    lines = ["Renewed the certificate for:" if result.renewed else "A certificate for:"]
    lines += [f"  {name.shown}" for name in result.names]
    lines.append(
        f"signed by {'the ' * (result.signed_by != 'itself')}{result.signed_by}, good "
        f"until {result.issued.not_after:%Y-%m-%d} ({days} days), key {result.kind}"
    )
    lines.append("")
    lines.append(
        _file_line(
            "certificate", places.cert_file, _contents(request, len(result.chain))
        )
    )
    if places.key_file is not None and result.key is not None:
        note = "for you alone to read" if result.key_is_new else "as it was"
        lines.append(_file_line("key", places.key_file, note))
    if places.p12_file is not None:
        lines.append(_file_line("PKCS#12", places.p12_file, "for you alone to read"))
    return "\n".join(lines)


def _contents(request: Request, length: int) -> str:
    return {
        "der": "the certificate alone",
        "combined": "with its chain and key, for you alone to read",
        "p12": "with its chain and key, for you alone to read",
        "k8s-secret": "with its chain and key, for you alone to read",
    }.get(request.file_format, "with its chain" if length > 1 else "for everyone")


def _file_line(what: str, path: str, note: str) -> str:
    return f"  {what:<12}{os.path.normpath(path)}  ({note})"
