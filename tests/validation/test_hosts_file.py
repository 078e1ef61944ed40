"""The machine's own list of hosts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tlsmith.validation.hosts_file import HostsFile, system_path

TEXT = """\
# a comment
127.0.0.1   localhost
10.0.0.1    WWW.Test www   # another
fd00::1     www.test.
10.0.0.2    www.test
10.0.0.1    www.test
nonsense    www.test
            www.test
"""


def test_a_name_has_the_addresses_of_all_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text(TEXT)
    hosts = HostsFile(path)
    assert hosts.addresses("www.test") == ["10.0.0.1", "fd00::1", "10.0.0.2"]
    assert hosts.addresses("www") == ["10.0.0.1"]
    assert hosts.addresses("other.test") == []


def test_the_list_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    hosts = HostsFile(path)
    assert hosts.addresses("www.test") == []
    path.write_text("10.0.0.1 www.test\n")
    assert hosts.addresses("www.test") == ["10.0.0.1"]
    path.write_text("10.0.0.9 www.test\n")
    os.utime(path, ns=(1, 1))
    assert hosts.addresses("www.test") == ["10.0.0.9"]


@pytest.mark.skipif(sys.platform == "win32", reason="elsewhere there")
def test_the_systems_own_list_knows_this_machine() -> None:
    assert system_path().exists()
    assert "127.0.0.1" in HostsFile().addresses("localhost")
