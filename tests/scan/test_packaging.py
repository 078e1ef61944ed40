"""What pipelines take from the repository: hooks, an action, a template."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tlsmith.cli.scan import scan

ROOT = Path(__file__).parents[2]


def _read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def _understood(command: str) -> None:
    """Fail if the command has an option that is not ours."""
    words = shlex.split(command)
    assert words[:2] == ["tlsmith", "scan"]
    with click.Context(scan) as context:
        scan.parse_args(context, [*words[2:], "."])


@pytest.mark.parametrize("hook", _read(".pre-commit-hooks.yaml"), ids=lambda h: h["id"])
def test_hooks_run_what_there_is(hook: dict[str, Any]) -> None:
    _understood(hook["entry"])
    assert hook["language"] == "python"


def test_the_template_runs_what_there_is() -> None:
    job = _read("docs/scan/gitlab.yml")["tlsmith-scan"]
    for line in job["script"]:
        _understood(line.replace('"$TLSMITH_FAIL_ON"', "medium"))
    reports = job["artifacts"]["reports"]
    written = " ".join(job["script"])
    assert all(file in written for file in reports.values())


def test_the_action_gives_inputs_to_no_shell() -> None:
    action = _read("action.yml")
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
    asked = str(action["runs"])
    for name in action["inputs"]:
        assert f"inputs.{name}" in asked


@pytest.mark.skipif(not shutil.which("bash"), reason="the action's steps are bash")
def test_the_action_scans(tmp_path: Path) -> None:
    from running import TLSMITH

    step = next(
        step
        for step in _read("action.yml")["runs"]["steps"]
        if step.get("id") == "scan"
    )
    (tmp_path / "a.yaml").write_text("tls:\n  insecure_skip_verify: true\n")
    files = {name: tmp_path / name.lower() for name in ("GITHUB_OUTPUT", "SUMMARY")}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step["run"]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "TLSMITH": TLSMITH,
            "PATHS": "a.yaml",
            "FAIL_ON": "medium",
            "MIN_SEVERITY": "info",
            "BASELINE": "",
            "CHANGED_SINCE": "",
            "SARIF": "out.sarif",
            "GITHUB_OUTPUT": str(files["GITHUB_OUTPUT"]),
            "GITHUB_STEP_SUMMARY": str(files["SUMMARY"]),
        },
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::error file=a.yaml,")
    assert (tmp_path / "out.sarif").read_text().startswith("{")
    assert "| high |" in files["SUMMARY"].read_text()
