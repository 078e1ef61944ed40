"""What `tlsmith mkcert` says of trust stores, and its exit code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tlsmith.cli.elevate import as_root, offer
from tlsmith.cli.entry import CLEAN, FAILURE, FINDINGS
from tlsmith.cli.output import say, warn
from tlsmith.local.mkcert import MkcertAuthority, load_mkcert_authority
from tlsmith.local.mkcert_trust import (
    check_installable,
    chosen_families,
    families_of,
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
        say(
            'Run "tlsmith mkcert -install" for certificates to be trusted automatically'
        )


def install(authority: MkcertAuthority, host: Host) -> int:
    """Install the root, say where, and return the exit code.

    Raises:
        ProfileError: the root is one that clients would not take.
    """
    check_installable(authority, datetime.now(UTC))
    failed = []
    for family in _chosen(host):
        found = install_root(authority, host, family)
        if not found and family == "system":
            warn(
                "tlsmith knows no system trust store on this machine; the root to "
                f"install by hand is {authority.root_file!r}"
            )
        failed += _report_installed(family, found)
    return _finish(failed, "-install", authority.folder, host)


def uninstall(folder: str, host: Host) -> int:
    """Take the root out of the stores, say where, and return the exit code."""
    authority = load_mkcert_authority(folder)
    if authority is None:
        say(f"There is no root in {folder!r}; what was installed from there goes.")
    found = uninstall_root(folder, authority, host, _chosen(host))
    failed = [one for one in found if one.is_failure]
    left = [one for one in found if one.state == "trusted"]
    for one in found:
        if one.is_failure:
            warn(f"{one.place}: {one.message}")
        elif one in left:
            warn(f"{one.place} still trusts the local CA: {one.message}")
        elif one.changed:
            say(f"The local CA is now uninstalled from {one.place}.")
    if not failed and not left and not any(one.changed for one in found):
        say("The local CA is not installed in any trust store.")
    code = _finish(failed, "-uninstall", folder, host)
    return FINDINGS if code == CLEAN and left else code


def _chosen(host: Host) -> Sequence[str]:
    chosen = chosen_families(host.environment)
    for word in chosen.unknown:
        warn(f"TRUST_STORES has {word!r}, which is none of system, java and nss")
    return chosen.families


def _report_installed(family: str, found: Sequence[Outcome]) -> list[Outcome]:
    """Say what became of one family, and return what must not go unnoticed."""
    failed = [one for one in found if one.is_failure]
    for one in failed:
        warn(f"{one.place}: {one.message}")
        # As in mkcert, a browser's or Java's own tool that is missing is no failure.
        if one.code == "tool-missing" and family != "system" and one.hint:
            say(f"hint: {one.hint}")
    if found and not failed:
        is_new = any(one.changed for one in found)
        how = "now" if is_new else "already"
        again = " (requires browser restart)" if is_new and family == "nss" else ""
        say(f"The local CA is {how} installed in the {_STORES[family]}{again}.")
    if family == "system":
        return failed
    return [one for one in failed if one.code != "tool-missing"]


def _finish(failed: Sequence[Outcome], flag: str, folder: str, host: Host) -> int:
    """Say what would help, offer to run what needs root, and return the exit code."""
    needing = [one for one in failed if one.state == "needs-root"]
    others = [one for one in failed if one not in needing]
    for hint in dict.fromkeys(one.hint for one in others if one.hint):
        say(f"hint: {hint}")
    code = FAILURE if others else CLEAN
    if needing:
        # Root has another home, and so another CAROOT.
        variables = {
            "CAROOT": os.path.abspath(folder),
            "TRUST_STORES": ",".join(families_of(needing)),
        }
        command = as_root(["mkcert", flag], variables, host)
        say(f"\n{command.title}:\n  {command.text}")
        code = max(code, FAILURE if offer(command) != CLEAN else CLEAN)
    return code
