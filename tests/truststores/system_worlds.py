"""Linux machines and images made of folders, one for each kind of system store.

The tool of each is a program of ours that does what the distribution's is documented
to do: `refresh.py`. Debian's own is the real one, see `worlds`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from truststores.refresh import LAYOUTS, refresh_system
from truststores.runners import WorldRunner
from truststores.worlds import World, bare_world, encode_jks, root_pair

_RELEASES = {
    "debian": 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "alpine": 'NAME="Alpine Linux"\nID=alpine\n',
    "rhel": 'ID="rocky"\nID_LIKE="rhel centos fedora"\n',
    "arch": "ID=endeavouros\nID_LIKE=arch\n",
    "suse": 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n',
}
_TOOL = """\
#!{python} -P
import sys
sys.path.insert(0, {tests!r})
from truststores.refresh import refresh_system
refresh_system({name!r}, {system!r})
"""


def system_world(folder: Path, name: str, *, image: bool = False) -> World:
    """Return a system with two roots of its own, and one of its administrator."""
    world = bare_world(folder, name)
    system, layout = folder / "system", LAYOUTS[name]
    for place in ("etc", "usr/lib", "usr/sbin", layout.anchors, layout.shipped):
        (system / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
    (system / "usr/lib/os-release").write_text(_RELEASES[name])
    (system / "etc/os-release").symlink_to("../usr/lib/os-release")
    for shipped in ("first", "second"):
        place = system / layout.shipped.lstrip("/") / f"{shipped}.crt"
        place.write_bytes(root_pair(shipped).pem)
    anchor = system / layout.anchors.lstrip("/") / "corporate.crt"
    anchor.write_bytes(root_pair("corporate").pem)
    tool = system / "usr/sbin" / layout.tool
    tests = str(Path(__file__).parents[1])
    tool.write_text(
        _TOOL.format(python=sys.executable, tests=tests, name=name, system=str(system))
    )
    tool.chmod(0o755)
    refresh_system(name, str(system), inside=image)
    runner = WorldRunner(tools=str(system / "usr/sbin"))
    return replace(world, host=replace(world.host, runner=runner, image=image))


def bundle_world(folder: Path) -> World:
    """Return an image made from nothing, with a bundle of roots and no more."""
    world = bare_world(folder, "bundle")
    bundle = folder / "system/etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    names = ("first", "second", "corporate")
    bundle.write_bytes(b"".join(root_pair(name).pem for name in names))
    return replace(world, host=replace(world.host, image=True))


def image_java_world(folder: Path) -> World:
    """Return an image with a Java whose keystore is a link, as is usual."""
    world = bare_world(folder, "java")
    shared = folder / "system/etc/ssl/certs/java/cacerts"
    own = folder / "system/usr/lib/jvm/java-9/lib/security/cacerts"
    for place in (shared, own):
        place.parent.mkdir(parents=True)
    shared.write_bytes(encode_jks({"first": root_pair("first").der}))
    own.symlink_to("/etc/ssl/certs/java/cacerts")
    return replace(world, host=replace(world.host, image=True))


SYSTEM_WORLDS: dict[str, Callable[[Path], World]] = {
    **{name: partial(system_world, name=name) for name in LAYOUTS if name != "debian"},
    **{
        f"image {name}": partial(system_world, name=name, image=True)
        for name in LAYOUTS
    },
    "image bundle": bundle_world,
}
