"""Which clients are found on a machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tlsmith.local.proof import clients_here
from tlsmith.local.proof.browsers import browser_clients
from tlsmith.local.proof.cargo import cargo_client
from tlsmith.local.proof.client import PROGRAMS, Client
from tlsmith.local.proof.runtimes import java_clients, python_clients
from tlsmith.truststores import Host, SystemRunner


def _program(folder: Path, name: str, text: str = "#!/bin/sh\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return folder / name


def _host(home: Path, path: Path) -> Host:
    return Host(SystemRunner(), str(home), environment={"PATH": str(path)})


def _names(clients: list[Client]) -> list[str]:
    return [client.name for client in clients]


def test_each_python_is_found_once_with_its_clients(tmp_path: Path) -> None:
    for name in ("python", "python3"):
        (tmp_path / name).symlink_to(sys.executable)
    _program(tmp_path, "python3.99", "#!/bin/sh\nexit 127\n")
    _program(tmp_path, "python3-config")
    found = python_clients({"PATH": str(tmp_path)})
    version = ".".join(map(str, sys.version_info[:3]))
    assert f"Python {version} ssl" in _names(found)
    assert len(_names(found)) == len(set(_names(found)))
    assert {client.command[0] for client in found} == {str(tmp_path / "python")}


def test_a_virtual_environments_python_is_another(tmp_path: Path) -> None:
    import venv

    venv.create(tmp_path / "venv", with_pip=False)
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/python3").symlink_to(os.path.realpath(sys.executable))
    path = os.pathsep.join((f"{tmp_path}/venv/bin", f"{tmp_path}/plain"))
    found = python_clients({"PATH": path})
    programs = {os.path.dirname(client.command[0]) for client in found}
    assert programs == {f"{tmp_path}/venv/bin", f"{tmp_path}/plain"}


def test_where_no_python_is_on_path_ours_is_asked(tmp_path: Path) -> None:
    found = python_clients({"PATH": str(tmp_path)})
    assert {client.command[0] for client in found} == {sys.executable}


def test_pip_reads_the_systems_store_since_24_2() -> None:
    from tlsmith.local.proof.runtimes import _pip

    assert _pip("python", "3.11.2", "24.2").store == "system"
    assert _pip("python", "3.11.2", "24.1.9").store == "own"
    assert _pip("python", "3.11.2", "23.2.1").store == "own"


def test_each_java_is_found_once_with_its_keystore(tmp_path: Path) -> None:
    home = tmp_path / "jdk"
    _program(home / "bin", "java")
    (home / "lib/security").mkdir(parents=True)
    (home / "lib/security/cacerts").touch()
    (home / "release").write_text('IMPLEMENTOR="x"\nJAVA_VERSION="21.0.1"\n')
    (tmp_path / "default").symlink_to(home)
    (found,) = java_clients(map(str, (home, tmp_path / "default", tmp_path / "none")))
    assert found.name == "Java 21.0.1"
    assert found.place == str(home / "lib/security/cacerts")


def test_two_of_one_name_are_told_apart(tmp_path: Path, home: Path) -> None:
    for name in ("one", "two"):
        _program(tmp_path / name, "java-home/bin/java".rpartition("/")[2])
    first, second = tmp_path / "jdk1", tmp_path / "jdk2"
    for folder in (first, second):
        _program(folder / "bin", "java")
    host = Host(
        SystemRunner(),
        str(home),
        str(tmp_path),
        {"PATH": str(tmp_path / "none"), "JAVA_HOME": str(first)},
    )
    (tmp_path / "usr/lib/jvm").mkdir(parents=True)
    (tmp_path / "usr/lib/jvm/other").symlink_to(second)
    javas = [name for name in _names(clients_here(host)) if name.startswith("Java")]
    assert len(javas) == 2
    assert javas[0] != javas[1]


def test_a_browser_is_found_and_its_starter_is_not(tmp_path: Path, home: Path) -> None:
    _program(tmp_path, "firefox-esr")
    _program(tmp_path, "firefox", '#!/bin/sh\nexec firefox-esr "$@"\n')
    _program(tmp_path, "chromium")
    _program(tmp_path / "lib", "snap")
    (tmp_path / "opera").symlink_to(tmp_path / "lib/snap")
    found = browser_clients(_host(home, tmp_path))
    assert _names(found) == ["chromium", "firefox-esr"]


def test_browsers_are_asked_with_copies_of_what_they_read(
    tmp_path: Path, home: Path
) -> None:
    for name in ("chromium", "firefox"):
        _program(tmp_path / "bin", name)
    profile = home / ".config/mozilla/firefox/abc.default"
    for folder in (home / ".pki/nssdb", profile):
        folder.mkdir(parents=True)
        (folder / "cert9.db").write_text(f"that of {folder.name}")
    (profile.parent / "profiles.ini").write_text(
        "[Profile0]\nPath=other\n[Install1]\nDefault=abc.default\n"
    )
    chromium, firefox = browser_clients(_host(home, tmp_path / "bin"))
    assert (chromium.store, chromium.place) == ("nss", str(home / ".pki/nssdb"))
    assert (firefox.store, firefox.place) == ("nss", str(profile))
    scratch = tmp_path / "scratch"
    for client in (chromium, firefox):
        scratch.mkdir()
        assert client.prepare is not None
        client.prepare(str(scratch), "https://localhost:7/")
        (copied,) = scratch.rglob("cert9.db")
        assert copied.read_text() == f"that of {Path(client.place).name}"
        shutil.rmtree(scratch)
    assert chromium.surroundings(1, "localhost", "/s")["HOME"] == "/s/home"


def test_firefox_without_a_profile_reads_the_machines_policies(
    tmp_path: Path, home: Path
) -> None:
    _program(tmp_path, "firefox")
    (firefox,) = browser_clients(_host(home, tmp_path))
    assert (firefox.store, firefox.place) == ("firefox", "")


def test_cargo_has_the_persons_settings_and_leaves_their_home_alone(
    tmp_path: Path, home: Path
) -> None:
    (home / ".cargo").mkdir()
    (home / ".cargo/config.toml").write_text("[http]\n")
    client = cargo_client(str(home), {})
    assert client.prepare is not None
    client.prepare(str(tmp_path), "https://localhost:7/")
    assert (tmp_path / "cargo/config.toml").read_text() == "[http]\n"
    variables = client.surroundings(7, "localhost", str(tmp_path))
    assert variables["CARGO_HOME"] == str(tmp_path / "cargo")
    assert variables["RUSTUP_HOME"] == str(tmp_path / "rustup")
    (home / ".rustup").mkdir()
    client = cargo_client(str(home), {})
    assert dict(client.settings)["RUSTUP_HOME"] == str(home / ".rustup")


def test_javas_class_is_what_its_source_says(tmp_path: Path) -> None:
    """Any Java runs the class; a compiler of another version writes other bytes."""
    if shutil.which("javac") is None:
        pytest.skip("not on this machine: javac")
    version = subprocess.run(
        ["javac", "-version"], capture_output=True, text=True, check=True
    )
    source = os.path.join(PROGRAMS, "Fetch.java")
    subprocess.run(
        [
            "javac",
            "--release",
            "8",
            "-g:none",
            "-Xlint:-options",
            "-d",
            tmp_path,
            source,
        ],
        check=True,
    )
    made, kept = tmp_path / "Fetch.class", Path(PROGRAMS, "Fetch.class")
    if " 17." not in version.stdout + version.stderr:
        pytest.skip("Debian 12's Java wrote the class that is kept")
    assert made.read_bytes() == kept.read_bytes()
