"""The local CA in `tlsmith ca`: made anew, shown, exported."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tlsmith.cli.home import safe_home
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.core.formats import encode_chain
from tlsmith.core.keys import DEFAULT_KIND, fingerprint
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError
from tlsmith.files import data_home
from tlsmith.local.authority import LocalAuthority, load_authority
from tlsmith.local.creation import create_authority
from tlsmith.local.reach import constraints_for, extra_names


def init_local(options: dict[str, Any]) -> None:
    """Make a local CA in place of the one there is."""
    home = safe_home()
    allow, kind, as_json = options["allow"], options["kind"], options["as_json"]
    earlier = None if options["replace"] else load_authority(home)
    if earlier is not None and _would_do(earlier, allow, kind):
        say("the local CA there is does all of this: nothing was changed")
        _report(earlier, as_json)
        return
    now = datetime.now(UTC)
    authority, _ = create_authority(home, now, allow=allow, kind=kind or DEFAULT_KIND)
    _report(authority, as_json)
    if not as_json:
        say("\nHave this machine's clients trust it:\n  tlsmith trust install")


def show_local(as_json: bool) -> None:
    """Show the local CA."""
    _report(current(), as_json)


def export_local(which: str) -> str:
    """Return the local CA's root, or its chain, as PEM.

    Raises:
        InputError: there is none yet.
    """
    authority = current()
    if which == "root":
        return encode_chain([authority.root]).decode()
    return encode_chain([authority.intermediate, authority.root]).decode()


def current() -> LocalAuthority:
    """Return the local CA.

    Raises:
        InputError: there is none yet.
    """
    authority = load_authority(data_home())
    if authority is None:
        raise InputError(
            "there is no local CA yet",
            code="no-local-ca",
            hint="`tlsmith make localhost` makes one at first use",
        )
    return authority


def _would_do(
    authority: LocalAuthority, allow: tuple[str, ...], kind: str | None
) -> bool:
    wanted = constraints_for(allow).permitted
    if not set(wanted) <= set(authority.name_constraints.permitted):
        return False
    return kind in (None, authority.kind)


def authority_facts(authority: LocalAuthority) -> dict[str, Any]:
    """Return the facts of a local CA for programs."""
    root = view_certificate(authority.root)
    permitted = authority.name_constraints.permitted
    return {
        "folder": authority.folder,
        "can_sign": os.path.exists(authority.key_file),
        "root_fingerprint_sha256": fingerprint(root.der),
        "not_before": root.not_before.isoformat(),
        "not_after": root.not_after.isoformat(),
        "permitted_domains": [tree.base for tree in permitted if tree.kind == "dns"],
        "permitted_networks": [tree.base for tree in permitted if tree.kind == "ip"],
        "allowed_by_request": extra_names(authority.name_constraints),
    }


def _wrapped(title: str, words: Sequence[str]) -> list[str]:
    """Return words in lines of 80 columns behind a title."""
    import textwrap

    text = textwrap.wrap(", ".join(words), 66, break_on_hyphens=False)
    heads = [title, *[""] * (len(text) - 1)]
    return [f"  {head:<12}{line}" for head, line in zip(heads, text, strict=True)]


def _report(authority: LocalAuthority, as_json: bool) -> None:
    facts = authority_facts(authority)
    if as_json:
        emit_json(facts)
        return
    fingerprint = facts["root_fingerprint_sha256"].upper()
    pairs = [fingerprint[i : i + 2] for i in range(0, 64, 2)]
    lines = [
        "The local CA",
        *_wrapped("may sign", [*facts["permitted_domains"], "all below them"]),
        *_wrapped("", facts["permitted_networks"]),
        f"  good until  {facts['not_after'][:10]}",
        "  root key    destroyed when the CA was made",
        f"  root        SHA-256 {':'.join(pairs[:16])}:",
        f"              {' ' * 8}{':'.join(pairs[16:])}",
        f"  kept in     {facts['folder']}",
    ]
    if not facts["can_sign"]:
        lines.append(
            "  cannot sign: its key is gone. tlsmith ca init --local --replace"
        )
    emit("\n".join(lines))
