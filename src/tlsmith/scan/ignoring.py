"""Files that git leaves out: .gitignore, .ignore and .git/info/exclude.

As gitignore(5): the last pattern that matches decides, a deeper file before one
above, `!` takes back, and below a folder that is left out nothing is taken back.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from tlsmith.scan.glob import expression

FILES = (".gitignore", ".ignore")


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
        self._prefix = prefix
        self._above = above

    def leaves_out(self, path: str, folder: bool) -> bool:
        """Whether a path, below this folder, is left out."""
        decision = self._decision(path, folder)
        return bool(decision)

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


def _lines(text: str) -> list[_Line]:
    found = []
    for raw in text.splitlines():
        line = re.sub(r"(?<!\\) +$", "", raw)
        if not line or line.startswith("#"):
            continue
        taken_back = line.startswith("!")
        line = line[1:] if taken_back else line
        line = re.sub(r"\\(.)", r"[\1]" if re.search(r"\\[*?]", line) else r"\1", line)
        folders_only = line.endswith("/")
        line = line.rstrip("/")
        anchored = "/" in line
        try:
            pattern = re.compile(expression(line.lstrip("/")), re.DOTALL)
        except re.error:
            continue
        found.append(_Line(pattern, taken_back, folders_only, anchored))
    return found


def ignoring_of(folder: str, names: set[str], prefix: str, above: Ignoring | None) -> Ignoring | None:
    """What a folder's own files leave out, with what those above do.

    Args:
        folder: Where it is.
        names: The names of what is in it.
        prefix: Its name in the folder above.
        above: What the folders above it leave out, or None if they say nothing.
    """
    texts = [_read(os.path.join(folder, name)) for name in FILES if name in names]
    if ".git" in names:
        texts.insert(0, _read(os.path.join(folder, ".git", "info", "exclude")))
    texts = [text for text in texts if text]
    if not texts and above is None:
        return None
    return Ignoring(texts, prefix, above)


def _read(name: str) -> str:
    try:
        with open(name, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read(1 << 20)
    except OSError:
        return ""


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
        names = set(os.listdir(place)) if os.access(place, os.R_OK) else set()
        found = ignoring_of(place, names, prefix, found)
    return found
