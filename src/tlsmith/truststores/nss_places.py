"""Where browsers keep NSS databases."""

from __future__ import annotations

import configparser
import glob
import os
from collections.abc import Iterator

from tlsmith.truststores.base import Host

# Chromium and its kin share one per person. Since version 146 it is the second, unless
# the first is there: so none is ever made, an empty first would hide the second.
_CHROMIUM = (
    ".pki/nssdb",
    ".local/share/pki/nssdb",
    "snap/*/current/.pki/nssdb",
    "snap/*/current/.local/share/pki/nssdb",
    ".var/app/*/.pki/nssdb",
    ".var/app/*/data/pki/nssdb",
)
# Folders that hold Firefox's profiles, and the list of them.
_FIREFOX = (
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    "snap/firefox/common/.config/mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/config/mozilla/firefox",
    "Library/Application Support/Firefox",
    "Library/Application Support/Firefox/Profiles",
)
_MACHINE = ("/etc/pki/nssdb",)

NEW, OLD = "cert9.db", "cert8.db"


def nss_databases(host: Host) -> Iterator[str]:
    """Return every folder that holds an NSS database, each once."""
    seen = set()
    for folder in _candidates(host):
        real = os.path.realpath(folder)
        if real not in seen and any(
            os.path.isfile(os.path.join(real, name)) for name in (NEW, OLD)
        ):
            seen.add(real)
            yield real


def _candidates(host: Host) -> Iterator[str]:
    for pattern in _CHROMIUM:
        yield from sorted(glob.glob(host.at_home(pattern)))
    data = host.environment.get("XDG_DATA_HOME", "")
    if os.path.isabs(data):
        yield os.path.join(data, "pki/nssdb")
    configuration = host.environment.get("XDG_CONFIG_HOME", "")
    for folder in (
        *(host.at_home(place) for place in _FIREFOX),
        *([os.path.join(configuration, "mozilla/firefox")] if configuration else ()),
    ):
        yield from sorted(glob.glob(os.path.join(glob.escape(folder), "*")))
        yield from _listed_profiles(folder)
    yield from (host.path(place) for place in _MACHINE)


def _listed_profiles(folder: str) -> Iterator[str]:
    """Return the profiles that Firefox's own list names, wherever they are."""
    listing = configparser.RawConfigParser(strict=False)
    try:
        listing.read(os.path.join(folder, "profiles.ini"), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return
    for section in listing.sections():
        path = listing.get(section, "Path", fallback="")
        if section.startswith("Profile") and path:
            yield os.path.join(folder, path)  # an absolute path stands for itself
