"""`tlsmith scan --env` and `--process`, as people and pipelines run them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from running import TLSMITH, environment_of, tlsmith_here
from tlsmith.scan.reporters import FORMATS

LOG = "environment-tls-key-log"
SECRET = "hunter2"
NPM = f"//npm.example/:_authToken={SECRET}\nstrict-ssl=false\n"


@pytest.fixture
def logged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, and an environment that keeps the secrets of sessions."""
    monkeypatch.setenv("SSLKEYLOGFILE", "/tmp/keys.log")
    monkeypatch.setenv("DATABASE_URL", f"postgres://a:{SECRET}@db/x?sslmode=disable")
    monkeypatch.setenv("API_TOKEN", SECRET)
    return folder


def found(*words: str) -> list[dict[str, Any]]:
    """Return what --json tells."""
    done = tlsmith_here("scan", "--json", *words)
    return [json.loads(line) for line in done.out.splitlines()]


def test_an_environment_is_told_with_what_to_unset(logged: Path) -> None:
    done = tlsmith_here("scan", "--env", "--rule", LOG)
    assert done.code == 1
    assert done.out.startswith("environment/SSLKEYLOGFILE:1:1  critical  ")
    assert "Variable SSLKEYLOGFILE of this environment." in done.out
    assert "fix: `unset SSLKEYLOGFILE`" in done.out
    assert " variables in " in done.err


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_tells_a_secret(logged: Path, form: str) -> None:
    done = tlsmith_here("scan", "--env", "--format", form)
    assert "sslmode=disable" in done.out or form in ("junit", "github", "gitlab")
    assert "SSLKEYLOGFILE" in done.out
    assert SECRET not in done.out + done.err


def test_the_exit_code_is_for_a_severity(logged: Path, home: Path) -> None:
    words = ("scan", "--env", "--rule", LOG)
    assert tlsmith_here(*words, "--fail-on", "never").code == 0
    assert tlsmith_here("scan", "--env", "--rule", "config-pip-trusted-host").code == 0
    (home / ".pip").mkdir()
    (home / ".pip" / "pip.conf").write_text("[global]\ntrusted-host = a.example\n")
    assert tlsmith_here("scan", "--env", "--rule", "config-pip-trusted-host").code == 1


def test_paths_and_this_environment_are_told_together(logged: Path) -> None:
    Path("a.yaml").write_text("insecure_skip_verify: true\n")
    told = {one["path"] for one in found(".", "--env")}
    assert {"a.yaml", "environment/SSLKEYLOGFILE"} <= told


def test_a_person_s_own_files_are_mended_and_the_environment_is_not(
    logged: Path, home: Path
) -> None:
    file = home / ".npmrc"
    file.write_text(NPM)
    only = ("--rule", "config-tls-verify-off", "--rule", LOG)
    done = tlsmith_here("scan", "--env", *only, "--fix", "--yes")
    assert done.code == 1
    assert file.read_text() == NPM.replace("false", "true")
    assert "  unset SSLKEYLOGFILE\n" in done.err
    assert "DATABASE_URL" not in done.err
    assert "+strict-ssl=true" in done.out
    assert SECRET not in done.out + done.err
    again = tlsmith_here("scan", "--env", *only, "--fix", "--yes")
    assert "nothing to mend" in again.err
    assert "  unset SSLKEYLOGFILE\n" in again.err


def test_functions_and_options_are_told_as_what_they_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASH_FUNC_fetch%%", '() {  curl -k "$@"\n}')
    monkeypatch.setenv("ARGOCD_OPTS", f"--auth-token {SECRET} --insecure")
    done = tlsmith_here("scan", "--env", "--rule", "shell-*", "--fix", "--dry-run")
    assert done.code == 1
    assert "environment/fetch():1:" in done.out
    assert "Function fetch of this environment." in done.out
    assert "environment/ARGOCD_OPTS:1:" in done.out
    assert "fix: Change ARGOCD_OPTS where it is set." in done.out
    assert "  unset -f fetch\n" in done.err
    assert "unset ARGOCD_OPTS" not in done.err
    assert SECRET not in done.out + done.err


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells about processes")
def test_processes_stand_beside_paths(folder: Path) -> None:
    Path("a.yaml").write_text("insecure_skip_verify: true\n")
    done = tlsmith_here("scan", ".", "--process", "--exclude", "process/")
    assert done.code == 1
    assert done.out.startswith("a.yaml:1:1  high")
    assert "1 file, " in done.err
    assert " process" in done.err


def test_fish_is_told_in_its_own_words(
    logged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    done = tlsmith_here("scan", "--env", "--rule", LOG, "--fix", "--dry-run")
    assert "  set -e SSLKEYLOGFILE\n" in done.err


def test_settings_excuse_and_exclude(logged: Path) -> None:
    Path(".tlsmith.toml").write_text(
        '[[scan.paths]]\npath = "environment/SSLKEYLOGFILE"\n'
        'rules = ["*"]\nreason = "looked at"\n'
    )
    assert found("--env", "--rule", LOG) == []
    (one,) = found("--env", "--rule", LOG, "--show-suppressed")
    assert one["suppressed"] == "looked at"
    exclude = ("--exclude", "environment/*", "--no-config")
    assert found("--env", "--rule", LOG, *exclude) == []


def test_a_baseline_knows_an_environment_again(logged: Path) -> None:
    words = ("scan", "--env", "--rule", LOG)
    assert tlsmith_here(*words, "--write-baseline", "b.json").code == 0
    done = tlsmith_here(*words, "--baseline", "b.json")
    assert (done.code, done.out) == (0, "")


@pytest.mark.skipif(not shutil.which("git"), reason="it asks git")
def test_changes_and_the_environment_go_together(logged: Path) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    Path("a.yaml").write_text("insecure_skip_verify: true\n")
    subprocess.run(["git", "add", "."], check=True)
    told = {one["path"] for one in found("--staged", "--env")}
    assert {"a.yaml", "environment/SSLKEYLOGFILE"} <= told


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells about processes")
def test_processes_are_told(tmp_path: Path) -> None:
    """The command's parent is this process, which has a clean environment; a shell
    between them has not."""
    environment = environment_of(tmp_path, SSLKEYLOGFILE="/tmp/k", API_TOKEN=SECRET)
    script = f"'{TLSMITH}' scan --process --rule {LOG} --json; exit $?"
    done = subprocess.run(
        ["sh", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    (ours,) = [one for one in told if one["path"].endswith("/sh/SSLKEYLOGFILE")]
    assert "(sh, user " in ours["message"]
    assert SECRET not in done.stdout + done.stderr
    assert " processes in " in done.stderr
