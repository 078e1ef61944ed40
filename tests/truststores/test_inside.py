"""Files of an image: never outside of it, and never a device."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tlsmith.errors import FileError, TrustStoreError
from tlsmith.truststores.inside import (
    make_folder,
    matching,
    read_regular,
    resolve,
    write_regular,
)


@pytest.mark.parametrize(
    ("links", "path", "leads_to"),
    [
        ({}, "/etc/ssl", "etc/ssl"),
        ({}, "/../../etc/./ssl//certs/", "etc/ssl/certs"),
        ({"etc/ssl": "/etc/pki"}, "/etc/ssl/certs", "etc/pki/certs"),
        ({"etc/ssl": "/etc/ssl2", "etc/ssl2": "../usr"}, "/etc/ssl/x", "usr/x"),
        ({"etc/ssl": "../../../../tmp"}, "/etc/ssl/x", "tmp/x"),
        ({"etc/ssl": "/"}, "/etc/ssl/etc", "etc"),
        ({"etc/ssl": "nowhere"}, "/etc/ssl/x", "etc/nowhere/x"),
        ({"etc/file": "/proc/self/root/etc"}, "/etc/file", "proc/self/root/etc"),
    ],
)
def test_links_mean_the_images_own_paths(
    tmp_path: Path, links: dict[str, str], path: str, leads_to: str
) -> None:
    for name, target in links.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(target)
    assert resolve(str(tmp_path), path) == str(tmp_path / leads_to)


def test_links_that_lead_to_each_other_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("/one")
    with pytest.raises(TrustStoreError, match="lead to each other"):
        resolve(str(tmp_path), "/one/file")


def test_patterns_match_inside_alone(tmp_path: Path) -> None:
    (tmp_path / "opt/java/jdk9/lib").mkdir(parents=True)
    (tmp_path / "opt/java/other").mkdir()
    (tmp_path / "usr").symlink_to("/opt")
    (tmp_path / "away").symlink_to("/usr")
    root = str(tmp_path)
    assert matching(root, "/usr/java/*") == ["/usr/java/jdk9", "/usr/java/other"]
    assert matching(root, "/usr/*/jdk*/lib") == ["/usr/java/jdk9/lib"]
    assert matching(root, "/away/share") == []
    assert matching(root, "/nothing/*/lib") == []


def test_a_pipe_or_folder_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(FileError, match="not a regular file"):
            read_regular(str(tmp_path / name))
    with pytest.raises(FileError, match="not a regular file"):
        read_regular("/dev/zero")
    assert read_regular(str(tmp_path / "nothing/here")) is None


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.touch()
    os.truncate(file, 1 << 40)
    with pytest.raises(FileError, match="over"):
        read_regular(str(file))


def test_nothing_is_written_through_a_device_or_link(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for name in ("pipe", "link"):
        with pytest.raises(FileError, match="not a regular file"):
            write_regular(str(tmp_path / name), b"x")
    assert not (tmp_path / "target").exists()


def test_permissions_stay_and_new_files_can_be_read_by_all(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        make_folder(str(tmp_path / "a/b"))
        write_regular(str(tmp_path / "a/b/new"), b"x")
        (tmp_path / "old").touch(mode=0o640)
        (tmp_path / "old").chmod(0o444)
        write_regular(str(tmp_path / "old"), b"x")
    finally:
        os.umask(before)
    modes = [
        (tmp_path / name).stat().st_mode & 0o777
        for name in ("a", "a/b", "a/b/new", "old")
    ]
    assert modes == [0o755, 0o755, 0o644, 0o444]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_new_files_belong_to_whoever_has_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1235)
    make_folder(str(tmp_path / "a"))
    write_regular(str(tmp_path / "a/new"), b"x")
    status = (tmp_path / "a/new").stat()
    assert (status.st_uid, status.st_gid) == (1234, 1235)
