"""Bundles: the public roots this machine has, the local CA's, and a person's own.

Where a variable replaces what a client trusts, it must lead to a file that has all of
these. Such a file is built from others, and is built again when one of them changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from tlsmith.core.formats import encode_chain
from tlsmith.errors import FileError
from tlsmith.files import read_file, write_file
from tlsmith.files.atomic import remove_quietly
from tlsmith.truststores.base import certificates_in

FOLDER = "bundles"
_KEPT = "kept-roots.pem"
_VERSION = 1
# Where systems keep their roots as one PEM file, the first that has any is taken.
SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # RHEL, Fedora
    "/etc/pki/tls/certs/ca-bundle.crt",  # older RHEL, Amazon Linux
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",  # Arch
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/var/lib/ca-certificates/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, Alpine, BSD
    "/opt/homebrew/etc/ca-certificates/cert.pem",
    "/usr/local/etc/ssl/cert.pem",  # FreeBSD
    "/usr/local/etc/ca-certificates/cert.pem",
)
# Folders of the same roots, one file each: nothing in them is a person's own.
SYSTEM_FOLDERS = ("/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/ca-certificates")

Locate = Callable[[str], str]
Stamp = list[Any]


class Bundle(NamedTuple):
    """A file of roots that is up to date.

    Args:
        path: absolute.
        public: the file the public roots are from; empty where there are none, or none
            were wanted.
        sources: files and folders of the person's own that were folded in.
        certificates: how many are in it.
        rebuilt: whether it was written just now.
    """

    path: str
    public: str
    sources: tuple[str, ...]
    certificates: int
    rebuilt: bool


def system_bundle(locate: Locate = str) -> str | None:
    """Return the file with the system's roots, else that of certifi, else None.

    Args:
        locate: turns a path of the system into the one to look at.
    """
    for path in map(locate, SYSTEM_BUNDLES):
        with contextlib.suppress(FileError):
            if b"-----BEGIN CERTIFICATE-----" in read_file(path):
                return path
    with contextlib.suppress(ImportError):
        import certifi

        return str(certifi.where())
    return None


def refresh_bundle(
    home: str,
    roots: Sequence[bytes],
    sources: Iterable[str] = (),
    *,
    public: str | None,
) -> Bundle:
    """Return the bundle of these, built only where something changed since.

    Args:
        home: the folder of the local CA.
        roots: DER, of the local CA.
        sources: files or folders to fold in; what cannot be read any more is left out.
        public: file with public roots; None for a bundle of our own roots alone.

    Raises:
        FileError: it cannot be written.
    """
    folded = tuple(sorted(dict.fromkeys(map(os.path.abspath, sources))))
    path = bundle_path(home, folded, with_public=public is not None)
    files = [*([public] if public else []), *folded]
    marks = [hashlib.sha256(root).hexdigest() for root in roots]
    wanted = {
        "version": _VERSION,
        "public": public or "",
        "sources": list(folded),
        "inputs": [_stamp(file) for file in files],
        "roots": marks,
    }
    state = _load(path)
    if {k: state.get(k) for k in wanted} == wanted and state["output"] == _stamp(path):
        count = int(state["certificates"])
        return Bundle(path, public or "", folded, count, rebuilt=False)
    ders = list(dict.fromkeys([*roots, *(d for f in files for d in _read(f))]))
    rebuilt = _write(path, encode_chain(ders))
    facts = wanted | {"output": _stamp(path), "certificates": len(ders)}
    write_file(f"{path}.json", json.dumps(facts, indent=1).encode())
    return Bundle(path, public or "", folded, len(ders), rebuilt)


def refresh_all(home: str, roots: Sequence[bytes], locate: Locate = str) -> list[str]:
    """Bring every bundle below `home` up to date; return those that were rebuilt.

    One that our roots were taken out of is left without.

    Args:
        roots: DER, to be in each; none, to take ours out of programs that still run.

    Raises:
        FileError: one cannot be written.
    """
    folder = os.path.join(home, FOLDER)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    rebuilt, public = [], system_bundle(locate)
    for name in names:
        path = os.path.join(folder, name)
        state = _load(path)
        if not state.get("roots"):
            continue
        with_public = public if name.startswith("bundle") else None
        new = refresh_bundle(home, roots, state["sources"], public=with_public)
        if new.rebuilt:
            rebuilt.append(new.path)
    return rebuilt


def known_roots(home: str) -> list[bytes]:
    """Return the roots (DER) that belong into bundles: the local CA's, and kept ones.

    Raises:
        FileError: a CA's folder cannot be read.
    """
    from tlsmith.local.authority import trusted_roots

    kept = _read(os.path.join(home, FOLDER, _KEPT))
    return list(dict.fromkeys([*trusted_roots(home), *kept]))


def keep_roots(home: str, roots: Sequence[bytes]) -> None:
    """Note roots (DER) of others than the local CA, for bundles to have from now on.

    Raises:
        FileError: they cannot be written.
    """
    new = [root for root in roots if root not in known_roots(home)]
    if new:
        path = os.path.join(home, FOLDER, _KEPT)
        _write(path, encode_chain([*_read(path), *new]))


def drop_roots(home: str, roots: Sequence[bytes] | None) -> None:
    """Forget roots (DER) of others than the local CA; all where None.

    Raises:
        FileError: they cannot be written.
    """
    path = os.path.join(home, FOLDER, _KEPT)
    kept = _read(path)
    left = [] if roots is None else [root for root in kept if root not in roots]
    if left:
        _write(path, encode_chain(left))
    elif kept:
        remove_quietly(path)


def bundle_path(home: str, sources: Sequence[str], *, with_public: bool) -> str:
    """Return where the bundle of these sources is: each set of sources has its own.

    What one project folds in, such as a CA for its tests, another shall not trust.
    """
    kind = "bundle" if with_public else "roots"
    mark = ""
    if sources:
        digest = hashlib.sha256("\0".join(sources).encode("utf-8", "surrogateescape"))
        mark = f"-{digest.hexdigest()[:12]}"
    return os.path.join(home, FOLDER, f"{kind}{mark}.pem")


def sources_of(path: str, home: str) -> tuple[str, ...] | None:
    """Return what was folded into one of our bundles; None for any other file."""
    folder = os.path.realpath(os.path.join(home, FOLDER))
    if os.path.dirname(os.path.realpath(path)) != folder:
        return None
    return tuple(_load(path).get("sources", ()))


def certificates_at(path: str) -> list[bytes]:
    """Return the DER certificates in a file, or in the files of a folder.

    Raises:
        FileError: it cannot be read.
    """
    if not os.path.isdir(path):
        return certificates_in(read_file(path))
    found: list[bytes] = []
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise FileError(f"cannot read {path!r}: {reason}", path=path) from error
    for name in names:
        file = os.path.join(path, name)
        if os.path.isfile(file):
            with contextlib.suppress(FileError):
                found += certificates_in(read_file(file))
    return list(dict.fromkeys(found))


def _read(path: str) -> list[bytes]:
    with contextlib.suppress(FileError):
        return certificates_at(path)
    return []


def _load(path: str) -> dict[str, Any]:
    """Return what is noted of a bundle; nothing where it is none of ours."""
    with contextlib.suppress(FileError, ValueError):
        state = json.loads(read_file(f"{path}.json"))
        if isinstance(state, dict) and state.get("version") == _VERSION:
            return state
    return {}


def _stamp(path: str) -> Stamp:
    """Return what tells whether a file is the same: size, and time to the nanosecond.

    Of a folder, that of each file in it: one replaced in place leaves the folder's own.
    """
    try:
        if os.path.isdir(path):
            names = sorted(os.listdir(path))
            return [path, *(_stamp(os.path.join(path, name))[1:] for name in names)]
        status = os.stat(path)
    except OSError:
        return [path]
    return [path, status.st_size, status.st_mtime_ns]


def _write(path: str, data: bytes) -> bool:
    """Write a bundle unless it is there already; tell whether it was written."""
    with contextlib.suppress(FileError):
        if read_file(path) == data:
            return False
    folder = os.path.dirname(path)
    try:
        os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
        # Whoever could write here would decide what is trusted: whatever the umask.
        os.makedirs(folder, mode=0o755, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileError(
            f"cannot keep a bundle in {folder!r}: {reason}",
            path=folder,
            hint="set TLSMITH_HOME to a folder of yours that can be written",
        ) from error
    write_file(path, data)
    return True
