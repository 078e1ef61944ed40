"""Which system this is, as far as its trust store goes: by what it says of itself."""

from __future__ import annotations

import os
import shlex
import sys

from tlsmith.errors import FileError
from tlsmith.truststores.base import Host
from tlsmith.truststores.inside import read_regular

# A word of ID or ID_LIKE in os-release, and the store of systems that have it.
_WORDS = {
    "debian": "debian",
    "ubuntu": "debian",
    "alpine": "alpine",
    "wolfi": "alpine",
    "chainguard": "alpine",
    "fedora": "rhel",
    "rhel": "rhel",
    "centos": "rhel",
    "amzn": "rhel",
    "ol": "rhel",
    "mariner": "rhel",
    "azurelinux": "rhel",
    "openeuler": "rhel",
    "arch": "arch",
    "archlinux": "arch",
    "manjaro": "arch",
    "suse": "suse",
    "opensuse": "suse",
    "sles": "suse",
}
# What tells where there is no os-release.
_SIGNS = {
    "debian": "/etc/debian_version",
    "alpine": "/etc/alpine-release",
    "rhel": "/etc/pki/ca-trust/source",
    "arch": "/etc/ca-certificates/trust-source",
    "suse": "/etc/pki/trust",
}
_RELEASES = ("/etc/os-release", "/usr/lib/os-release")
_COPIED = (
    "copy the root to /usr/local/share/ca-certificates as NAME.crt, and run "
    "update-ca-certificates"
)
_BY_HAND = {
    "nixos": "name the root's file in security.pki.certificateFiles, and run "
    "nixos-rebuild switch",
    "gentoo": _COPIED,
    "void": _COPIED,
    "photon": "copy the root to /etc/ssl/certs, and run rehash_ca_certificates.sh",
}


def system_of(host: Host) -> str | None:
    """Return the name of the system's own store; None where it is none we know."""
    release = os_release(host)
    for word in (release.get("ID", ""), *release.get("ID_LIKE", "").split()):
        known = _WORDS.get(word.lower())
        if known is not None:
            return known
    if release.get("ID"):
        return None
    for name, sign in _SIGNS.items():
        if os.path.exists(host.path(sign)):
            return name
    return None


def os_release(host: Host) -> dict[str, str]:
    """Return what os-release says; nothing where there is none to read."""
    for place in _RELEASES:
        try:
            data = read_regular(host.path(place))
        except FileError:
            continue
        if data is not None:
            return _assignments(data.decode(errors="replace"))
    return {}


def advice(host: Host) -> tuple[str, str] | None:
    """Return the system's name and what to do by hand, where its store is not known.

    None where it is known, or is no Linux.
    """
    if system_of(host) is not None or (host.root == "/" and sys.platform != "linux"):
        return None
    release = os_release(host)
    name = release.get("PRETTY_NAME") or release.get("ID") or "a system unknown to us"
    hint = _BY_HAND.get(release.get("ID", "").lower())
    return name, hint or "see its manual for how it is given a root certificate"


def _assignments(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        name, sign, value = line.strip().partition("=")
        if not sign or name.startswith("#"):
            continue
        try:
            words = shlex.split(value)
        except ValueError:  # a quote that is not closed
            continue
        found[name] = words[0] if words else ""
    return found
