"""The files below a folder, and those that are left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tlsmith.scan.walk import Choice, Skipped, walk


def walked(
    top: Path, choice: Choice | None = None
) -> tuple[list[str], dict[str, list[str]]]:
    skipped = Skipped()
    found = [
        os.path.relpath(path, top)
        for path in walk(str(top), choice or Choice(), skipped)
    ]
    reasons = {
        reason: [os.path.relpath(path, top) for path in paths]
        for reason, paths in skipped.by_reason.items()
    }
    return found, reasons


def made(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("x")


def test_files_come_in_order_of_name(tmp_path: Path) -> None:
    made(tmp_path, "b/2", "b/1", "a", "c", "b/d/3")
    assert walked(tmp_path) == (["a", "c", "b/1", "b/2", "b/d/3"], {})


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    made(tmp_path, "node_modules/a.js", "a.png", "A.PNG", "go.sum", "a.min.js")
    made(tmp_path, ".git/x", "sub/.hg/x", "kept.py", "made/x.py", "ignored")
    (tmp_path / ".gitignore").write_text("ignored\n")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to("nowhere")
    choice = Choice(excludes=lambda path: "made" in path.split("/"))
    found, reasons = walked(tmp_path, choice)
    assert found == [".gitignore", "kept.py"]
    assert {reason: sorted(paths) for reason, paths in reasons.items()} == {
        "vendored": ["node_modules"],
        "binary": ["A.PNG", "a.png"],
        "generated": ["a.min.js", "go.sum"],
        "ignored by git": ["ignored"],
        "special file": ["pipe"],
        "link": ["dangling", "loop"],
        "excluded": ["made"],
    }


def test_all_is_read_if_asked_for(tmp_path: Path) -> None:
    made(tmp_path, "node_modules/a.js", "ignored")
    (tmp_path / ".gitignore").write_text("ignored\n")
    found, _ = walked(tmp_path, Choice(ignore=False, vendored=True))
    assert found == [".gitignore", "ignored", "node_modules/a.js"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    made(tmp_path, "closed/a", "open/a")
    (tmp_path / "closed").chmod(0)
    assert walked(tmp_path) == (["open/a"], {"unreadable": ["closed"]})


def test_what_goes_while_we_walk_is_told(tmp_path: Path) -> None:
    made(tmp_path, "a", "b/1", "c/1")
    skipped = Skipped()
    found = walk(str(tmp_path), Choice(), skipped)
    assert os.path.basename(next(found)) == "a"
    (tmp_path / "b/1").unlink()
    (tmp_path / "b").rmdir()
    assert [os.path.basename(path) for path in found] == ["1"]
    assert list(skipped.by_reason) == ["unreadable"]


def test_a_path_that_is_too_long_is_told(tmp_path: Path) -> None:
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        for _ in range(25):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        Path("a").write_text("x")
    finally:
        os.chdir(before)
    found, reasons = walked(tmp_path)
    assert (found, list(reasons)) == ([], ["unreadable"])


def test_names_of_all_kinds(tmp_path: Path) -> None:
    names = ["a b", "a\nb", "ä", "\udcff", "-x", "*"]
    made(tmp_path, *names)
    assert walked(tmp_path) == (sorted(names), {})


def test_settings_beside_vendored_code_are_read(tmp_path: Path) -> None:
    for name in (".bundle/config", ".bundle/ruby/gem.rb", ".cargo/config.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    found, _ = walked(tmp_path, Choice(ignore=False))
    assert found == [".bundle/config", ".cargo/config.toml"]
