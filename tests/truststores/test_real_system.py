"""The real system's store, with its own hooks, below overlays that vanish."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from truststores.overlaid import SCENARIOS
from truststores.worlds import need, root_pair

pytestmark = [
    pytest.mark.privileged,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay an overlay"),
]
_PROGRAM = Path(__file__).with_name("overlaid.py")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_byte_is_as_it_was(scenario: str, tmp_path: Path) -> None:
    need("update-ca-certificates", "unshare")
    folder, roots = tmp_path / "overlays", []
    folder.mkdir()
    for name in ("Root under test", "another"):
        file = tmp_path / f"{name}.pem"
        file.write_bytes(root_pair(name).pem)
        roots.append(str(file))
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, _PROGRAM, scenario, folder, *roots],
        env={**os.environ, "PYTHONPATH": str(_PROGRAM.parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if "mount" in done.stderr and done.returncode:
        pytest.skip(f"no overlay can be laid here: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}
