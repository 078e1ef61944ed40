"""What a system makes of its roots, in the forms that clients read.

On a running system its own tool makes these. In an unpacked image nothing may be run,
so they are brought up to date here, in the way that the tool would have.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tlsmith.core import der
from tlsmith.core.formats import encode_pem
from tlsmith.truststores.base import Host, Root, certificates_in
from tlsmith.truststores.inside import (
    give_to_owner_of_folder,
    read_regular,
    write_regular,
)
from tlsmith.truststores.subject_hash import subject_hash

_BLOCK = re.compile(
    rb"^-----BEGIN (?:TRUSTED )?CERTIFICATE-----.*?^-----END [^\n]*(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_COMMENT = re.compile(rb"\n?^#[^\n]*\n\Z", re.MULTILINE)
_LINK_BY_HASH = re.compile(r"([0-9a-f]{8})\.([0-9]+)")


class Output(Protocol):
    """One form in which a system has its roots."""

    def places(self, host: Host) -> Sequence[str]:
        """Return the files and folders it is."""

    def add(self, host: Host, root: Root) -> None:
        """Put a root in, where the system has this form."""

    def drop(self, host: Host, root: Root) -> None:
        """Take a root out, if it is in."""

    def is_ours(self, host: Host, root: Root) -> bool:
        """Tell whether a root is in under our name."""


def pem_block(root: Root, *, trusted: bool = False) -> bytes:
    """Return a root as PEM; `trusted` with a name of its own, as OpenSSL has it."""
    if not trusted:
        return encode_pem("CERTIFICATE", root.der)
    # X509_CERT_AUX with an alias alone: trusted for every purpose.
    alias = der.sequence(der.encode(der.UTF8_STRING, root.label.encode()))
    return encode_pem("TRUSTED CERTIFICATE", root.der + alias)


@dataclass(frozen=True)
class Bundle:
    """A file of PEM blocks, one after another.

    Args:
        path: as the system has it.
        trusted: the blocks are OpenSSL's TRUSTED CERTIFICATE.
        named: a comment before each block names it.
    """

    path: str
    trusted: bool = False
    named: bool = False

    def places(self, host: Host) -> Sequence[str]:
        return (host.path(self.path),)

    def contains(self, host: Host, root: Root) -> bool:
        """Tell whether the root is in it."""
        return root.der in certificates_in(read_regular(host.path(self.path)) or b"")

    def is_ours(self, host: Host, root: Root) -> bool:
        data = read_regular(host.path(self.path)) or b""
        return self.named and f"# {root.label}\n".encode() in data

    def add(self, host: Host, root: Root) -> None:
        path = host.path(self.path)
        data = read_regular(path)
        if data is None or self._blocks(data, root):
            return
        if data and not data.endswith(b"\n"):
            data += b"\n"
        if self.named:
            data += (b"\n" if data else b"") + f"# {root.label}\n".encode()
        write_regular(path, data + pem_block(root, trusted=self.trusted))

    def drop(self, host: Host, root: Root) -> None:
        path = host.path(self.path)
        data = read_regular(path) or b""
        found = self._blocks(data, root)
        for start, end in reversed(found):
            comment = _COMMENT.search(data, 0, start) if self.named else None
            data = data[: comment.start() if comment else start] + data[end:]
        if found:
            write_regular(path, data)

    def _blocks(self, data: bytes, root: Root) -> list[tuple[int, int]]:
        """Return where the root's blocks start and end."""
        return [
            block.span()
            for block in _BLOCK.finditer(data)
            if any(d.startswith(root.der) for d in certificates_in(block[0]))
        ]


@dataclass(frozen=True)
class HashFolder:
    """A folder where OpenSSL finds a root by the hash of its subject.

    Args:
        path: as the system has it.
        entry: name of a root's own entry, with {label}.
        target: where that leads, as the system sees it; a file of its own where empty.
        elsewhere: the entries are in this other folder; here are links by hash alone.
        always: it is used even before there is any link in it, where this is there.
    """

    path: str
    entry: str = "{label}.pem"
    target: str = ""
    elsewhere: str = ""
    trusted: bool = False
    always: str = ""

    def places(self, host: Host) -> Sequence[str]:
        return (host.path(self.path),)

    def is_used(self, host: Host) -> bool:
        """Tell whether roots are found by hash here."""
        folder = host.path(self.path)
        if self.always and os.path.lexists(host.path(self.always)):
            return os.path.isdir(folder)
        return next(links_by_hash(folder), None) is not None

    def finds(self, host: Host, root: Root) -> bool:
        """Tell whether OpenSSL would find the root."""
        start = f"{self.path}/{subject_hash(root.der)}."
        number = 0
        while os.path.lexists(os.path.join(host.path(self.path), _name(start, number))):
            data = read_regular(host.path(f"{start}{number}"))
            if any(d.startswith(root.der) for d in certificates_in(data or b"")):
                return True
            number += 1
        return False

    def has_gap(self, host: Host, root: Root) -> bool:
        """Tell whether a number is missing among the links with the root's hash."""
        start = f"{subject_hash(root.der)}."
        found = {
            n for n, _ in links_by_hash(host.path(self.path)) if n.startswith(start)
        }
        return any(f"{start}{number}" not in found for number in range(len(found)))

    def is_ours(self, host: Host, root: Root) -> bool:
        return os.path.lexists(self._entry(host, root)) and not self.elsewhere

    def add(self, host: Host, root: Root) -> None:
        if not self.is_used(host) or self.finds(host, root):
            return
        folder, entry = host.path(self.path), self._entry(host, root)
        if not self.elsewhere:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(entry)
            if self.target:
                _link(self.target.format(label=root.label), entry)
            else:
                block = pem_block(root, trusted=self.trusted)
                write_regular(entry, block, mode=0o444)
        start, number = subject_hash(root.der), 0
        while os.path.lexists(os.path.join(folder, f"{start}.{number}")):
            number += 1
        _link(self._leads_to(root), os.path.join(folder, f"{start}.{number}"))

    def drop(self, host: Host, root: Root) -> None:
        folder = host.path(self.path)
        names = {self.entry.format(label=root.label)}
        if not self.target.startswith("/"):
            names |= set(self._names_of(host, root))
        for name in names:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(os.path.join(folder, name))
        drop_links(folder, {*names, self._leads_to(root)})

    def _names_of(self, host: Host, root: Root) -> Iterator[str]:
        """Yield what leads to `root`, under the name that p11-kit gives it."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            for name in os.listdir(host.path(self.path)):
                if not (name.endswith(".pem") or _LINK_BY_HASH.fullmatch(name)):
                    continue
                place = host.path(f"{self.path}/{name}")
                found = certificates_in(_plain(place))
                if len(found) == 1 and found[0].startswith(root.der):
                    yield name

    def _entry(self, host: Host, root: Root) -> str:
        return os.path.join(host.path(self.path), self.entry.format(label=root.label))

    def _leads_to(self, root: Root) -> str:
        return os.path.join(self.elsewhere, self.entry.format(label=root.label))


@dataclass(frozen=True)
class EFIList:
    """Roots for UEFI firmware: an EFI_SIGNATURE_LIST for each certificate."""

    path: str
    _KIND = bytes.fromhex("a159c0a5e494a74a87b5ab155c2bf072")  # EFI_CERT_X509_GUID
    # Whose entry it is: p11-kit gives this one to all.
    _OWNER = bytes.fromhex("503bdddc05f4fd4396bebd33b1734776")

    def places(self, host: Host) -> Sequence[str]:
        return (host.path(self.path),)

    def is_ours(self, host: Host, root: Root) -> bool:
        return False  # it has no names

    def add(self, host: Host, root: Root) -> None:
        path = host.path(self.path)
        data = read_regular(path)
        if data is not None and root.der not in data:
            write_regular(path, data + self._list(root))

    def drop(self, host: Host, root: Root) -> None:
        path = host.path(self.path)
        data = read_regular(path) or b""
        if self._list(root) in data:
            write_regular(path, data.replace(self._list(root), b""))

    def _list(self, root: Root) -> bytes:
        signature = self._OWNER + root.der
        sizes = (28 + len(signature), 0, len(signature))
        return self._KIND + b"".join(s.to_bytes(4, "little") for s in sizes) + signature


def links_by_hash(folder: str) -> Iterator[tuple[str, str]]:
    """Yield each link such as "5ad8a5d6.0" in a folder, and where it points."""
    with (
        contextlib.suppress(FileNotFoundError, NotADirectoryError),
        os.scandir(folder) as entries,
    ):
        for entry in entries:
            if _LINK_BY_HASH.fullmatch(entry.name) and entry.is_symlink():
                yield entry.name, os.readlink(entry.path)


def drop_links(folder: str, targets: set[str]) -> None:
    """Delete links by hash to `targets`, and number the rest of each hash from 0.

    OpenSSL stops at the first number that is missing.
    """
    for name, found in list(links_by_hash(folder)):
        if found in targets:
            os.unlink(os.path.join(folder, name))
    numbers: dict[str, list[int]] = {}
    for name, _ in links_by_hash(folder):
        start, _, number = name.partition(".")
        numbers.setdefault(start, []).append(int(number))
    for start, there in numbers.items():
        path = os.path.join(folder, start)
        for wanted, current in enumerate(sorted(there)):
            if current != wanted:
                os.rename(f"{path}.{current}", f"{path}.{wanted}")


def _plain(path: str) -> bytes:
    """Return the bytes of a file; none of anything else."""
    return (os.path.isfile(path) and read_regular(path)) or b""


def _link(target: str, path: str) -> None:
    os.symlink(target, path)
    give_to_owner_of_folder(path)


def _name(start: str, number: int) -> str:
    return f"{os.path.basename(start)}{number}"
