"""Files that git leaves out: .gitignore, .ignore and .git/info/exclude.

As gitignore(5): the last pattern that matches decides, a deeper file before one
above, `!` takes back, and below a folder that is left out nothing is taken back.
As git does, names are matched by their bytes: `?` is no letter that takes two.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from tlsmith.scan.glob import expression
from tlsmith.scan.regular import read

FILES = (".gitignore", ".ignore")
_LARGEST = 1 << 20
_WILD = re.compile(r"[*?\[\\]")


@dataclass(frozen=True)
class _Line:
    pattern: re.Pattern[str]
    taken_back: bool
    folders_only: bool
    anchored: bool


class Ignoring:
    """The patterns of one folder, and of those above it.

    Args:
        texts: What its files say, the least important first.
        prefix: Where it lies below the folder that `above` is for.
        above: The patterns of the folder it is in.
    """

    def __init__(
        self, texts: list[str], prefix: str = "", above: Ignoring | None = None
    ) -> None:
        self._lines = [line for text in texts for line in _lines(text)][::-1]
        self._prefix = _bytewise(prefix)
        self._above = above

    def leaves_out(self, path: str, folder: bool) -> bool:
        """Whether a path, below this folder, is left out."""
        return bool(self._decision(_bytewise(path), folder))

    def _decision(self, path: str, folder: bool) -> bool | None:
        name = path.rpartition("/")[2]
        for line in self._lines:
            if line.folders_only and not folder:
                continue
            if line.pattern.fullmatch(path if line.anchored else name):
                return not line.taken_back
        if self._above is None:
            return None
        return self._above._decision(f"{self._prefix}/{path}", folder)


def _bytewise(text: str) -> str:
    """A name with a character for each of its bytes."""
    return text if text.isascii() else os.fsencode(text).decode("latin-1")


def _lines(text: str) -> list[_Line]:
    lines = (_line(raw.removesuffix("\r")) for raw in text.split("\n"))
    return [line for line in lines if line is not None]


def _line(raw: str) -> _Line | None:
    if raw.startswith("#"):
        return None
    text = _trimmed(raw)
    taken_back = text.startswith("!")
    text = text[1:] if taken_back else text
    folders_only = text.endswith("/")
    text = text[:-1] if folders_only else text
    if not text:
        return None
    anchored = "/" in text
    text = text.removeprefix("/") if anchored else text
    # What stands before the first wildcard is compared by itself: `a**/b` is `a` and
    # then `**/b`.
    wild = _WILD.search(text)
    plain = wild.start() if wild else len(text)
    pattern = re.escape(text[:plain]) + expression(text[plain:])
    return _Line(re.compile(pattern, re.DOTALL), taken_back, folders_only, anchored)


def _trimmed(line: str) -> str:
    """A line without the spaces at its end; those behind a backslash are meant."""
    end = len(line.rstrip(" "))
    slashes = end - len(line[:end].rstrip("\\"))
    return line[: end + slashes % 2] if end < len(line) else line


def ignoring_of(
    folder: str, names: set[str], prefix: str, above: Ignoring | None
) -> Ignoring | None:
    """What a folder's own files leave out, with what those above do.

    Args:
        folder: Where it is.
        names: The names of what is in it.
        prefix: Its name in the folder above.
        above: What the folders above it leave out, or None if they say nothing.
    """
    texts = [_read(os.path.join(folder, name)) for name in FILES if name in names]
    if ".git" in names:
        above = None  # what is said above is said of another repository
        file = _exclude_file(os.path.join(folder, ".git"))
        texts.insert(0, _read(file, follow=True))
    texts = [text for text in texts if text]
    if not texts and above is None:
        return None
    return Ignoring(texts, prefix, above)


def _exclude_file(git: str) -> str:
    """Where a repository keeps its own patterns.

    In a worktree and in a submodule `.git` is a file that says where the folder is,
    and in a worktree's a file says where the folder is that all of them share.
    """
    if os.path.isfile(git):
        told = _read(git).removeprefix("gitdir:").strip()
        git = os.path.join(os.path.dirname(git), told)
        shared = _read(os.path.join(git, "commondir")).strip()
        git = os.path.join(git, shared) if shared else git
    return os.path.join(git, "info", "exclude")


def _read(name: str, *, follow: bool = False) -> str:
    """What a file says, a character for each byte; nothing if it is no regular file.

    In a tree git follows no links to them.
    """
    try:
        data = read(name, _LARGEST, follow=follow)
    except (OSError, ValueError):
        return ""
    return (data or b"").removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def ignoring_above(folder: str) -> Ignoring | None:
    """What the folders between a folder and its repository's top leave out."""
    folder = os.path.abspath(folder)
    chain = [folder]
    while not os.path.exists(os.path.join(chain[-1], ".git")):
        parent = os.path.dirname(chain[-1])
        if parent == chain[-1]:
            return None
        chain.append(parent)
    found: Ignoring | None = None
    for place in reversed(chain[1:]):
        prefix = os.path.basename(place) if found is not None else ""
        found = ignoring_of(place, _names(place), prefix, found)
    return found


def _names(folder: str) -> set[str]:
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()
