"""What git knows: files that changed, what is staged, every version."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scan_findings import RULE
from tlsmith.errors import InputError, TLSmithError
from tlsmith.scan.engine import Options, Scan
from tlsmith.scan.git import Repository
from tlsmith.scan.rule import Rule
from tlsmith.scan.versions import scan_changed, scan_history, scan_staged
from tlsmith.scan.walk import Choice

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="it asks git")

BAD = "requests.get(url, verify=False)\n"
RULES = [
    Rule(
        **{
            **RULE.__dict__,
            "anchor": r"verify=False",
            "match": {"kind": "text", "zone": "any"},
        }
    )
]
OPTIONS = Options(RULES, jobs=1)


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A repository we are in, and git to be called there."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)

    def run(*words: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        done = subprocess.run(
            ["git", *who, *words], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    run("init", "-q", "-b", "main")
    Path("old.py").write_text(BAD)
    run("add", ".")
    run("commit", "-qm", "first")
    return run


def told(scan: Scan) -> list[tuple[str, int]]:
    return [(one.path, one.line) for one in scan.findings]


def test_only_what_changed_is_read(git: Callable[..., str]) -> None:
    Path("new file.py").write_text(BAD)
    Path("committed.py").write_text(BAD)
    git("add", "committed.py")
    git("commit", "-qm", "second")
    Path(".gitignore").write_text("left.py\n")
    Path("left.py").write_text(BAD)
    result = scan_changed(["."], "HEAD~1", OPTIONS, None)
    assert told(result) == [("committed.py", 1), ("new file.py", 1)]
    Path("old.py").unlink()
    assert ("old.py", 1) not in told(scan_changed(["."], "HEAD", OPTIONS, None))


def test_what_is_staged_is_read_as_it_is_staged(git: Callable[..., str]) -> None:
    Path("sub").mkdir()
    Path("sub/a.py").write_text(BAD)
    Path("old.py").write_text("# moved\n" + BAD)
    git("add", ".")
    Path("sub/a.py").write_text("nothing\n")
    Path("unstaged.py").write_text(BAD)
    assert told(scan_staged(["."], OPTIONS, None)) == [("old.py", 2), ("sub/a.py", 1)]
    assert told(scan_staged(["sub"], OPTIONS, None)) == [("sub/a.py", 1)]
    os.chdir("sub")
    assert told(scan_staged(["."], OPTIONS, None)) == [("a.py", 1)]


def test_history_tells_what_is_gone_and_where_it_came_in(
    git: Callable[..., str],
) -> None:
    first = git("rev-parse", "HEAD")
    Path("old.py").write_text("# changed\n" + BAD)
    git("commit", "-qam", "moved")
    Path("old.py").unlink()
    git("commit", "-qam", "gone")
    git("checkout", "-qb", "other")
    Path("other.py").write_text(BAD)
    git("add", ".")
    git("commit", "-qm", "on a branch")
    second = git("rev-parse", "HEAD")
    git("checkout", "-q", "main")
    found = scan_history(["."], OPTIONS, None).findings
    assert [(one.path, one.revision) for one in found] == [
        ("old.py", first),
        ("other.py", second),
    ]


def test_absolute_paths_stay_so(git: Callable[..., str], tmp_path: Path) -> None:
    (one,) = scan_history([str(tmp_path)], OPTIONS, None).findings
    assert one.path == str(tmp_path / "old.py")
    assert one.severity == "high"


def test_large_vendored_and_excluded_are_left_out(git: Callable[..., str]) -> None:
    for folder in ("node_modules", "made"):
        Path(folder).mkdir()
        (Path(folder) / "a.py").write_text(BAD)
    Path("large.py").write_text(BAD * 100)
    git("add", "-f", ".")
    options = Options(RULES, 1000, Choice(excludes=lambda path: "made" in path))
    result = scan_staged(["."], options, None)
    assert result.findings == []
    assert {
        reason: len(paths) for reason, paths in result.skipped.by_reason.items()
    } == {
        "too large": 1,
        "vendored": 1,
        "excluded": 1,
    }


def test_links_and_submodules_are_no_files(git: Callable[..., str]) -> None:
    Path("verify=False").symlink_to("old.py")
    git("add", ".")
    assert scan_staged(["."], OPTIONS, None).files == 0


@pytest.mark.parametrize(
    "name", ["-x verify=False.py", "a\nb.py", "ä \udcff.py", "*.py"]
)
def test_every_name_is_read(git: Callable[..., str], name: str) -> None:
    Path(name).write_text(BAD)
    git("add", ".")
    assert told(scan_staged(["."], OPTIONS, None)) == [(name, 1)]
    git("commit", "-qm", "name")
    assert len(scan_history(["."], OPTIONS, None).findings) == 2
    assert told(scan_changed(["."], "HEAD~1", OPTIONS, None)) == [(name, 1)]


def test_a_repository_runs_nothing_of_its_own(git: Callable[..., str]) -> None:
    Path("hook.sh").write_text("#!/bin/sh\ntouch ran\n")
    Path("hook.sh").chmod(0o755)
    here = str(Path("hook.sh").absolute())
    git("config", "core.fsmonitor", here)
    git("config", "diff.external", here)
    git("config", "diff.x.textconv", here)
    git("config", "diff.x.command", here)
    Path(".gitattributes").write_text("*.py diff=x\n")
    Path("old.py").write_text("# changed\n" + BAD)
    scan_changed(["."], "HEAD", OPTIONS, None)
    scan_staged(["."], OPTIONS, None)
    scan_history(["."], OPTIONS, None)
    assert not Path("ran").exists()


@pytest.mark.parametrize("revision", ["nowhere", "--output=ran", "HEAD~9", ""])
def test_other_revisions_are_refused(git: Callable[..., str], revision: str) -> None:
    with pytest.raises(InputError, match="there is no revision"):
        scan_changed(["."], revision, OPTIONS, None)
    assert not Path("ran").exists()


def test_elsewhere_there_is_no_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(InputError, match="is in no git repository"):
        Repository(str(tmp_path))


def test_git_may_not_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TLSmithError, match="git cannot be run"):
        Repository(str(tmp_path))


def test_an_empty_repository_has_no_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    assert scan_history(["."], OPTIONS, None).findings == []
    Path("a.py").write_text(BAD)
    subprocess.run(["git", "add", "."], check=True)
    assert told(scan_staged(["."], OPTIONS, None)) == [("a.py", 1)]
