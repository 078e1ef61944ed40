"""What `tlsmith mkcert` says of trust stores, and its exit code."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tlsmith.cli.entry import CLEAN, FAILURE, FINDINGS
from tlsmith.cli.output import say, warn
from tlsmith.local.mkcert import MkcertAuthority, load_mkcert_authority
from tlsmith.local.mkcert_trust import (
    chosen_families,
    install_root,
    is_trusted,
    uninstall_root,
)

if TYPE_CHECKING:
    from tlsmith.truststores.base import Host
    from tlsmith.truststores.outcome import Outcome

_STORES = {
    "system": "system trust store",
    "java": "Java trust store",
    "nss": "Firefox and/or Chrome/Chromium trust store",
}


def note_missing(authority: MkcertAuthority, host: Host) -> None:
    """Say in which stores the root is missing."""
    chosen = chosen_families(host.environment)
    missing = [
        family for family in chosen.families if not is_trusted(authority, host, family)
    ]
    for family in missing:
        say(f"Note: the local CA is not installed in the {_STORES[family]}.")
    if missing:
        say('Run "tlsmith mkcert -install" for certificates to be trusted by them.')


def install(authority: MkcertAuthority, host: Host) -> int:
    """Install the root, say where, and return the exit code."""
    code = CLEAN
    for family in _chosen(host):
        found = install_root(authority, host, family)
        if not found and family == "system":
            warn(
                "tlsmith knows no system trust store on this machine; the root to "
                f"install by hand is {authority.root_file!r}"
            )
        code = max(code, _report_installed(family, found, authority))
    return code


def uninstall(folder: str, host: Host) -> int:
    """Take the root out of the stores, say where, and return the exit code."""
    authority = load_mkcert_authority(folder)
    if authority is None:
        say(f"there is no root in {folder!r}; what was installed from there goes")
    found = uninstall_root(folder, authority, host, _chosen(host))
    code = CLEAN
    for one in found:
        if one.is_failure:
            _report_failure(one, folder, "-uninstall")
            code = FAILURE
        elif one.state == "trusted":
            warn(f"{one.place} still trusts the local CA: {one.message}")
            code = max(code, FINDINGS)
        elif one.changed:
            say(f"The local CA is now uninstalled from {one.place}.")
    if code == CLEAN and not any(one.changed for one in found):
        say("The local CA is not installed in any trust store.")
    return code


def _chosen(host: Host) -> Sequence[str]:
    chosen = chosen_families(host.environment)
    for word in chosen.unknown:
        warn(f"TRUST_STORES has {word!r}, which is none of system, java and nss")
    return chosen.families


def _report_installed(
    family: str, found: Sequence[Outcome], authority: MkcertAuthority
) -> int:
    failed = [one for one in found if one.is_failure]
    for one in failed:
        _report_failure(one, authority.folder, "-install")
    if found and not failed:
        how = "now" if any(one.changed for one in found) else "already"
        again = " (requires browser restart)" if family == "nss" else ""
        say(f"The local CA is {how} installed in the {_STORES[family]}{again}.")
    # As in mkcert, a browser's or Java's own tool that is missing is no failure.
    optional = family != "system"
    stopped = [one for one in failed if not (optional and one.code == "tool-missing")]
    return FAILURE if stopped else CLEAN


def _report_failure(one: Outcome, folder: str, flag: str) -> None:
    warn(f"{one.place}: {one.message}")
    hint = one.hint
    if one.state == "needs-root":
        # sudo has another home, and so another CAROOT.
        place = shlex.quote(os.path.abspath(folder))
        hint = f"sudo env CAROOT={place} tlsmith mkcert {flag}"
    if hint:
        say(f"hint: {hint}")
