"""Browsers, without a window, with copies of the databases that they would read."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from functools import partial

from tlsmith.local.proof.client import Client
from tlsmith.local.proof.runtimes import on_path
from tlsmith.truststores.base import Host
from tlsmith.truststores.nss_places import chromium_database, firefox_profile

_CHROMIUM = re.compile(
    r"chromium(?:-browser)?|google-chrome(?:-\w+)?|microsoft-edge(?:-\w+)?"
    r"|brave(?:-browser)?|vivaldi(?:-stable)?|opera"
)
_FIREFOX = re.compile(r"firefox(?:-esr|-developer-edition|-nightly)?|librewolf")
_QUIET = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
_OLD, _NEW = ".pki/nssdb", ".local/share/pki/nssdb"
_DATABASE = ("cert9.db", "key4.db", "pkcs11.txt")
_PREFERENCES = """\
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
"""


def browser_clients(host: Host) -> list[Client]:
    """Return a client for each browser of a person that can be started here."""
    path = host.environment.get("PATH", "")
    chromiums = [_chromium(browser, host) for browser in _found(path, _CHROMIUM)]
    firefoxes = [_firefox(browser, host) for browser in _found(path, _FIREFOX)]
    return chromiums + firefoxes


def _found(path: str, wanted: re.Pattern[str]) -> list[str]:
    """Return the browsers on PATH that can be started with another home."""
    there = on_path(path, wanted)
    return [browser for browser in there if not _is_starter(browser, there)]


def _is_starter(browser: str, others: list[str]) -> bool:
    """Tell whether it starts another of them, or one below snap.

    There a browser sees a /tmp and databases of its own.
    """
    if os.path.basename(os.path.realpath(browser)) == "snap":
        return True
    with contextlib.suppress(OSError), open(browser, "rb") as stream:
        text = stream.read(4096)
        names = (os.path.basename(other) for other in others if other != browser)
        return text.startswith(b"#!") and any(name.encode() in text for name in names)
    return False


def _chromium(browser: str, host: Host) -> Client:
    database = chromium_database(host)
    is_old = database == host.at_home(_OLD)
    # Chromium's sandbox does not start for root.
    as_root = ("--no-sandbox",) if getattr(os, "geteuid", lambda: 1)() == 0 else ()
    return Client(
        os.path.basename(browser),
        (
            *(browser, *_QUIET, *as_root, "--user-data-dir={scratch}/data"),
            *("--dump-dom", "{url}"),
        ),
        "nss",
        settings=_elsewhere(),
        place=database,
        stays=True,
        prepare=partial(_copy, database, f"home/{_OLD if is_old else _NEW}"),
    )


def _firefox(browser: str, host: Host) -> Client:
    profile = firefox_profile(host)
    return Client(
        os.path.basename(browser),
        (
            *(browser, "--headless", "--no-remote", "--profile", "{scratch}/profile"),
            *("--screenshot", "{scratch}/page.png", "{url}"),
        ),
        "firefox" if profile is None else "nss",
        settings=(*_elsewhere(), ("MOZ_CRASHREPORTER_DISABLE", "1")),
        place=profile or "",
        stays=True,
        prepare=partial(_prepare_profile, profile),
    )


def _elsewhere() -> tuple[tuple[str, str], ...]:
    """Return the variables with which a browser leaves the person's home alone."""
    return (
        ("HOME", "{scratch}/home"),
        ("XDG_DATA_HOME", "{scratch}/home/.local/share"),
        ("XDG_CONFIG_HOME", "{scratch}/home/.config"),
        ("XDG_CACHE_HOME", "{scratch}/home/.cache"),
        ("TMPDIR", "{scratch}"),
    )


def _prepare_profile(profile: str | None, scratch: str, url: str) -> None:
    _copy(profile, "profile", scratch, url)
    with open(os.path.join(scratch, "profile", "user.js"), "w") as stream:
        stream.write(_PREFERENCES)


def _copy(database: str | None, target: str, scratch: str, _url: str) -> None:
    """Copy a database, if there is one, to where a browser started there reads it."""
    folder = os.path.join(scratch, target)
    os.makedirs(os.path.join(scratch, "home"), exist_ok=True)
    os.makedirs(folder, mode=0o700)
    for name in _DATABASE:
        with contextlib.suppress(OSError):
            shutil.copyfile(
                os.path.join(database or "", name), os.path.join(folder, name)
            )
