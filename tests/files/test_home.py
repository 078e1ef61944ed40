"""Where what is local lives, by the platform's own rules."""

import os
import sys
from pathlib import Path

import pytest

from tlsmith.files import data_home
from tlsmith.files.home import user_data_folder

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="of Linux")


def test_tlsmith_home_goes_before_everything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TLSMITH_HOME", str(tmp_path / "mine"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
    assert data_home() == str(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_tlsmith_home_may_be_relative_or_begin_with_a_tilde(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLSMITH_HOME", "mine")
    assert data_home() == os.path.join(os.getcwd(), "mine")
    # As in a Dockerfile or an .env file, where no shell reads it.
    monkeypatch.setenv("TLSMITH_HOME", "~/mine")
    assert data_home() == str(home / "mine")


@LINUX
@pytest.mark.parametrize("empty", ["TLSMITH_HOME", "XDG_DATA_HOME"])
def test_an_empty_variable_is_as_none(
    monkeypatch: pytest.MonkeyPatch, home: Path, empty: str
) -> None:
    monkeypatch.delenv("TLSMITH_HOME")
    monkeypatch.setenv(empty, "")
    assert data_home() == str(home / ".local/share/tlsmith")


@LINUX
def test_the_data_folder_is_that_of_the_xdg_specification(
    monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path
) -> None:
    monkeypatch.delenv("TLSMITH_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert data_home() == str(tmp_path / "tlsmith")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")  # to be ignored, it says
    assert user_data_folder() == str(home / ".local/share")
