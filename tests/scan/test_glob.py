"""Patterns of paths."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tlsmith.scan.glob import is_match


@pytest.mark.parametrize(
    ("pattern", "path", "is_one"),
    [
        ("*.min.js", "a/b/c.min.js", True),
        ("*.min.js", "a/b/c.min.jsx", False),
        ("vendor/", "vendor/a/b.py", True),
        ("vendor/", "src/vendor/a.py", True),
        ("vendor", "src/vendored/a.py", False),
        ("tests/**", "tests/a/b.py", True),
        ("tests/**", "src/tests/a.py", False),
        ("**/tests/**", "src/tests/a.py", True),
        ("/src", "src/a.py", True),
        ("/src", "b/src/a.py", False),
        ("a/*/c.py", "a/b/c.py", True),
        ("a/*/c.py", "a/b/b/c.py", False),
        ("a/**/c.py", "a/c.py", True),
        ("a/**/c.py", "a/b/b/c.py", True),
        ("file[0-9].txt", "x/file7.txt", True),
        ("file[!0-9].txt", "x/file7.txt", False),
        ("a?c", "abc", True),
        ("a.b", "axb", False),
        ("./src/a.py", "./src/a.py", True),
        ("[", "[", False),
    ],
)
def test_patterns(pattern: str, path: str, is_one: bool) -> None:
    assert is_match(pattern, path) == is_one


@pytest.mark.skipif(not shutil.which("git"), reason="git judges this")
@pytest.mark.parametrize(
    "pattern",
    ["*.py", "a/", "a/b", "/a", "a/*", "a/**", "**/b", "a/**/c.py", "?.py", "[ab].py"],
)
def test_git_agrees(pattern: str, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text(pattern + "\n")
    paths = ["a.py", "c.txt", "a/b/c.py", "a/c.py", "b/a/x.py", "x/b/y.txt", "z/b"]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *paths],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert [path for path in paths if is_match(pattern, path)] == done.stdout.split()
