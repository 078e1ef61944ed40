"""Where browsers keep NSS databases."""

from __future__ import annotations

import configparser
import contextlib
import glob
import os
from collections.abc import Iterable, Iterator

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


def chromium_database(host: Host) -> str:
    """Return the database that Chromium and its kin read, there or yet to be made.

    Since version 146 that is the one among the person's data, unless the old one is
    there: an old one that is empty would hide it.
    """
    old = host.at_home(".pki/nssdb")
    if os.path.isdir(old):
        return old
    data = host.environment.get("XDG_DATA_HOME", "")
    return os.path.join(
        data if os.path.isabs(data) else host.at_home(".local/share"), "pki/nssdb"
    )


def firefox_profile(host: Host) -> str | None:
    """Return the profile that Firefox starts with; None where there is none yet."""
    for folder in _firefox_folders(host):
        for profile in (*_default_profiles(folder), *_listed_profiles(folder)):
            if os.path.isfile(os.path.join(profile, NEW)):
                return profile
    return None


def firefox_databases(host: Host) -> Iterator[str]:
    """Return every profile of Firefox that holds a database, each once."""
    yield from _databases(_profiles(host))


def nss_databases(host: Host) -> Iterator[str]:
    """Return every folder that holds an NSS database, each once."""
    yield from _databases(_candidates(host))


def _databases(folders: Iterable[str]) -> Iterator[str]:
    seen = set()
    for folder in folders:
        real = os.path.realpath(folder)
        if real not in seen and is_database(real):
            seen.add(real)
            yield real


def is_database(folder: str) -> bool:
    """Tell whether a folder holds an NSS database."""
    return any(os.path.isfile(os.path.join(folder, name)) for name in (NEW, OLD))


def _candidates(host: Host) -> Iterator[str]:
    for pattern in _CHROMIUM:
        yield from sorted(glob.glob(host.at_home(pattern)))
    data = host.environment.get("XDG_DATA_HOME", "")
    if os.path.isabs(data):
        yield os.path.join(data, "pki/nssdb")
    yield from _profiles(host)
    yield from (host.path(place) for place in _MACHINE)


def _profiles(host: Host) -> Iterator[str]:
    for folder in _firefox_folders(host):
        yield from sorted(glob.glob(os.path.join(glob.escape(folder), "*")))
        yield from _listed_profiles(folder)


def _firefox_folders(host: Host) -> Iterator[str]:
    yield from (host.at_home(place) for place in _FIREFOX)
    settings = host.environment.get("XDG_CONFIG_HOME", "")
    if os.path.isabs(settings):
        yield os.path.join(settings, "mozilla/firefox")


def _listed_profiles(folder: str) -> Iterator[str]:
    """Return the profiles that Firefox's own list names, wherever they are."""
    listing = _listing(folder)
    for section in listing.sections():
        path = listing.get(section, "Path", fallback="")
        if section.startswith("Profile") and path:
            yield os.path.join(folder, path)  # an absolute path stands for itself


def _default_profiles(folder: str) -> Iterator[str]:
    """Return the profile that each installed Firefox starts with, as the list says."""
    listing = _listing(folder)
    for section in listing.sections():
        path = listing.get(section, "Default", fallback="")
        if section.startswith("Install") and path:
            yield os.path.join(folder, path)
    for section in listing.sections():
        path = listing.get(section, "Path", fallback="")
        if path and listing.get(section, "Default", fallback="") == "1":
            yield os.path.join(folder, path)


def _listing(folder: str) -> configparser.RawConfigParser:
    listing = configparser.RawConfigParser(strict=False)
    with contextlib.suppress(configparser.Error, UnicodeDecodeError, OSError):
        listing.read(os.path.join(folder, "profiles.ini"), encoding="utf-8")
    return listing
