"""What an older tlsmith left is undone by this one.

The journals are written out as 0.1 wrote them: a change of the format that cannot read
them fails here. Add those of a new version beside, and leave these.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tlsmith.truststores import Outcome, uninstall
from truststores.worlds import (
    OWNER,
    World,
    bare_world,
    debian_world,
    refresh,
    root,
    root_pair,
)

_PROFILE = "# mine\n"
_BLOCK = """\
# >>> tlsmith >>> {{"bundle": "{bundle}", "roots": ["{root}"], "new": false, \
"joined": false}}
# Written by `tlsmith trust install --env`; `tlsmith trust uninstall` undoes it.
if [ -r '{bundle}' ]; then
export SSL_CERT_FILE='{bundle}'
fi
# <<< tlsmith <<<
"""


def _journal(place: str, store: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": 1,
        "store": store,
        "place": place,
        "since": 1795642300.0096467,
        "roots": [
            {
                "fingerprint": root().fingerprint,
                "owners": [OWNER],
                "der": base64.b64encode(root().der).decode(),
            }
        ],
        "pending": None,
        **parts,
    }


def _file(data: bytes, **more: object) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    facts = {"kind": "file", "digest": digest, "sha256": digest, "mode": 0o644}
    facts |= {"owner": [os.getuid(), os.getgid()], "modified": 1795642300005726419}
    return {**facts, "size": len(data), "changed": 1795642300.0057263, **more}


def _write(parent: str, facts: Mapping[str, Any], copies: Mapping[str, bytes]) -> None:
    mark = hashlib.sha256(facts["place"].encode()).hexdigest()[:12]
    folder = Path(parent) / f"{facts['store']}-{mark}"
    folder.mkdir(parents=True)
    (folder / "journal.json").write_text(json.dumps(facts, indent=1))
    for name, data in copies.items():
        (folder / name).write_bytes(data)


def _uninstall(world: World) -> list[Outcome]:
    return uninstall(world.remembered(), [], world.host, OWNER)


@pytest.mark.parametrize("edited", [False, True])
def test_a_profile_of_version_0_1(tmp_path: Path, edited: bool) -> None:
    world = bare_world(tmp_path / "world", "env")
    profile = Path(world.host.home) / ".profile"
    block = _BLOCK.format(bundle="/home/one/bundle.pem", root=root().fingerprint)
    text = _PROFILE + block
    profile.write_text(text)
    base, left = _file(_PROFILE.encode()), _file(text.encode())
    facts = _journal(
        str(profile),
        "env",
        {"base": {str(profile): base}, "left": {str(profile): left}},
    )
    _write(world.host.user_journal, facts, {base["sha256"]: _PROFILE.encode()})
    if edited:
        profile.write_text(f"{text}# later\n")
    (outcome,) = _uninstall(world)
    assert (outcome.state, outcome.changed) == ("not-trusted", True), outcome
    assert profile.read_text() == (f"{_PROFILE}# later\n" if edited else _PROFILE)
    assert not os.path.exists(world.host.user_journal)


def _last_block(data: bytes) -> tuple[int, str]:
    at = (len(data) - 1) // 512 * 512
    return at, base64.b64encode(data[at:]).decode()


def test_debians_store_of_version_0_1(tmp_path: Path) -> None:
    world = debian_world(tmp_path / "world")
    before = world.state()
    certs = Path(world.host.path("/etc/ssl/certs"))
    bundle = certs / "ca-certificates.crt"
    was, links = bundle.read_bytes(), set(os.listdir(certs))
    local = Path(world.host.path("/usr/local/share/ca-certificates"))
    ours = local / f"{root().label}.crt"
    ours.write_bytes(root_pair().pem)
    modified = bundle.stat().st_mtime_ns
    refresh(world)
    new = {certs / name for name in set(os.listdir(certs)) - links}
    patched = _file(was, patch=[_last_block(was)], modified=modified)
    base = {str(path): {"kind": "absent"} for path in {ours, *new}}
    left = {str(path): {"kind": "link", "target": os.readlink(path)} for path in new}
    facts = _journal(
        str(certs),
        "debian",
        {
            "base": {**base, str(bundle): patched},
            "left": {
                **left,
                str(ours): _file(ours.read_bytes()),
                str(bundle): _file(bundle.read_bytes()),
            },
        },
    )
    _write(world.host.machine_journal, facts, {})
    (outcome,) = _uninstall(world)
    assert (outcome.state, outcome.changed) == ("not-trusted", True), outcome
    assert world.state() == before
