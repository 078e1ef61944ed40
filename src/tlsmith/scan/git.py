"""What git knows of a folder: files that changed, what is staged, every version.

Nothing that a repository's own configuration names is run: it may be anybody's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, NamedTuple, cast

from tlsmith.errors import InputError, TLSmithError

_SAFE = (
    "git",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=" + os.devnull,
    "-c",
    "core.quotePath=false",
    "-c",
    "diff.external=",
    "-c",
    "log.showSignature=false",
)
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_DIFF = ("--no-ext-diff", "--no-textconv", "--no-renames", "-z", "--diff-filter=d")


class Version(NamedTuple):
    """A file as it once was: its object, its path in the repository, who brought it."""

    blob: str
    path: str
    commit: str | None = None


class Repository:
    """A working tree of git.

    Args:
        path: A file or folder in it.

    Raises:
        InputError: It is in none.
        TLSmithError: git is not there, or refuses.
    """

    def __init__(self, path: str) -> None:
        start = path if os.path.isdir(path) else os.path.dirname(path) or "."
        try:
            self.top = os.fsdecode(_run(start, "rev-parse", "--show-toplevel"))
        except TLSmithError as error:
            if error.code == "no-git":
                raise
            raise InputError(
                f"{path!r} is in no git repository",
                code="no-repository",
                hint=f"git says: {error.message}",
            ) from error
        self.top = self.top.rstrip("\n")

    def commit(self, revision: str) -> str:
        """The commit that a revision means.

        Raises:
            InputError: It means none.
        """
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options")
        try:
            return _run(self.top, *words, f"{revision}^{{commit}}").decode().strip()
        except TLSmithError as error:
            raise InputError(
                f"there is no revision {revision!r} in {self.top!r}",
                code="no-revision",
                hint="a shallow clone may lack it: git fetch --unshallow",
            ) from error

    def changed(self, commit: str, paths: Sequence[str]) -> list[str]:
        """Files that are not as in a commit, new ones among them."""
        changed = _run(
            self.top, "diff", "--name-only", *_DIFF, commit, "--", *self._specs(paths)
        )
        listed = ("ls-files", "--others", "--exclude-standard", "-z")
        new = _run(self.top, *listed, "--", *self._specs(paths))
        return sorted(
            {os.fsdecode(name) for name in (changed + new).split(b"\0") if name}
        )

    def staged(self, paths: Sequence[str]) -> list[Version]:
        """What the next commit would change."""
        told = _run(
            self.top, "diff", "--cached", "--raw", "--no-abbrev", *_DIFF, "--",
            *self._specs(paths),
        )  # fmt: skip
        return list(_versions(told))

    def history(self, paths: Sequence[str]) -> Iterator[Version]:
        """Every version of every file, each with the first commit that has it."""
        told = _run(
            self.top, "log", "--all", "--reverse", "--root", "-m", "--format=%x00%H",
            "--raw", "--no-abbrev", *_DIFF, "--", *self._specs(paths),
        )  # fmt: skip
        seen = set()
        for version in _versions(told):
            if version[:2] not in seen:
                seen.add(version[:2])
                yield version

    def contents(
        self, versions: Iterable[Version], largest: int
    ) -> Iterator[tuple[Version, bytes | None]]:
        """The bytes of each version; None where there are too many."""
        with _objects(self.top) as (ask, answer):
            for version in versions:
                ask.write(version.blob.encode() + b"\n")
                ask.flush()
                head = answer.readline().split()
                if len(head) != 3:  # missing: a partial clone
                    continue
                size = int(head[2])
                if size > largest:
                    _pass(answer, size)
                    yield version, None
                else:
                    yield version, answer.read(size)
                answer.read(1)

    def _specs(self, paths: Sequence[str]) -> list[str]:
        """The paths as seen from the top of the tree."""
        top = os.path.realpath(self.top)
        return [os.path.relpath(os.path.realpath(path), top) for path in paths]


def _pass(answer: IO[bytes], size: int) -> None:
    while size > 0:
        size -= len(answer.read(min(size, 1 << 20))) or size


def _versions(told: bytes) -> Iterator[Version]:
    """What `--raw -z` tells: `:mode mode blob blob status`, then the path."""
    commit = None
    pieces = iter(told.split(b"\0"))
    for piece in pieces:
        line = piece.strip(b"\n")
        if line.startswith(b":"):
            _, mode, _, blob, _ = line.split(b" ")
            path = os.fsdecode(next(pieces))
            if mode in (b"100644", b"100755"):
                yield Version(blob.decode(), path, commit)
        elif line:
            commit = line.decode()


@contextmanager
def _objects(folder: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    process = subprocess.Popen(
        [*_SAFE, "cat-file", "--batch"],
        cwd=folder,
        env={**os.environ, **_ENVIRONMENT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    ask, answer = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
    try:
        yield ask, answer
    finally:
        ask.close()
        answer.close()
        process.wait()


def _run(folder: str, *words: str) -> bytes:
    try:
        done = subprocess.run(
            [*_SAFE, *words],
            cwd=folder,
            env={**os.environ, **_ENVIRONMENT},
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise TLSmithError(
            "git cannot be run",
            code="no-git",
            hint="install git, or leave the option out",
        ) from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise TLSmithError(
            lines[0].removeprefix("fatal: ") if lines else f"git {words[0]} failed",
            code="git-failed",
        )
    return done.stdout
