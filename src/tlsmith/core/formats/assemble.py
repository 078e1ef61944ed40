"""Write what was read in another format: the pure half of `tlsmith convert`."""

from __future__ import annotations

from dataclasses import dataclass

from tlsmith.core.formats.objects import Objects
from tlsmith.core.formats.pieces import (
    WRITERS,
    Piece,
    Wanted,
    plural,
    write_without_certificates,
)
from tlsmith.core.formats.selection import Selection, select
from tlsmith.core.formats.targets import KEY_TARGETS, TARGETS
from tlsmith.errors import PassphraseError

__all__ = ["Output", "Wanted", "assemble"]


@dataclass(frozen=True, slots=True)
class Output:
    """What was made.

    Args:
        key_infos: SubjectPublicKeyInfos of the private keys in it.
        contents: what it holds, in words.
        warnings: what was left out, or is less safe than it was.
        notes: other things worth knowing.
    """

    data: bytes
    is_text: bool
    key_infos: frozenset[bytes]
    contents: str
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def assemble(objects: Objects, wanted: Wanted) -> Output:
    """Return `objects` in another format.

    Raises:
        KeyMismatchError: the private key is not that of the certificate.
        InputError: the format cannot hold this, or needs what is not there.
        PassphraseError: a passphrase is given for what cannot be encrypted.
    """
    target = TARGETS[wanted.to]
    selection = select(objects, wanted.to, check_key=wanted.check_key)
    held_certificates = bool(objects.certificates)
    if held_certificates or wanted.to in KEY_TARGETS:
        piece = WRITERS[wanted.to](selection, wanted)
    else:
        piece = write_without_certificates(selection, wanted)
    selection.notes += objects.notes
    if wanted.passphrase is not None and not piece.encrypted:
        raise PassphraseError(
            f"a passphrase was given, and --to {wanted.to} encrypts nothing here",
            hint="leave the passphrase out, or choose a format that holds a key, such "
            "as --to p12 or --to pkcs8",
        )
    _note_what_is_left(selection, piece, wanted.to)
    infos = {selection.key.info} if piece.has_key and selection.key else set()
    return Output(
        piece.data,
        target.is_text,
        frozenset(infos),
        piece.contents,
        tuple(dict.fromkeys(selection.warnings)),
        tuple(dict.fromkeys(selection.notes)),
    )


def _note_what_is_left(selection: Selection, piece: Piece, to: str) -> None:
    objects = selection.objects
    left_keys = len(objects.keys) - piece.has_key
    if left_keys:
        where = "--to pem or --to p12 keeps it, --to pkcs8 writes it alone"
        kept = "" if piece.has_key else f"; {where}"
        selection.warnings.append(f"left out: {plural(left_keys, 'private key')}{kept}")
    for ders, used, title in (
        (objects.requests, piece.requests, "certification request"),
        (objects.crls, piece.crls, "certificate revocation list"),
    ):
        if ders and not used:
            selection.warnings.append(f"left out: {plural(len(ders), title)}")
    key = selection.key if piece.has_key and not piece.encrypted else None
    if key is not None and key.was_encrypted:
        selection.warnings.append(
            f"the private key was encrypted and is no longer: {_kept_so(to)}"
        )


def _kept_so(to: str) -> str:
    """Return what to do for a private key to stay encrypted."""
    if TARGETS[to].takes_passphrase:
        return "give a passphrase for the output with --passphrase-file to keep it so"
    return f"--to {to} holds it in the clear; --to p12 and --to pkcs8 can encrypt it"
