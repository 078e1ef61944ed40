"""What git leaves out: patterns as git itself reads them."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tlsmith.scan.ignoring import Ignoring
from tlsmith.scan.walk import Choice, Skipped, walk

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git judges this")

NAMES = ["a", "b", "ab", "é", "aéb", "a.py", "x y", "[", "!a", "#a", "a\\b", "*", "z "]
PATTERNS = st.lists(
    st.sampled_from(
        [*"ab?*[]!^-\\/.# é", "**", "/**/", "[a-b]", "[!a]", "[[:alpha:]]", ".py", "\r"]
    ),
    max_size=7,
).map("".join)


def git(folder: Path, *words: str, given: str = "") -> list[str]:
    done = subprocess.run(
        ["git", "-c", "core.excludesFile=", *words],
        cwd=folder,
        input=os.fsencode(given),
        capture_output=True,
        check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
    )
    return [os.fsdecode(one) for one in done.stdout.split(b"\0") if one]


def read(top: Path) -> set[str]:
    found = walk(str(top), Choice(vendored=True), Skipped())
    return {os.path.relpath(path, top) for path in found}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("tree")
    git(top, "init", "-q")
    for first in NAMES:
        (top / f"d{first}").mkdir()
        (top / first).write_text("x")
        for second in NAMES:
            (top / f"d{first}" / second).write_text("x")
    for deep in ("a/b", "ab", "é/a"):
        folder = top / "deep" / deep
        folder.mkdir(parents=True)
        (folder / "a").write_text("x")
    return top


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(PATTERNS, min_size=1, max_size=4), st.sampled_from(["", "deep/", "da/"])
)
@example(["?", "[!a]"], "")
@example(["a**/b", "!*b"], "")
@example(["deep/**/a"], "")
@example(["z ", "z\\ ", "x y  "], "")
@example(["[a-", "\\", "a\\"], "")
@example(["[]-a]", "[!]a]"], "")
def test_git_leaves_out_the_same(tree: Path, lines: list[str], where: str) -> None:
    file = tree / where / ".gitignore"
    file.write_text("\n".join(lines) + "\n")
    try:
        listed = git(tree, "ls-files", "-z", "--others", "--exclude-standard")
        assert read(tree) == {name for name in listed}
    finally:
        file.unlink()


@pytest.mark.parametrize(
    ("text", "path", "is_out"),
    [
        ("?", "é", False),
        ("??", "é", True),
        ("[!a]", "é", False),
        ("*", "é", True),
        ("é*", "ét", True),
        ("\ufeffa", "a", False),
        ("a\r\nb\r", "b", True),
        ("# a", "# a", False),
        ("\\# a", "# a", True),
        ("a\x0bb\u2028c", "a", False),
    ],
)
def test_names_are_bytes(text: str, path: str, is_out: bool) -> None:
    ours = Ignoring([text.encode().decode("latin-1")])
    assert ours.leaves_out(path, False) == is_out


def test_a_pattern_cannot_keep_us_busy() -> None:
    patterns = ["*a" * 60 + "b", "**/a/" * 60 + "b", "x/" + "*a" * 60 + "/b"]
    ours = Ignoring(patterns)
    began = time.process_time()
    for path in ("a" * 250, "a/" * 1000 + "c", "x/" + "a" * 250 + "/c"):
        assert not ours.leaves_out(path, False)
    assert time.process_time() - began < 2


def test_a_mark_before_the_text_is_none_of_it(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b"\xef\xbb\xbfa\n")
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    assert read(tmp_path) == {".gitignore", "b"}


def test_what_a_repository_leaves_out_for_itself(tmp_path: Path) -> None:
    """In a worktree and in a submodule `.git` is a file."""
    main, other = tmp_path / "main", tmp_path / "other"
    main.mkdir()
    git(main, "init", "-q", "-b", "main")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    git(main, *who, "commit", "-q", "--allow-empty", "-m", "first")
    git(main, "worktree", "add", "-q", "-b", "other", str(other))
    (main / ".git/info/exclude").write_text("left\n")
    inner = main / "inner"
    git(main, *who, "-c", "protocol.file.allow=always", "submodule", "add", "-q",
        str(main), "inner")  # fmt: skip
    (main / ".git/modules/inner/info/exclude").write_text("only here\n")
    for folder in (main, other, inner):
        for name in ("left", "only here", "kept"):
            (folder / name).write_text("x")
    assert read(other) == {"only here", "kept"}
    assert read(main) == {
        ".gitmodules", "only here", "kept", "inner/left", "inner/kept"
    }  # fmt: skip
    assert read(inner) == {"left", "kept"}


def test_files_of_patterns_that_are_none(tmp_path: Path) -> None:
    """A pipe is not waited for, a link not followed, a folder no file."""
    for number in range(4):
        (tmp_path / f"d{number}").mkdir()
        (tmp_path / f"d{number}/a").write_text("x")
    (tmp_path / "patterns").write_text("a\n")
    os.mkfifo(tmp_path / "d0/.gitignore")
    (tmp_path / "d1/.gitignore").symlink_to(tmp_path / "patterns")
    (tmp_path / "d2/.gitignore").mkdir()
    (tmp_path / "d3/.git").write_text("gitdir: \0nowhere\n")
    assert read(tmp_path) == {
        "patterns",
        *(f"d{number}/a" for number in range(4)),
    }
