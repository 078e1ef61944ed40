"""Nobody else writes where the bundles are, whatever the umask."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from running import tlsmith_here


def test_a_umask_of_nothing_opens_no_folder_of_bundles(home: Path) -> None:
    os.umask(0)  # put back by `home`
    carried = home / "carried"
    assert tlsmith_here("env", "--output", str(carried)).code == 0
    folders = [Path(place) for place, _, _ in os.walk(home / "tlsmith")] + [carried]
    assert len(folders) > 4
    for folder in folders:
        assert not stat.S_IMODE(folder.stat().st_mode) & 0o022, folder


def test_a_folder_whose_name_is_not_utf8_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLSMITH_HOME", str(home / "x\udcff"))
    done = tlsmith_here("env")
    assert done.code == 2
    assert "is not UTF-8" in done.err
    assert "hint: set TLSMITH_HOME" in done.err
