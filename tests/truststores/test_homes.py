"""Work in other people's homes, with their rights."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from tlsmith.errors import TrustStoreError
from tlsmith.truststores import Host, SystemRunner
from tlsmith.truststores.homes import as_owner, other_homes

_NOBODY = pwd.getpwnam("nobody").pw_uid
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another")


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A home of somebody else."""
    place = tmp_path
    while place != place.parent:  # pytest keeps its folders to itself
        if place.stat().st_uid == os.geteuid() and str(place).startswith("/tmp/"):
            place.chmod(0o755)
        place = place.parent
    home = tmp_path / "theirs"
    home.mkdir()
    os.chown(home, _NOBODY, _NOBODY)
    return home


@needs_root
def test_work_is_done_with_the_owners_rights(theirs: Path) -> None:
    made = theirs / "made"
    as_owner(str(theirs), lambda: made.write_text("x"))
    assert made.stat().st_uid == _NOBODY


@needs_root
def test_what_they_cannot_reach_is_not_reached(theirs: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    (theirs / "link").symlink_to(secret)
    with pytest.raises(TrustStoreError, match="theirs"):
        as_owner(str(theirs), lambda: (theirs / "link").write_text("y"))
    assert secret.read_text() == "x"


def test_a_made_up_machine_has_no_other_homes(tmp_path: Path) -> None:
    assert list(other_homes(Host(SystemRunner(), "/root", str(tmp_path)))) == []


def test_our_own_home_is_none_of_them() -> None:
    homes = [host.home for host in other_homes(Host(SystemRunner(), "/root"))]
    assert os.path.realpath("/root") not in homes
    assert len(set(homes)) == len(homes)
