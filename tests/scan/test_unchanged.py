"""What has not changed is not read again, and nothing is missed."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scan_artefacts import Wanted, certificate_pem, new_key, pem_of, root_pem
from scan_engine import BAD, RULES, rule
from tlsmith.scan.engine import Options, Scan, scan
from tlsmith.scan.examine import Examined
from tlsmith.scan.rulebook import with_samples
from tlsmith.scan.unchanged import Unchanged

MANY = 700
LONG_AGO = 1_600_000_000


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    for number in range(MANY):
        text = BAD if number == 3 else "x = 1\n"
        (folder / f"f{number}.py").write_text(text)
    return folder


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files count that are seconds old only: the tests do not wait for that."""
    now = time.time_ns() + 3_600_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: now)


def options(tmp_path: Path) -> Options:
    return Options(RULES, cache=str(tmp_path / "cache"))


def kept(tmp_path: Path) -> dict[str, list[Any]]:
    (file,) = (tmp_path / "cache").glob("unchanged-*.json")
    known = json.loads(file.read_text())
    assert isinstance(known, dict)
    return known


def told(result: Scan) -> list[str]:
    return [os.path.basename(one.path) for one in result.findings]


@pytest.mark.usefixtures("settled")
def test_the_second_scan_says_what_the_first_said(tree: Path, tmp_path: Path) -> None:
    first = scan([str(tree)], options(tmp_path))
    assert len(kept(tmp_path)) == MANY
    second = scan([str(tree)], options(tmp_path))
    assert told(first) == ["f3.py"]
    assert second == first
    assert second.files == MANY


@pytest.mark.usefixtures("settled")
def test_files_that_are_the_same_are_not_read(tree: Path, tmp_path: Path) -> None:
    scan([str(tree)], options(tmp_path))
    known = kept(tmp_path)
    changed = tree / "f8.py"
    changed.write_text(BAD)
    facts = changed.lstat()
    # As if it had been so before: it is believed, which shows that it is not read.
    known[str(changed)] = [
        facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns
    ]  # fmt: skip
    (file,) = (tmp_path / "cache").glob("unchanged-*.json")
    file.write_text(json.dumps(known))
    assert told(scan([str(tree)], options(tmp_path))) == ["f3.py"]
    again = replace(options(tmp_path), again=True)
    assert told(scan([str(tree)], again)) == ["f3.py", "f8.py"]


@pytest.mark.usefixtures("settled")
def test_a_change_is_seen_whatever_its_times_say(tree: Path, tmp_path: Path) -> None:
    text = "x = 1\n" + "#" * (len(BAD) - 7) + "\n"
    file = tree / "f5.py"
    file.write_text(text)
    os.utime(file, (LONG_AGO, LONG_AGO))
    assert told(scan([str(tree)], options(tmp_path))) == ["f3.py"]
    assert str(file) in kept(tmp_path)
    file.write_text(BAD)  # in place: the same inode, of the same size
    os.utime(file, (LONG_AGO, LONG_AGO))
    assert told(scan([str(tree)], options(tmp_path))) == ["f3.py", "f5.py"]


@pytest.mark.usefixtures("settled")
def test_a_file_put_in_its_place_is_seen(tree: Path, tmp_path: Path) -> None:
    scan([str(tree)], options(tmp_path))
    (tmp_path / "new.py").write_text(BAD)
    (tmp_path / "new.py").rename(tree / "f6.py")
    (tree / "f700.py").write_text(BAD)
    (tree / "f3.py").unlink()
    assert told(scan([str(tree)], options(tmp_path))) == ["f6.py", "f700.py"]
    assert str(tree / "f3.py") not in kept(tmp_path)


def test_what_was_changed_just_now_is_asked_again(tree: Path, tmp_path: Path) -> None:
    scan([str(tree)], options(tmp_path))
    assert not list((tmp_path / "cache").glob("unchanged-*"))


@pytest.mark.usefixtures("settled")
def test_other_rules_are_another_question(tree: Path, tmp_path: Path) -> None:
    scan([str(tree)], options(tmp_path))
    others = replace(options(tmp_path), rules=[rule(anchor="x = 1")])
    assert len(told(scan([str(tree)], others))) == MANY - 1


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("broken", ["", "{", "[]", '{"a": 1}', "\udcff", "odd"])
def test_what_is_kept_may_be_broken(tree: Path, tmp_path: Path, broken: str) -> None:
    scan([str(tree)], options(tmp_path))
    (file,) = (tmp_path / "cache").glob("unchanged-*.json")
    if broken == "odd":  # as another version could have written it
        odd = {name: [*entry[:4], None, [{}]] for name, entry in kept(tmp_path).items()}
        broken = json.dumps(odd)
    file.write_bytes(broken.encode("utf-8", "surrogateescape"))
    assert told(scan([str(tree)], options(tmp_path))) == ["f3.py"]


@pytest.mark.usefixtures("settled")
def test_findings_are_kept_whole(tree: Path, tmp_path: Path) -> None:
    samples = {
        "a.py": "requests.get(u, verify=False)\n",
        "b.sh": "curl -k https://x.y\n",
    }
    for name, text in samples.items():
        (tree / name).write_text(text)
    (tree / "c.py").write_text("# Code generated by x. DO NOT EDIT.\n" + BAD)
    (tree / "d.txt").write_bytes(b"\0")
    asked = replace(options(tmp_path), rules=with_samples())
    first = scan([str(tree)], asked)
    assert any(finding.edits for finding in first.findings)
    for name in [*samples, "c.py", "d.txt"]:
        assert len(kept(tmp_path)[str(tree / name)]) > 4
    (file,) = (tmp_path / "cache").glob("unchanged-*.json")
    written = file.stat().st_mtime_ns
    second = scan([str(tree)], asked)
    assert second == first
    assert file.stat().st_mtime_ns == written
    assert set(second.skipped.by_reason) == {"generated", "binary"}


@pytest.mark.usefixtures("settled")
def test_keys_and_certificates_are_kept_with_what_they_tell_each_other(
    tree: Path, tmp_path: Path
) -> None:
    key = new_key()
    (tree / "good.pem").write_text(certificate_pem(Wanted(key=key)))
    (tree / "key.pem").write_text(pem_of(key))
    of_ca = new_key()
    (tree / "ca.pem").write_text(root_pem(of_ca))
    (tree / "other.txt").write_text(pem_of(of_ca))
    asked = replace(options(tmp_path), rules=with_samples())
    first = scan([str(tree)], asked)
    assert {"key.pem", "other.txt"} <= set(told(first))
    assert {str(tree / "good.pem"), str(tree / "key.pem")} <= kept(tmp_path).keys()
    assert scan([str(tree)], asked) == first
    (tree / "good.pem").unlink()
    second = scan([str(tree)], asked)
    (reason,) = {one.reason for one in second.findings if one.path.endswith("key.pem")}
    assert "its certificate" not in reason


def test_a_certificate_is_judged_again_when_it_has_expired(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = 86_400 * 10**9
    (tree / "short.pem").write_text(certificate_pem(Wanted(days=3, age=1)))
    asked = replace(options(tmp_path), rules=with_samples())
    now = time.time_ns()
    for days, is_known in ((1, False), (1.5, True), (3, False)):
        monkeypatch.setattr(time, "time_ns", lambda days=days: now + int(days * day))
        file = str(tree / "short.pem")
        unchanged = Unchanged([str(tree)], asked.rules, asked.largest, str(asked.cache))
        assert (unchanged.of(file) is not None) is is_known
        scan([str(tree)], asked)


@pytest.mark.usefixtures("settled")
def test_names_of_any_bytes_are_kept(tree: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.py")
    (tree / name).write_text("x = 1\n")
    scan([str(tree)], options(tmp_path))
    assert os.path.join(str(tree), name) in kept(tmp_path)


@pytest.mark.usefixtures("settled")
def test_only_the_owner_reads_what_is_kept(tree: Path, tmp_path: Path) -> None:
    scan([str(tree)], options(tmp_path))
    (file,) = (tmp_path / "cache").glob("unchanged-*.json")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("settled")
def test_the_cache_does_not_grow(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    for number in range(30):
        unchanged = Unchanged([str(number)], RULES, 1000, str(cache))
        assert unchanged.of(str(file)) is None
        unchanged.add(str(file), Examined([]))
        unchanged.write()
    assert len(list(cache.iterdir())) == 12
    assert Unchanged(["29"], RULES, 1000, str(cache)).of(str(file)) == Examined([])
    assert Unchanged(["29"], RULES, 1001, str(cache)).of(str(file)) is None
    assert Unchanged(["1"], RULES, 1000, str(cache)).of(str(file)) is None
