"""`tlsmith trust --dir`: an unpacked image instead of this machine."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from running import Done, tlsmith_here
from tlsmith.cli.trust_host import say_who_reads_it_late, tell_of_unknown_system
from tlsmith.truststores import Outcome
from truststores.system_worlds import image_java_world, system_world
from truststores.worlds import (
    World,
    add_database,
    bare_world,
    need,
    root,
    root_pair,
)


@pytest.fixture
def image(tmp_path: Path) -> World:
    """A Debian with a Java, unpacked."""
    world = system_world(tmp_path / "image", "debian", image=True)
    image_java_world(tmp_path / "java")
    os.rename(
        tmp_path / "java/system/etc/ssl/certs/java",
        tmp_path / "image/system/etc/ssl/certs/java",
    )
    return world


@pytest.fixture
def company(tmp_path: Path) -> str:
    file = tmp_path / "company root.pem"
    file.write_bytes(root_pair().pem)
    return str(file)


def _trust(verb: str, image: World, *words: str) -> Done:
    return tlsmith_here("trust", verb, "--dir", image.host.root, *words)


def _all_below(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_image_changes_and_nothing_of_this_machine(
    image: World, company: str, home: Path
) -> None:
    need("certutil")
    database = add_database(home / ".pki/nssdb")
    before, browser = image.state(), _all_below(database)
    done = _trust("install", image, "--root", company)
    assert done.code == 0, done
    assert [line.split()[0] for line in done.out.splitlines()] == ["debian", "java"]
    assert "tlsmith env --shell docker" in done.err
    assert "browsers" not in done.err
    assert _all_below(database) == browser
    again = _trust("install", image, "--root", company)
    assert (again.code, "nothing was changed" in again.err) == (0, True)
    status = _trust("status", image, "--root", company, "--json")
    assert (status.code, status.facts["proof"]) == (0, None)
    assert {row["state"] for row in status.facts["stores"]} == {"trusted"}
    gone = _trust("uninstall", image, "--root", company)
    assert (gone.code, gone.out.count("taken out")) == (0, 2), gone
    assert gone.err.strip() == "Done: taken out."
    assert image.state() == before
    assert not (home / ".local").exists()
    assert _trust("status", image, "--root", company).code == 1


def test_without_a_root_it_is_the_local_cas(image: World, home: Path) -> None:
    before = image.state()
    assert _trust("install", image).code == 0
    shown = _trust("status", image)
    assert (shown.code, "Proof" in shown.out, "Local CA" in shown.out) == (
        0,
        False,
        False,
    )
    subprocess.run(["rm", "-r", str(home / "tlsmith")], check=True)
    assert _trust("uninstall", image).code == 0
    assert image.state() == before


def test_a_plan_changes_nothing(image: World, company: str) -> None:
    before = image.state()
    done = _trust("install", image, "--root", company, "--dry-run")
    assert (done.code, done.out.count("would ")) == (0, 2)
    assert "update-ca-certificates" not in done.out
    assert image.state() == before


def test_an_images_journal_does_not_show_on_this_machine(
    image: World, company: str
) -> None:
    _trust("install", image, "--root", company)
    done = tlsmith_here("trust", "uninstall", "--root", company, "--json")
    assert not [row for row in done.facts["stores"] if row["changed"]]
    assert _trust("status", image, "--root", company).code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--env"], 2),
        (["--registry", "localhost:5000"], 2),
        (["--store", "env"], 2),
        (["--store", "nss"], 2),
        (["--store", "java", "--store", "nss"], 2),
        (["--store", "system"], 0),
    ],
)
def test_what_is_a_persons_is_refused(
    image: World, company: str, words: list[str], code: int
) -> None:
    before = image.state()
    done = _trust("install", image, "--root", company, *words)
    assert done.code == code, done
    assert (image.state() == before) == (code == 2)


@pytest.mark.parametrize("verb", ["install", "uninstall", "status"])
@pytest.mark.parametrize("what", ["nothing", "a file", "/", "an empty folder"])
def test_what_is_no_image_is_one_clear_error(
    tmp_path: Path, company: str, verb: str, what: str
) -> None:
    (tmp_path / "a file").touch()
    (tmp_path / "an empty folder").mkdir()
    folder = "/" if what == "/" else str(tmp_path / what)
    done = tlsmith_here("trust", verb, "--root", company, "--dir", folder)
    assert done.code in (2, 3), done
    assert done.err.count("\nhint: ") == 1, done
    assert "should not have happened" not in done.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_image_of_roots_needs_root_and_the_command_says_which(
    image: World, company: str, home: Path
) -> None:
    for folder in (home, image.folder, *image.folder.parents):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    os.chown(home, 65534, 65534)
    # Whatever is needed is loaded before: it may be where nobody else can read it.
    assert _trust("status", image, "--root", company).code == 1
    _trust("install", image, "--root", company, "--dry-run")
    before = image.state()
    said, says = os.pipe()
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        done = _trust("install", image, "--root", company, "--store", "system")
        os.write(says, f"{done.code} {done.err}".encode())
        os._exit(0)
    os.close(says)
    os.waitpid(child, 0)
    with os.fdopen(said) as stream:
        text = stream.read()
    assert text.startswith("3 "), text
    assert f"--dir {image.host.root}" in text
    assert image.state() == before


def test_daemons_that_read_it_late_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = bare_world(tmp_path / "world").host
    socket = Path(host.root, "run/docker.sock")
    changed = [Outcome("rhel", "/x", root().fingerprint, "trusted", changed=True)]
    say_who_reads_it_late(changed, host)
    assert capsys.readouterr().err == ""
    socket.parent.mkdir()
    socket.touch()
    say_who_reads_it_late(changed, host)
    assert "systemctl restart docker" in capsys.readouterr().err
    say_who_reads_it_late(changed, replace(host, image=True))
    say_who_reads_it_late([replace(changed[0], store="nss")], host)
    say_who_reads_it_late([replace(changed[0], changed=False)], host)
    assert capsys.readouterr().err == ""


def test_a_system_with_a_store_of_another_kind_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = bare_world(tmp_path / "world").host
    release = Path(host.root, "etc/os-release")
    release.parent.mkdir()
    release.write_text('ID=nixos\nPRETTY_NAME="NixOS 26.05"\n')
    tell_of_unknown_system(host)
    said = capsys.readouterr().err
    assert "NixOS 26.05" in said
    assert "nixos-rebuild" in said
    release.write_text("ID=debian\n")
    tell_of_unknown_system(host)
    assert capsys.readouterr().err == ""
