"""How many of this machine's TLS clients accept, after tlsmith and after mkcert.

As root, below overlays, with homes where no browser was ever started:

    .venv/bin/python bench/clients.py [FOLDER_OF_MORE_CLIENTS...]

Both are judged alike: by `tlsmith.local.proof`, whose server sees who asks for a page,
each client started from a new login shell's variables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

_TLSMITH = str(Path(sys.executable).with_name("tlsmith"))


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "--inside":
        inside(*sys.argv[2:])
        return
    if os.geteuid() != 0:
        sys.exit("only root can lay an overlay")
    accepted: dict[str, dict[str, bool]] = {}
    for tool in ("tlsmith", "mkcert"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.pathsep.join([*sys.argv[1:], "/usr/bin", "/bin", "/usr/sbin"])
            start = ["unshare", "--mount", sys.executable, __file__, "--inside"]
            command = [*start, tool, folder, path]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        accepted[tool] = json.loads(done.stdout)
    print(f"{'':32} tlsmith  mkcert")
    for client in accepted["tlsmith"]:
        words = [
            "accepts" if accepted[tool].get(client) else "rejects" for tool in accepted
        ]
        print(f"{client:32} {'  '.join(words)}")
    counts = [f"{tool} {sum(found.values())}" for tool, found in accepted.items()]
    print(f"\nof {len(accepted['tlsmith'])}: {', '.join(counts)}")


def inside(tool: str, folder: str, path: str) -> None:
    """Install with one of them, and print who accepts its CA."""
    from truststores.overlaid import overlay

    overlay(Path(folder))
    home = Path(os.environ["HOME"])
    for name in ("/etc/npmrc", "/usr/local/etc/npmrc", "/etc/pip.conf"):
        Path(name).unlink(missing_ok=True)
    clean = {"HOME": str(home), "PATH": path, "TLSMITH_HOME": f"{folder}/data"}
    install = [_TLSMITH, "trust", "install", "--env"]
    command = install if tool == "tlsmith" else ["mkcert", "-install"]
    subprocess.run(command, env=clean, check=True, capture_output=True)
    login = ["bash", "-l", "-c", 'PATH=$0; exec "$@"', path, "env", "-0"]
    said = subprocess.run(login, env=clean, check=True, capture_output=True).stdout
    pairs = (entry.partition(b"=") for entry in said.split(b"\0") if entry)
    environment = {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}
    print(json.dumps(_proofs(tool, home, f"{folder}/data", environment)))


def _proofs(
    tool: str, home: Path, data: str, environment: dict[str, str]
) -> dict[str, bool]:
    from tlsmith.core.issuer import Issuer
    from tlsmith.local import load_authority
    from tlsmith.local.mkcert import load_mkcert_authority
    from tlsmith.local.proof import Surroundings, clients_here, prove
    from tlsmith.truststores import Host, SystemRunner

    issuer: Issuer
    if tool == "tlsmith":
        local = load_authority(data)
        assert local is not None
        issuer, root = local.issuer(), local.root
    else:
        theirs = load_mkcert_authority(str(home / ".local/share/mkcert"))
        assert theirs is not None
        issuer, root = theirs.issuer(), theirs.root
    host = Host(SystemRunner(), str(home), environment=environment)
    around = Surroundings(root, environment, {})
    proofs = prove(issuer, datetime.now(UTC), around, clients_here(host))
    return {proof.client: proof.is_good for proof in proofs if proof.connected}


if __name__ == "__main__":
    main()
