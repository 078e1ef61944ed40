"""Distributions of WSL seen from Windows: a `wsl` of paper, real shells and tools."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tlsmith.core.formats import encode_pem
from tlsmith.errors import ToolMissingError
from tlsmith.truststores import (
    Completed,
    Host,
    Outcome,
    Root,
    find_stores,
    install,
    plan_install,
    status,
    uninstall,
)
from truststores.worlds import OTHER_OWNER, OWNER, World, debian_world, need, root

DEBIAN = "Ubuntu 24.04 LTS"
_PLACES = {
    "--certsconf": "/etc/ca-certificates.conf",
    "--certsdir": "/usr/share/ca-certificates",
    "--localcertsdir": "/usr/local/share/ca-certificates",
    "--etccertsdir": "/etc/ssl/certs",
    "--hooksdir": "/etc/ca-certificates/update.d",
}


@dataclass
class WSL:
    """What `wsl.exe` does; the distributions are folders here.

    Args:
        distributions: by name, the root folder of each.
        running: those that are.
        path: PATH in a distribution.
    """

    distributions: dict[str, Path]
    running: list[str]
    path: str = "/usr/sbin:/usr/bin:/sbin:/bin"
    shell: str = "sh"
    utf8: bool = False
    dead: bool = False
    dies: str = ""
    tools: tuple[str, ...] = ("wsl",)
    started: list[str] = field(default_factory=list)

    def find(self, tool: str) -> str | None:
        return "C:\\Windows\\system32\\wsl.exe" if tool in self.tools else None

    def within(self, folder: str, lock: int) -> WSL:
        return self

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Completed:
        if not self.tools:
            raise ToolMissingError("cannot run 'wsl'", store="wsl")
        words = list(command[1:])
        if words[:2] == ["-l", "-q"]:
            return self._list(words[2:])
        assert words[0] == "-d"
        assert words[2:] == ["-u", "root", "--exec", "sh", "-s"]
        return self._run(words[1], stdin)

    def _list(self, options: list[str]) -> Completed:
        names = self.running if options else list(self.distributions)
        if not names:
            prose = "Es sind keine Distributionen installiert.\r\n"
            return Completed(-1, prose, prose.encode("utf-16-le"))
        text = "".join(f"{name}\r\n" for name in names)
        data = text.encode() if self.utf8 else text.encode("utf-16-le")
        return Completed(0, text, data)

    def _run(self, name: str, given: bytes) -> Completed:
        if self.dead:
            raise KeyboardInterrupt
        if name not in self.distributions:
            return Completed(-1, "Der angegebene Name wurde nicht gefunden.")
        if name not in self.running:
            self.started.append(name)
        verb = given.decode().rstrip().splitlines()[-1].split("; ")[1]
        self.dead = self.dies.endswith(verb)
        if self.dies == f"before {verb}":
            raise KeyboardInterrupt
        ended = subprocess.run(
            [self.shell, "-s"],
            input=self._moved(given, self.distributions[name]),
            env={"PATH": self.path, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            check=False,
        )
        if self.dead:
            raise KeyboardInterrupt
        text = (ended.stdout + ended.stderr).decode(errors="replace")
        return Completed(ended.returncode, text, ended.stdout)

    def _moved(self, program: bytes, to: Path) -> bytes:
        """Return the program with its paths below a folder of ours."""
        options = " ".join(f"{name} {to}{place}" for name, place in _PLACES.items())
        for old, new in (("root=''", f"root='{to}'"), ("=''", f"='{options}'")):
            assert program.count(old.encode()) == 1, old
            program = program.replace(old.encode(), new.encode())
        return program


@pytest.fixture
def distribution(tmp_path: Path) -> World:
    """A Debian with Java."""
    return debian_world(tmp_path / "debian", java=True)


@pytest.fixture
def wsl(distribution: World) -> WSL:
    """WSL with a Debian that is running, one that is not, and Docker's own."""
    stopped = distribution.folder / "stopped"
    system = distribution.folder / "system"
    machinery = {"docker-desktop": stopped, "docker-desktop-data": stopped}
    return WSL({DEBIAN: system, "Stopped": stopped, **machinery}, [DEBIAN, *machinery])


def host_of(wsl: WSL, tmp_path: Path) -> Host:
    environment = {"LOCALAPPDATA": str(tmp_path / "local")}
    return Host(wsl, str(tmp_path / "home"), str(tmp_path), environment, "win32")


@pytest.fixture
def host(wsl: WSL, tmp_path: Path) -> Host:
    return host_of(wsl, tmp_path)


def put_in(host: Host, name: str = "Root under test", owner: str = OWNER) -> Outcome:
    (outcome,) = install(find_stores(host, ["wsl"]), [root(name)], host, owner)
    return outcome


def take_out(host: Host, owner: str = OWNER) -> list[Outcome]:
    return uninstall(find_stores(host, ["wsl"], remembered=True), [], host, owner)


def test_the_whole_life(distribution: World, host: Host, wsl: WSL) -> None:
    """With the real tool of Debian, and a hook such as Java's."""
    need("keytool")
    before = distribution.state()
    (planned,) = plan_install(find_stores(host, ["wsl"]), [root()], host)
    assert DEBIAN in planned.message
    assert distribution.state() == before
    outcome = put_in(host)
    assert outcome.place == f"\\\\wsl.localhost\\{DEBIAN}"
    assert (outcome.state, outcome.changed) == ("trusted", True), outcome
    (own,) = find_stores(replace(distribution.host, platform="linux"), ["debian"])
    assert own.contains(root())
    assert not put_in(host).changed
    (gone,) = take_out(host)
    assert (gone.state, gone.changed) == ("not-trusted", True), gone
    after = distribution.state()
    # Java's store keeps no order of its own when its tool has written it.
    assert {p for p in before if before[p] != after.get(p)} <= {
        "system/etc/ssl/certs/java/cacerts"
    }
    assert set(after) == set(before)
    assert not own.is_ours(root()), "the hook's copy is gone as well"
    assert wsl.started == []


def test_two_roots_and_two_owners(tmp_path: Path, wsl: WSL, host: Host) -> None:
    world = debian_world(tmp_path / "plain")
    wsl.distributions[DEBIAN] = world.folder / "system"
    before = world.state()
    put_in(host)
    put_in(host, "another")
    put_in(host, owner=OTHER_OWNER)
    assert len(take_out(host)) == 2
    (found,) = status(find_stores(host, ["wsl"]), [root()])
    assert found.state == "trusted"
    take_out(host, OTHER_OWNER)
    assert world.state() == before


def test_what_was_there_before_stays(tmp_path: Path, wsl: WSL, host: Host) -> None:
    world = debian_world(tmp_path / "plain")
    wsl.distributions[DEBIAN] = world.folder / "system"
    before = world.state()
    assert not put_in(host, "corporate").changed
    stores = find_stores(host, ["wsl"], remembered=True)
    (left,) = uninstall(stores, [root("corporate")], host, OWNER)
    assert (left.state, left.changed) == ("trusted", False)
    assert world.state() == before


@pytest.mark.parametrize(
    "dies", ["before add", "after add", "before remove", "after remove"]
)
def test_killed_it_is_undone(tmp_path: Path, wsl: WSL, host: Host, dies: str) -> None:
    world = debian_world(tmp_path / "plain")
    wsl.distributions[DEBIAN] = world.folder / "system"
    before = world.state()
    if "remove" in dies:
        put_in(host)
    wsl.dies = dies
    with pytest.raises(KeyboardInterrupt):
        (put_in if "add" in dies else take_out)(host)
    wsl.dies, wsl.dead = "", False
    take_out(host)
    assert world.state() == before


def test_one_that_is_not_running_is_left_alone_until_ours_is_in_it(
    tmp_path: Path, wsl: WSL, host: Host
) -> None:
    world = debian_world(tmp_path / "plain")
    wsl.distributions["Stopped"] = world.folder / "system"
    assert [store.place for store in find_stores(host, ["wsl"])] == [
        f"\\\\wsl.localhost\\{DEBIAN}"
    ]
    before = world.state()
    wsl.running = ["Stopped"]
    assert put_in(host).changed
    wsl.running = []
    assert find_stores(host, ["wsl"]) == []
    (gone,) = take_out(host)
    assert (gone.state, gone.changed) == ("not-trusted", True)
    assert "Stopped" in wsl.started
    assert world.state() == before


def test_one_that_was_unregistered_is_no_error(
    tmp_path: Path, wsl: WSL, host: Host
) -> None:
    world = debian_world(tmp_path / "plain")
    wsl.distributions[DEBIAN] = world.folder / "system"
    put_in(host)
    del wsl.distributions[DEBIAN]
    wsl.running = []
    (gone,) = take_out(host)
    assert (gone.state, gone.message) == ("not-trusted", "the store is gone")


@pytest.mark.parametrize("utf8", [True, False])
def test_names_are_read_in_either_encoding(wsl: WSL, host: Host, utf8: bool) -> None:
    wsl.utf8 = utf8
    places = [store.place for store in find_stores(host, ["wsl"])]
    assert places == [f"\\\\wsl.localhost\\{DEBIAN}"]


# What the tools of the others do, as far as it matters here.
_TOOL = """\
#!/bin/sh
[ "$*" = "{words}" ] || {{ echo "unexpected: $*"; exit 1; }}
cat {system}/usr/share/roots.pem {anchors}/*.crt >{bundle} 2>/dev/null || :
"""
_OTHERS = {
    "rhel": (
        "/etc/pki/ca-trust/source/anchors",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "update-ca-trust",
        "",
    ),
    "arch": (
        "/etc/ca-certificates/trust-source/anchors",
        "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
        "trust",
        "extract-compat",
    ),
    "suse": (
        "/etc/pki/trust/anchors",
        "/var/lib/ca-certificates/ca-bundle.pem",
        "update-ca-certificates",
        "",
    ),
    "alpine": (
        "/usr/local/share/ca-certificates",
        "/etc/ssl/certs/ca-certificates.crt",
        "update-ca-certificates",
        "{options}",
    ),
}


def other(folder: Path, kind: str) -> WSL:
    """Return WSL with one distribution, its tool a small program."""
    anchors, bundle, tool, words = _OTHERS[kind]
    system = folder / "system"
    for place in (anchors, bundle.rpartition("/")[0], "/usr/share", "/bin"):
        (system / place[1:]).mkdir(parents=True, exist_ok=True)
    options = " ".join(f"{name} {system}{place}" for name, place in _PLACES.items())
    roots = system / "usr/share/roots.pem"
    (first,) = [root("first")]
    roots.write_bytes(_pem(first))
    (system / bundle[1:]).write_bytes(roots.read_bytes())
    program = system / "bin" / tool
    program.write_text(
        _TOOL.format(
            words=words.format(options=options),
            system=system,
            anchors=f"{system}{anchors}",
            bundle=f"{system}{bundle}",
        )
    )
    program.chmod(0o755)
    return WSL({kind: system}, [kind], f"{system}/bin:/usr/bin:/bin")


def _pem(wanted: Root) -> bytes:
    return encode_pem("CERTIFICATE", wanted.der)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
@pytest.mark.parametrize("kind", _OTHERS)
def test_every_kind_of_distribution(tmp_path: Path, kind: str, shell: str) -> None:
    need(shell)
    wsl = other(tmp_path / "distribution", kind)
    if shell == "busybox":
        (tmp_path / "bb").mkdir()
        (tmp_path / "bb/sh").symlink_to(shutil.which("busybox") or "")
        shell = str(tmp_path / "bb/sh")
    wsl.shell = shell
    host = host_of(wsl, tmp_path)
    world = World(tmp_path / "distribution", host, "wsl")
    before = world.state()
    outcome = put_in(host)
    assert (outcome.state, outcome.changed) == ("trusted", True), outcome
    anchors = Path(f"{world.folder}/system{_OTHERS[kind][0]}")
    (file,) = anchors.iterdir()
    assert (file.name, file.read_bytes()) == (f"{root().label}.crt", _pem(root()))
    (gone,) = take_out(host)
    assert gone.changed, gone
    assert world.state() == before


def test_a_tool_that_fails_is_told_and_undone(tmp_path: Path) -> None:
    wsl = other(tmp_path / "distribution", "rhel")
    host = host_of(wsl, tmp_path)
    world = World(tmp_path / "distribution", host, "wsl")
    tool = world.folder / "system/bin/update-ca-trust"
    good, before = tool.read_text(), world.state()
    tool.write_text("#!/bin/sh\necho first; echo it is broken >&2; exit 1\n")
    outcome = put_in(host)
    assert outcome.state == "failed"
    assert "it is broken" in outcome.message
    assert not list((world.folder / "system/etc/pki/ca-trust/source/anchors").iterdir())
    tool.write_text(good)
    take_out(host)
    assert world.state() == before


def test_a_missing_tool_is_named(tmp_path: Path) -> None:
    wsl = other(tmp_path / "distribution", "rhel")
    host = host_of(wsl, tmp_path)
    world = World(tmp_path / "distribution", host, "wsl")
    (world.folder / "system/bin/update-ca-trust").unlink()
    before = world.state()
    outcome = put_in(host)
    assert (outcome.state, outcome.code) == ("failed", "tool-missing")
    assert "ca-certificates" in (outcome.hint or "")
    assert world.state() == before


def test_a_distribution_without_a_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "distribution").mkdir()
    host = host_of(WSL({"odd": tmp_path / "distribution"}, ["odd"]), tmp_path)
    outcome = put_in(host)
    assert outcome.state == "failed"
    assert "'odd'" in outcome.message


def test_without_wsl_there_is_no_such_store(wsl: WSL, host: Host) -> None:
    stores = find_stores(host, ["wsl"])
    wsl.tools = ()
    assert find_stores(host, ["wsl"]) == []
    (outcome,) = install(stores, [root()], host, OWNER)
    assert (outcome.state, outcome.code) == ("failed", "tool-missing")


def test_elsewhere_there_is_no_such_store(host: Host) -> None:
    assert find_stores(replace(host, platform="linux"), ["wsl"]) == []
