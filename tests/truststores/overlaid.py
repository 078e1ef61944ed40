"""Change the real system's store, below overlays that vanish with us: a program.

    unshare --mount python overlaid.py SCENARIO FOLDER ROOT.pem ANOTHER.pem

Prints, as JSON, what differs between before and after.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tlsmith.truststores.keystore import content_digest
from truststores.worlds import encode_jks, root_pair

OVERLAID = ("/etc", "/usr/local", "/var", "/usr/lib/jvm")
WATCHED = (
    "/etc/ssl",
    "/etc/ca-certificates",
    "/usr/local/share",
    "/var/lib/ca-certificates-java",
    "/var/lib/tlsmith",
    "/etc/firefox",
    "/usr/lib/jvm",
)


def overlay(folder: Path) -> None:
    """Lay a folder of ours over each part of the system that is written to."""
    _run("mount", "-t", "tmpfs", "tmpfs", str(folder))
    for number, place in enumerate(filter(os.path.isdir, OVERLAID)):
        upper, work = folder / f"{number}/upper", folder / f"{number}/work"
        upper.mkdir(parents=True)
        work.mkdir()
        options = f"lowerdir={place},upperdir={upper},workdir={work}"
        _run("mount", "-t", "overlay", "overlay", "-o", options, place)
    (folder / "home").mkdir()
    os.environ["HOME"] = str(folder / "home")
    os.environ["TLSMITH_HOME"] = str(folder / "data")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def state(
    extra: Iterable[str] = (), digest: Callable[[bytes], str] = _sha256
) -> dict[str, str]:
    """Return every path below what is watched, with its kind and contents."""
    found = {}
    for top in (*WATCHED, *extra):
        for path in [Path(top), *Path(top).rglob("*")]:
            if path.is_symlink():
                found[str(path)] = os.readlink(path)
            elif path.is_file():
                mode = oct(path.stat().st_mode)
                found[str(path)] = mode + digest(path.read_bytes())
            elif path.is_dir():
                found[str(path)] = "folder"
    return found


def trust(verb: str, *words: str, store: str = "system") -> None:
    _run(_tlsmith(), "trust", verb, "--store", store, *words)


def everywhere(verb: str, *words: str) -> None:
    """Change every store there is, and the variables."""
    variables = ["--env"] * (verb == "install")
    _run(_tlsmith(), "trust", verb, *variables, *words)


def _tlsmith() -> str:
    return str(Path(sys.executable).with_name("tlsmith"))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)


def plainly(root: str, _: str) -> None:
    trust("install", "--root", root)
    trust("uninstall", "--root", root)


def two_roots(root: str, another: str) -> None:
    trust("install", "--root", root)
    trust("install", "--root", another)
    trust("uninstall", "--root", root)
    trust("uninstall", "--root", another)


def refreshed(root: str, _: str) -> None:
    trust("install", "--root", root)
    _run("update-ca-certificates", "--fresh")
    trust("uninstall", "--root", root)


def local_ca_deleted(_: str, __: str) -> None:
    trust("install")
    shutil.rmtree(os.environ["TLSMITH_HOME"])
    trust("uninstall")


def killed(root: str, _: str) -> None:
    """Kill it, or it and all it started, within its first second and a half."""
    for verb in ("install", "install", "install", "uninstall"):
        if verb == "uninstall":
            trust("install", "--root", root)
        _die(["trust", verb, "--store", "system", "--root", root])
        trust("uninstall", "--root", root)


def killed_everywhere(root: str, _: str) -> None:
    for verb in ("install", "uninstall") * 4:
        variables = ["--env"] * (verb == "install")
        if verb == "uninstall":
            everywhere("install", "--root", root)
        _die(["trust", verb, *variables, "--root", root])
        everywhere("uninstall", "--root", root)


def everything(root: str, another: str) -> None:
    everywhere("install", "--root", root)
    everywhere("install")
    everywhere("install", "--root", another)
    shutil.rmtree(os.environ["TLSMITH_HOME"])
    everywhere("uninstall")


def java_upgraded(root: str, another: str) -> None:
    """An upgrade makes Debian's keystore anew; then one root goes, and one comes."""
    everywhere("install", "--root", root)
    _upgrade_java()
    everywhere("install", "--root", another)
    everywhere("uninstall", "--root", root)
    _upgrade_java()
    everywhere("uninstall", "--root", another)


def _upgrade_java() -> None:
    """Do as Debian's package does, which writes the keystore in an order of its own."""
    Path("/var/lib/ca-certificates-java/fresh").touch()
    postinst = "/var/lib/dpkg/info/ca-certificates-java.postinst"
    _run("sh", postinst, "triggered", "update-ca-certificates-java")


def jdk_upgraded(root: str, _: str) -> None:
    """A JDK with a keystore of its own is replaced by the next version of it."""
    _put_jdk(b"one")
    trust("install", "--root", root, store="java")
    _put_jdk(b"two")
    trust("uninstall", "--root", root, store="java")
    _put_jdk(b"one")
    trust("install", "--root", root, store="java")
    shutil.rmtree("/usr/lib/jvm/jdk-of-the-test")
    trust("uninstall", "--root", root, store="java")


def _put_jdk(name: bytes) -> None:
    """Lay a keystore of a JDK where an upgrade would, with one root in it."""
    place = Path("/usr/lib/jvm/jdk-of-the-test/lib/security/cacerts")
    place.parent.mkdir(parents=True, exist_ok=True)
    entries = {f"root {name.decode()}": root_pair(name.decode()).der}
    place.write_bytes(encode_jks(entries))


def _die(words: list[str]) -> None:
    command = [_tlsmith(), *words]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(random.uniform(0.1, 1.5))  # noqa: S311 -- any moment will do
    with_tool = random.random() < 0.5  # noqa: S311
    victims = _tree(process.pid) if with_tool else [process.pid]
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    process.wait()


def _tree(process: int) -> list[int]:
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except FileNotFoundError:
        return [process]
    return [process, *(p for child in text.split() for p in _tree(int(child)))]


SCENARIOS: dict[str, Callable[[str, str], None]] = {
    work.__name__: work
    for work in (
        plainly,
        two_roots,
        refreshed,
        local_ca_deleted,
        killed,
        killed_everywhere,
        everything,
        java_upgraded,
        jdk_upgraded,
    )
}


def main() -> None:
    scenario, folder, root, another = sys.argv[1:]
    overlay(Path(folder))
    home = os.environ["HOME"]
    # What Java writes says the same each time, in another order.
    digest = content_digest if scenario == "java_upgraded" else _sha256
    _run("update-ca-certificates")
    before = state([home], digest)
    SCENARIOS[scenario](root, another)
    after = state([home], digest)
    paths = {p for p in {*before, *after} if before.get(p) != after.get(p)}
    print(json.dumps({p: [before.get(p), after.get(p)] for p in sorted(paths)}))


if __name__ == "__main__":
    main()
