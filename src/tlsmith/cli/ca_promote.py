"""`tlsmith ca init --from-local`: from the CA of one machine to one of a team."""

from __future__ import annotations

import os

from tlsmith.cli.ca_adopt import init_adopted
from tlsmith.cli.ca_init import InitOptions, init_store
from tlsmith.cli.fingerprints import ca_lines
from tlsmith.cli.output import say
from tlsmith.errors import InputError
from tlsmith.files import data_home
from tlsmith.local.authority import LocalAuthority, load_authority
from tlsmith.local.mkcert import find_caroot


def init_from_local(options: InitOptions) -> None:
    """Go on from the local CA: the same root where its key exists, else a new one.

    Raises:
        InputError: there is no local CA, neither of `make` nor of mkcert.
    """
    local = load_authority(data_home())
    if local is not None:
        _begin_anew(local, options)
        return
    folder = _mkcert_folder()
    if folder is None:
        raise InputError(
            "there is no local CA to go on from",
            code="no-local-ca",
            hint="make a CA without --from-local",
        )
    say(f"going on from mkcert's CA in {folder}: the root stays, clients trust it\n")
    init_adopted(options._replace(adopt=folder))


def _begin_anew(local: LocalAuthority, options: InitOptions) -> None:
    """Make a new root, and say why it cannot be the old one, nor signed by it."""
    init_store(options)
    if options.as_json:
        return
    old = os.path.join(local.folder, "root.pem")
    lines = [
        "",
        "This is a new root: clients have to trust it once.",
        "",
        "It cannot be the root of `tlsmith make`: the key of that one was destroyed",
        "when it was made, so that nobody can ever misuse it. Nor can the old CA vouch",
        "for the new root: its issuing CA may sign no CAs (path length 0), and only",
        "development names.",
        "",
        *ca_lines("The old root, which goes on", local.root),
        "",
        "What `tlsmith make` signed goes on working while clients trust the old root.",
        "Step by step:",
        f"  tlsmith ca export --root --store {options.store or 'URL'} > new-root.pem",
        "on every machine, beside the old one:",
        "  tlsmith trust install --root new-root.pem",
        "anew, what others are to reach:",
        "  tlsmith cert issue NAME... --store URL",
        "and once nothing of the old is in use:",
        f"  tlsmith trust uninstall --root {old}",
    ]
    caroot = _mkcert_folder()
    if caroot is not None:
        lines += [
            "",
            "mkcert's CA is here too, with its root's key. To keep that root instead:",
            f"  tlsmith ca init --adopt {caroot} ...",
        ]
    say("\n".join(lines))


def _mkcert_folder() -> str | None:
    """Return CAROOT where mkcert's root and its key are in it."""
    try:
        folder = find_caroot(os.environ)
    except InputError:
        return None
    names = ("rootCA.pem", "rootCA-key.pem")
    there = all(os.path.isfile(os.path.join(folder, name)) for name in names)
    return folder if there else None
