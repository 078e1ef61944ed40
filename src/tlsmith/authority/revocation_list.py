"""What a root's next CRL is to list, from what a person names on its machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from tlsmith.authority.records import REASONS
from tlsmith.authority.root_crl import next_root_crl
from tlsmith.authority.root_file import RootFile
from tlsmith.core.crl import CRLView, RevokedEntry, read_entries, view_crl
from tlsmith.core.signed import verify_signed_by
from tlsmith.errors import InputError
from tlsmith.storage import Connection
from tlsmith.storage.authorities import AuthorityRecord
from tlsmith.storage.certificates import revoked_entries

_HEAD = "# tlsmith revocations"
_HOLD = "certificateHold"
_REASONS = tuple(name for name in REASONS if name not in ("removeFromCRL", _HOLD))
_EVER = datetime(1970, 1, 2, tzinfo=UTC)


def next_crl_of(
    root: RootFile,
    previous: bytes | None,
    number: int | None,
    change: tuple[Sequence[str], str, int],
    now: datetime,
) -> bytes:
    """Return a root's next CRL, DER.

    Args:
        previous: the bytes of the last one's file; None for that in the root's file.
        number: None for one more than the previous one's.
        change: what to revoke (files or serial numbers), why, and the days until the
            next one.

    Raises:
        InputError: there is no previous one and no number; it is not this root's; or
            something to revoke is nothing of this root's.
        ConflictError: something is revoked already.
    """
    names, reason, days = change
    view = _previous(root, previous)
    if view is None and number is None:
        raise InputError(
            "which CRL came before?",
            code="previous-crl-needed",
            hint="give --previous FILE, so that its number and entries go on; for the "
            "first one of this root, --number 1",
        )
    if view is not None and number is not None and number <= (view.number or 0):
        raise InputError(
            f"the number {number} is not greater than the previous CRL's {view.number}"
        )
    if not 1 <= days <= 3650:
        raise InputError(f"{days} days: there may be 1 to 3650")
    before = {one.serial_number: one for one in _entries(view)}
    revoked: dict[int, RevokedEntry] = {}
    for name in names:
        found = list(_named(name, _reason(reason), root, now))
        if any(is_listed for _, is_listed in found):
            _settle_holds(before, {one.serial_number: one for one, _ in found})
        for entry, is_listed in found:
            # A list from the CA holds all that it ever revoked.
            if not (is_listed and entry.serial_number in before):
                revoked[entry.serial_number] = entry
    last = (view.number or 0) if view is not None else 0
    return next_root_crl(
        root.issuer,
        list(before.values()),
        number or last + 1,
        list(revoked.values()),
        now,
        days,
    )


def _entries(view: CRLView | None) -> Iterator[RevokedEntry]:
    return read_entries(view.entries) if view is not None else iter(())


def _settle_holds(
    before: dict[int, RevokedEntry], listed: dict[int, RevokedEntry]
) -> None:
    """Leave out what was held and is no longer, or is revoked for good by now.

    Nothing else ever leaves a CRL (RFC 5280 section 5.3.1).
    """
    for serial, entry in list(before.items()):
        if entry.reason == _HOLD and listed.get(serial) != entry:
            del before[serial]


def encode_revocations(
    connection: Connection, records: Sequence[AuthorityRecord]
) -> str:
    """Return what is revoked below CAs whose keys are elsewhere, to be carried there.

    Each line: serial number, the moment, the reason.
    """
    lines = [_HEAD]
    for record in records:
        if record.signer or not record.certificate:
            continue
        for entry in revoked_entries(connection, record.id, _EVER):
            lines.append(
                f"{entry.serial_number:x} {entry.revocation_date:%Y-%m-%dT%H:%M:%SZ} "
                f"{entry.reason or 'unspecified'}"
            )
    return "\n".join(lines) + "\n"


def _previous(root: RootFile, data: bytes | None) -> CRLView | None:
    if data is None:
        return view_crl(root.crl) if root.crl is not None else None
    from tlsmith.core.formats.load import load_objects

    crls = load_objects(data, source="the previous CRL").crls
    if not crls:
        raise InputError("the file of the previous CRL holds none")
    view = view_crl(crls[0])
    if view.issuer != root.issuer.view.subject:
        raise InputError("the previous CRL is of another CA")
    verify_signed_by(crls[0], root.issuer.view.public_key_info, "the previous CRL")
    return view


def _named(
    name: str, reason: str | None, root: RootFile, now: datetime
) -> Iterator[tuple[RevokedEntry, bool]]:
    """Yield what a file or a serial number stands for, and whether it was a list."""
    now = now.replace(microsecond=0)
    if not os.path.exists(name):
        yield RevokedEntry(_serial(name), now, reason), False
        return
    from tlsmith.files import read_file

    data = read_file(name)
    if data.startswith(_HEAD.encode()):
        for line in data.decode("ascii", "replace").splitlines()[1:]:
            yield _listed(line, name), True
        return
    yield RevokedEntry(_serial_of_file(data, name, root), now, reason), False


def _serial(text: str) -> int:
    digits = text.replace(":", "").lower().removeprefix("0x")
    try:
        number = int(digits, 16)
    except ValueError:
        number = 0
    if number <= 0:
        raise InputError(
            f"{text!r} is neither a file nor a serial number",
            hint="give a certificate's file, or its serial number in hexadecimal",
        )
    return number


def _serial_of_file(data: bytes, name: str, root: RootFile) -> int:
    from tlsmith.core.formats.load import load_objects
    from tlsmith.core.view import view_certificate

    found = load_objects(data, source=name).certificates
    if not found:
        raise InputError(f"there is no certificate in {name!r}")
    view = view_certificate(found[0].der)
    info = root.issuer.view.public_key_info
    verify_signed_by(view.der, info, f"the certificate in {name!r}")
    if view.public_key_info == info:
        raise InputError(
            "a root cannot revoke itself: clients trust it for being in their stores",
            hint="take it out of them: tlsmith trust uninstall --root FILE",
        )
    return view.serial_number


def _listed(line: str, name: str) -> RevokedEntry:
    parts = line.split(" ")
    try:
        serial, moment, reason = parts
        at = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        number = int(serial, 16)
    except ValueError as error:
        raise InputError(
            f"{name!r} has a line that cannot be read: {line[:80]!r}",
            hint="carry what tlsmith ca export --revoked prints, unchanged",
        ) from error
    if reason not in REASONS or number <= 0:
        raise InputError(f"{name!r} has a line that cannot be read: {line[:80]!r}")
    return RevokedEntry(number, at, None if reason == "unspecified" else reason)


def _reason(name: str) -> str | None:
    wanted = name.replace("-", "").replace("_", "").lower()
    for known in _REASONS:
        if known.lower() == wanted:
            return None if known == "unspecified" else known
    raise InputError(
        f"no certificate is revoked for the reason {name!r}",
        code="bad-reason",
        hint=f"give one of {', '.join(_REASONS)}",
    )
