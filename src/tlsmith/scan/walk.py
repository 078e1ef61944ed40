"""The files below a path that are worth reading, and why others are not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tlsmith.scan.ignoring import Ignoring, ignoring_above, ignoring_of

VENDORED = frozenset(
    [
        "node_modules", "bower_components", "jspm_packages", "vendor", "third_party",
        "thirdparty", "third-party", ".venv", "venv", "site-packages", "dist-packages",
        "__pycache__", ".tox", ".nox", ".eggs", "Pods", "Carthage",
        ".terraform", "_vendor", "vendored", ".yarn", ".pnpm-store",
    ]
)  # fmt: skip
_HOLDERS = frozenset([".cargo", ".gradle", ".bundle"])
"""What tools keep their settings in, and below it other people's code."""
REPOSITORIES = frozenset([".git", ".hg", ".svn", ".bzr", "CVS", ".jj"])
_BINARY = frozenset(
    [
        "png", "jpg", "jpeg", "gif", "bmp", "ico", "webp", "tif", "tiff", "avif",
        "heic", "psd", "pdf", "zip", "gz", "tgz", "bz2", "xz", "zst", "lz4", "7z",
        "rar", "tar", "jar", "war", "ear", "class", "pyc", "pyo", "so", "o", "a", "dll",
        "exe", "dylib", "lib", "obj", "bin", "dat", "db", "sqlite", "sqlite3", "wasm",
        "woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4", "ogg", "wav", "flac", "avi",
        "mov", "mkv", "webm", "m4a", "deb", "rpm", "apk", "iso", "img", "dmg", "msi",
        "cab", "whl", "egg", "gem", "node", "pdb", "mo", "pack", "idx", "parquet",
        "npy", "npz", "pkl", "onnx", "pt", "safetensors", "gguf", "h5", "swf", "xcf",
        "ai", "eps", "blend", "fbx", "glb",
    ]
)  # fmt: skip
_GENERATED = (".min.js", ".min.css", ".min.mjs", ".bundle.js", ".map", "-lock.json")
_LOCKS = frozenset(
    [
        "package-lock.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "go.sum",
        "Cargo.lock",
        "poetry.lock",
        "composer.lock",
        "Gemfile.lock",
        "uv.lock",
        "Pipfile.lock",
    ]
)


@dataclass
class Skipped:
    """What was left out: paths by reason."""

    by_reason: dict[str, list[str]] = field(default_factory=dict)

    def add(self, path: str, reason: str) -> None:
        """Leave a path out."""
        self.by_reason.setdefault(reason, []).append(path)

    def __len__(self) -> int:
        return sum(map(len, self.by_reason.values()))


@dataclass(frozen=True)
class Choice:
    """Which files are wanted.

    Args:
        ignore: Whether what git leaves out is left out.
        excludes: Says of a path whether the user leaves it out.
        vendored: Whether other people's code in the tree is read as well.
    """

    ignore: bool = True
    excludes: Callable[[str], bool] | None = None
    vendored: bool = False


def walk(top: str, choice: Choice, skipped: Skipped) -> Iterator[str]:
    """The files below a folder, as paths that begin with it, in order of name.

    No link is followed: what it leads to is read where it is, or is somebody else's.
    """
    above = ignoring_above(top) if choice.ignore else None
    stack: list[tuple[str, str, Ignoring | None]] = [
        (top, os.path.basename(os.path.abspath(top)), above)
    ]
    while stack:
        folder, name, ignoring = stack.pop()
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            skipped.add(folder, "unreadable")
            continue
        if choice.ignore:
            names = {entry.name for entry in listed}
            ignoring = ignoring_of(folder, names, name, ignoring)
        below = []
        for entry in listed:
            try:
                kind = _kind(entry, choice, ignoring, skipped)
            except OSError:
                skipped.add(_path(entry), "unreadable")
                continue
            if kind == "folder":
                below.append((_path(entry), entry.name, ignoring))
            elif kind == "file":
                yield _path(entry)
        stack += reversed(below)


def _path(entry: os.DirEntry[str]) -> str:
    return entry.path.removeprefix("./")


def _kind(
    entry: os.DirEntry[str], choice: Choice, ignoring: Ignoring | None, skipped: Skipped
) -> str:
    """`folder`, `file`, or nothing if it is left out."""
    name = entry.name
    folder = entry.is_dir(follow_symlinks=False)
    if name in REPOSITORIES and (folder or name == ".git"):
        return ""
    reason = _reason(entry, folder, choice, ignoring)
    if reason:
        skipped.add(_path(entry), reason)
        return ""
    return "folder" if folder else "file"


def _reason(
    entry: os.DirEntry[str], folder: bool, choice: Choice, ignoring: Ignoring | None
) -> str:
    name = entry.name
    if ignoring is not None and ignoring.leaves_out(name, folder):
        return "ignored by git"
    if folder:
        above = os.path.dirname(_path(entry)).split("/")[-1:]
        theirs = not choice.vendored and is_vendored([*above, name])
        reason = "vendored" if theirs else ""
    elif not entry.is_file(follow_symlinks=False):
        reason = "link" if entry.is_symlink() else "special file"
    else:
        reason = _reason_of_name(name)
    if not reason and choice.excludes is not None and choice.excludes(_path(entry)):
        return "excluded"
    return reason


def is_vendored(folders: Sequence[str]) -> bool:
    """Whether other people's code is what folders, each in the one before, hold."""
    return not VENDORED.isdisjoint(folders) or not _HOLDERS.isdisjoint(folders[:-1])


def _reason_of_name(name: str) -> str:
    """Why a file is left out for its name; nothing if it is not."""
    _, dot, extension = name.rpartition(".")
    if dot and extension.lower() in _BINARY:
        return "binary"
    return "generated" if name in _LOCKS or name.endswith(_GENERATED) else ""
