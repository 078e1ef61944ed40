"""A machine as one person sees it: home, variables, the folder at work."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NAME = re.compile(r"\$(\w+)")
_ALONE = re.compile(r"\$\w+")


@dataclass(frozen=True)
class Machine:
    """Where to look.

    Args:
        environment: The variables of the person's environment.
        home: The person's home; None where there is none.
        folder: The folder at work.
        root: What stands before the system's own paths; `/` but in tests.
    """

    environment: Mapping[str, str]
    home: str | None
    folder: str
    root: str = "/"

    def files(self, pattern: str) -> Iterator[str]:
        """The regular files that a pattern of `places.toml` means, each as a path."""
        for expanded in self._expanded(pattern):
            found = glob.glob(expanded) if glob.has_magic(expanded) else [expanded]
            yield from (path for path in sorted(found) if os.path.isfile(path))

    def owns(self, path: str) -> bool:
        """Whether a file is the person's own: it lies below home."""
        if not self.home:
            return False
        home = os.path.realpath(self.home)
        return os.path.realpath(path).startswith(os.path.join(home, ""))

    def variable(self, name: str) -> str | None:
        """What a variable is set to; None if it is not, or to nothing."""
        if name == "XDG_CONFIG_HOME" and self.home:
            return self.environment.get(name) or os.path.join(self.home, ".config")
        return self.environment.get(name) or None

    def _expanded(self, pattern: str) -> Iterator[str]:
        names = _NAME.findall(pattern)
        if any(self.variable(name) is None for name in names):
            return
        if _ALONE.fullmatch(pattern):
            yield from map(glob.escape, self._named(self.variable(names[0]) or ""))
            return
        filled = _NAME.sub(
            lambda one: glob.escape(self.variable(one[1]) or ""), pattern
        )
        if filled.startswith("./"):
            yield from self._upward(filled[2:])
        elif filled.startswith("~/"):
            if self.home:
                yield os.path.join(glob.escape(self.home), filled[2:])
        elif pattern.startswith("/"):
            yield os.path.join(glob.escape(self.root), filled[1:])
        else:
            yield os.path.join(glob.escape(self.folder), filled)

    def _named(self, value: str) -> Iterator[str]:
        """The files that a variable names: one, or several as in KUBECONFIG."""
        whole = self.path(value)
        if os.path.lexists(whole):
            yield whole
            return
        yield from (self.path(part) for part in value.split(os.pathsep) if part)

    def path(self, written: str, folder: str | None = None) -> str:
        """The path that is meant by one that somebody wrote, as in a variable."""
        if written.startswith("~/") and self.home:
            return os.path.join(self.home, written[2:])
        return os.path.join(folder or self.folder, written)

    def _upward(self, name: str) -> Iterator[str]:
        """The nearest of a name, from the folder at work upward."""
        folder = os.path.abspath(self.folder)
        while True:
            path = os.path.join(glob.escape(folder), name)
            if os.path.isfile(os.path.join(folder, name)):
                yield path
                return
            above = os.path.dirname(folder)
            if above == folder:
                return
            folder = above
