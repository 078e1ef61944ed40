"""What Debian 13 carries and Debian 12 does not: zlint, OpenSSL 3.5, Python 3.13.

Their packages are fetched with apt, its signatures checked, and unpacked side by side
in a folder: nothing is installed, and no rights are needed. They run through their own
dynamic linker, so that they find their own libraries and not this machine's.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PACKAGES = ("openssl", "python3.13", "zlint")
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_APT = """\
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "{folder}/none";
Dir::Etc::preferences "{folder}/none";
Dir::Etc::preferencesparts "{folder}/none";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Acquire::Languages "none";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Retries "2";
Acquire::http::Timeout "15";
"""


class NoTrixieError(Exception):
    """It cannot be had here, and why."""


class Trixie:
    """The programs, unpacked below a folder."""

    def __init__(self, folder: Path) -> None:
        self._root = folder
        loaders = sorted(folder.glob("usr/lib*/ld-linux-*.so.*"))
        loaders += sorted(folder.glob("usr/lib/*/ld-linux-*.so.*"))
        libraries = sorted(folder.glob("usr/lib/*/libssl.so.3"))[0].parent
        self._start = [str(loaders[0]), "--library-path", str(libraries)]

    def program(self, name: str) -> list[str]:
        """Return how to start one of its programs."""
        return [*self._start, str(self._root / "usr/bin" / name)]

    @property
    def python(self) -> list[str]:
        home = f"PYTHONHOME={self._root / 'usr'}"
        return ["env", home, *self.program("python3.13"), "-B"]


def trixie(folder: Path) -> Trixie:
    """Return the programs, fetched to `folder` at first need.

    Raises:
        NoTrixieError: this is no Debian, or the mirror cannot be reached.
    """
    root = folder / ("trixie-" + "-".join(PACKAGES))
    if not root.exists():
        unfinished = root.with_name("trixie-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _unpack(_fetch(unfinished / "apt"), unfinished / "root")
        (unfinished / "root").rename(root)
        shutil.rmtree(unfinished)
    return Trixie(root)


def _fetch(folder: Path) -> list[Path]:
    """Fetch the packages and all they depend on; return their files."""
    mirror = _mirror()
    for name in ("none", "state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()  # nothing is installed: everything is fetched
    source = f"deb [signed-by={_KEYRING}] {mirror} trixie main\n"
    (folder / "sources.list").write_text(source)
    configuration = folder / "apt.conf"
    configuration.write_text(_APT.format(folder=folder))
    _apt(configuration, ["update", "--error-on=any"])
    _apt(configuration, ["install", "--yes", "--download-only", *PACKAGES])
    return sorted((folder / "cache/archives").glob("*.deb"))


def _mirror() -> str:
    """Return where this machine has its own Debian packages from."""
    system = platform.freedesktop_os_release() if sys.platform == "linux" else {}
    if system.get("ID") != "debian" or shutil.which("apt-get") is None:
        raise NoTrixieError("this is no Debian")
    own = system.get("VERSION_CODENAME", "")
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)"],
        capture_output=True,
        text=True,
        check=True,
    )
    for release, _, place in (line.partition(" ") for line in done.stdout.splitlines()):
        if release == own:
            return place
    raise NoTrixieError(f"apt knows no place to get {own} from")


def _apt(configuration: Path, words: Sequence[str]) -> None:
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    try:
        done = subprocess.run(
            ["apt-get", "--quiet=2", *words],
            env={"APT_CONFIG": str(configuration), "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
    except subprocess.TimeoutExpired as error:
        raise NoTrixieError(f"apt-get {words[0]} took too long") from error
    if done.returncode:
        raise NoTrixieError(f"apt-get {words[0]}: {done.stderr.strip()[-400:]}")


def _unpack(packages: Sequence[Path], root: Path) -> None:
    for name in ("bin", "sbin", "lib", "lib64"):  # as base-files has it
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for package in packages:
        subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
