"""`tlsmith scan`, as people and pipelines run it."""

from __future__ import annotations

import json
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chains import family
from probe.servers import serving, speak_tls, tls_context
from running import tlsmith, tlsmith_here
from tlsmith.scan.reporters import FORMATS
from tlsmith.scan.rulebook import every_rule

RULE = "config-tls-insecure-skip-verify"
BAD = "clients:\n  - url: https://a.example\n    insecure_skip_verify: true\n"
GOOD = "clients:\n  - url: https://a.example\n    insecure_skip_verify: false\n"
IGNORED = BAD.replace("true", f"true  # tlsmith: ignore[{RULE}] it is so")


@pytest.fixture
def tree(folder: Path) -> Path:
    """A folder with one bad file and one good one."""
    (folder / "deploy").mkdir()
    (folder / "deploy" / "bad.yaml").write_text(BAD)
    (folder / "good.yaml").write_text(GOOD)
    return folder


def found(*words: str) -> list[dict[str, Any]]:
    """Return what --json tells."""
    done = tlsmith_here("scan", "--json", *words)
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_finding_is_told_with_its_place_and_fix(tree: Path) -> None:
    done = tlsmith_here("scan", ".")
    assert done.code == 1
    assert "deploy/bad.yaml:3" in done.out
    assert "insecure_skip_verify: true" in done.out
    assert "^^^" in done.out
    assert "fix: " in done.out
    assert done.err.startswith("1 finding (1 high); 2 files in ")
    assert "next: --fix --dry-run" in done.err


def test_nothing_found_is_zero(tree: Path) -> None:
    done = tlsmith_here("scan", "good.yaml")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("0 findings; 1 file in ")


def test_json_has_what_the_contract_asks_for(tree: Path) -> None:
    (one,) = found(".")
    assert one["rule"] == RULE
    assert one["path"].removeprefix("./") == "deploy/bad.yaml"
    assert (one["line"], one["end_line"]) == (3, 3)
    assert one["cwe"] == [295]
    for name in ("column", "severity", "confidence", "message", "fix"):
        assert one[name]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_works_and_goes_to_a_file(form: str, tree: Path) -> None:
    printed = tlsmith_here("scan", ".", "--format", form)
    written = tlsmith_here("scan", ".", "--format", form, "--output", "out.txt")
    assert (printed.code, written.code, written.out) == (1, 1, "")
    assert Path("out.txt").read_text() == printed.out


@pytest.mark.parametrize(
    ("fail_on", "code"), [("critical", 0), ("high", 1), ("info", 1), ("never", 0)]
)
def test_the_exit_code_is_for_a_severity(tree: Path, fail_on: str, code: int) -> None:
    assert tlsmith_here("scan", ".", "--fail-on", fail_on).code == code


def test_what_is_less_severe_can_be_left_out(tree: Path) -> None:
    assert found(".", "--min-severity", "critical") == []


def test_tests_are_graded_lower_wherever_the_tree_is(tmp_path: Path) -> None:
    root = tmp_path / "tests" / "docs" / "repository"
    for name in ("app", "tests"):
        (root / name).mkdir(parents=True)
        (root / name / "a.yaml").write_text(BAD)
    graded = {Path(one["path"]).parts[-2]: one for one in found(str(root))}
    assert graded["app"]["severity"] == "high"
    assert graded["tests"]["severity"] == "low"
    assert "test" in graded["tests"]["reason"]


def test_what_is_asked_for_twice_is_told_once(tree: Path) -> None:
    assert len(found(".", "deploy", "deploy/bad.yaml", str(tree))) == 1


def test_standard_input_has_a_name(tree: Path) -> None:
    done = tlsmith("scan", "-", "--stdin-name", "a.yaml", "--json", typed=BAD.encode())
    assert json.loads(done.out)["path"] == "a.yaml"


def test_rules_can_be_chosen(tree: Path) -> None:
    assert len(found(".", "--rule", RULE)) == 1
    assert len(found(".", "--rule", "config-*")) == 1
    assert found(".", "--rule", "config-pip-trusted-host") == []
    assert found(".", "--exclude-rule", RULE) == []
    done = tlsmith_here("scan", ".", "--rule", "nobody")
    assert done.code == 2
    assert "no rule is called 'nobody'" in done.err


def test_files_can_be_left_out(tree: Path) -> None:
    assert found(".", "--exclude", "deploy/") == []
    assert found(".", "--exclude", "*.yaml") == []
    assert len(found(".", "--exclude", "other/")) == 1


def test_large_files_are_skipped_and_named(tree: Path) -> None:
    done = tlsmith_here("scan", ".", "--max-size", "20", "--verbose")
    assert done.code == 0
    assert "bad.yaml" in done.err
    assert tlsmith_here("scan", ".", "--max-size", "lots").code == 2


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nowhere",),
        (".", "--json", "--format", "html"),
        (".", "--dry-run"),
        (".", "--staged", "--history"),
        (".", "--history", "--fix"),
        (".", "--config", "x", "--no-config"),
        (".", "--config", "nowhere.toml"),
        (".", "--baseline", "good.yaml"),
    ],
)
def test_wrong_usage(tree: Path, words: tuple[str, ...]) -> None:
    done = tlsmith_here("scan", *words)
    assert done.code == 2
    assert done.err
    assert done.out == ""


def test_a_comment_leaves_a_finding_alone(folder: Path) -> None:
    Path("a.yaml").write_text(IGNORED)
    done = tlsmith_here("scan", ".")
    assert (done.code, done.out) == (0, "")
    assert "1 suppressed" in done.err
    (one,) = found(".", "--show-suppressed")
    assert one["suppressed"] == "it is so"


def test_a_comment_without_a_reason_is_a_finding(folder: Path) -> None:
    Path("a.yaml").write_text(IGNORED.replace(" it is so", ""))
    assert {one["rule"] for one in found(".")} == {RULE, "scan-ignore-without-reason"}


def test_settings_are_found_upward(tree: Path) -> None:
    Path("pyproject.toml").write_text(
        '[tool.tlsmith.scan]\nfail-on = "critical"\n'
        f'[tool.tlsmith.scan.severity]\n{RULE} = "medium"\n'
    )
    done = tlsmith_here("scan", "deploy", "--json")
    assert done.code == 0
    assert json.loads(done.out)["severity"] == "medium"
    assert tlsmith_here("scan", "deploy", "--no-config").code == 1
    assert tlsmith_here("scan", "deploy", "--fail-on", "low").code == 1


def test_settings_exclude_disable_and_excuse(tree: Path) -> None:
    Path(".tlsmith.toml").write_text('[scan]\nexclude = ["deploy/"]\n')
    assert found(".") == []
    Path(".tlsmith.toml").write_text(f'[scan]\ndisable = ["{RULE}"]\n')
    assert found(".") == []
    Path(".tlsmith.toml").write_text(
        '[[scan.paths]]\npath = "deploy/**"\nrules = ["*"]\nreason = "so"\n'
    )
    assert found(".") == []
    assert found(".", "--show-suppressed")[0]["suppressed"] == "so"


def test_mistakes_in_settings_are_told_at_once(tree: Path) -> None:
    Path(".tlsmith.toml").write_text('[scan]\ncolour = 1\ndisable = ["nobody"]\n')
    done = tlsmith_here("scan", ".")
    assert done.code == 2
    assert "'colour' is no setting" in done.err
    assert "there is no rule 'nobody'" in done.err


def test_a_baseline_tells_only_what_is_new(tree: Path) -> None:
    written = tlsmith_here("scan", ".", "--write-baseline", "base.json")
    assert written.code == 0
    Path("deploy/bad.yaml").write_text(f"# moved\n\n{BAD}")
    known = tlsmith_here("scan", ".", "--baseline", "base.json")
    assert (known.code, known.out) == (0, "")
    Path("new.yaml").write_text(BAD)
    (one,) = found(".", "--baseline", "base.json")
    assert one["path"].removeprefix("./") == "new.yaml"


def test_a_baseline_tells_what_is_gone(tree: Path) -> None:
    tlsmith_here("scan", ".", "--write-baseline", "base.json")
    Path("deploy/bad.yaml").write_text(GOOD)
    done = tlsmith_here("scan", ".", "--baseline", "base.json")
    assert done.code == 0
    assert "1 finding is gone" in done.err
    assert RULE in done.err


def test_fix_shows_and_mends(tree: Path) -> None:
    file = Path("deploy/bad.yaml")
    file.chmod(0o751)
    file.write_bytes(BAD.replace("\n", "\r\n").encode())
    shown = tlsmith_here("scan", ".", "--fix", "--dry-run")
    assert shown.code == 1
    assert "-    insecure_skip_verify: true" in shown.out
    assert file.read_bytes() == BAD.replace("\n", "\r\n").encode()
    mended = tlsmith_here("scan", ".", "--fix", "--yes")
    assert mended.code == 0
    assert "mended 1 finding in 1 file" in mended.err
    assert file.read_bytes() == GOOD.replace("\n", "\r\n").encode()
    assert file.stat().st_mode & 0o777 == 0o751
    again = tlsmith_here("scan", ".", "--fix", "--yes")
    assert again.code == 0
    assert "nothing to mend" in again.err


def test_fix_asks_where_nobody_is_there(tree: Path) -> None:
    done = tlsmith_here("scan", ".", "--fix")
    assert done.code == 2
    assert "--yes" in done.err
    assert Path("deploy/bad.yaml").read_text() == BAD


def test_fix_follows_links_and_keeps_them(tree: Path) -> None:
    real = Path("real.yaml")
    Path("deploy/bad.yaml").rename(real)
    Path("link.yaml").symlink_to(real)
    tlsmith_here("scan", "link.yaml", "--fix", "--yes")
    assert Path("link.yaml").is_symlink()
    assert real.read_text() == GOOD


def test_fix_keeps_a_report_clean(tree: Path) -> None:
    done = tlsmith_here("scan", ".", "--json", "--fix", "--dry-run")
    assert len([json.loads(line) for line in done.out.splitlines()]) == 1
    assert "insecure_skip_verify: false" in done.err


def test_names_a_terminal_would_obey_are_shown(folder: Path) -> None:
    Path("a\x1b[31m.yaml").write_text(BAD)
    for form in FORMATS:
        done = tlsmith_here("scan", ".", "--format", form)
        assert "\x1b" not in done.out + done.err


def test_rules_are_listed(folder: Path) -> None:
    done = tlsmith_here("scan", "rules")
    assert done.code == 0
    assert len(done.out.splitlines()) == len(every_rule())
    listed = tlsmith_here("scan", "rules", "--json").out.splitlines()
    assert {json.loads(line)["id"] for line in listed} == {
        rule.id for rule in every_rule()
    }
    assert tlsmith_here("scan", "rules", "--language", "klingon").code == 2


def test_a_rule_is_explained(folder: Path) -> None:
    done = tlsmith_here("scan", "explain", RULE)
    assert done.code == 0
    assert "What can happen: " in done.out
    assert "Write instead: " in done.out
    assert "Found:" in done.out
    assert "Not found:" in done.out
    assert json.loads(tlsmith_here("scan", "explain", RULE, "--json").out)["id"] == RULE
    wrong = tlsmith_here("scan", "explain", RULE[:-1])
    assert wrong.code == 2
    assert RULE in wrong.err


def test_a_folder_with_the_name_of_a_command_is_reachable(folder: Path) -> None:
    Path("rules").mkdir()
    Path("rules/a.yaml").write_text(BAD)
    assert len(found("./rules")) == 1
    assert len(found(".", "rules")) >= 1


def test_a_server_is_proved(folder: Path) -> None:
    house = family(name="localhost")
    context = tls_context(folder, [house.leaf, house.intermediate])
    with serving(speak_tls(context)) as port:
        done = tlsmith_here("scan", "--prove", f"https://localhost:{port}")
    assert done.code == 1
    assert "not proved: localhost" in done.err
    assert "hint: " in done.err


def _local(name: str) -> ssl.SSLContext:
    """Return a server's context with a certificate of the local CA."""
    files = ("--cert-file", "c.pem", "--key-file", "k.pem")
    assert tlsmith_here("make", name, *files).code == 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("c.pem", "k.pem")
    return context


def test_the_system_s_roots_prove_a_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = _local("localhost")
    Path("root.pem").write_text(tlsmith_here("ca", "export", "--root").out)
    monkeypatch.setenv("SSL_CERT_FILE", "root.pem")
    with serving(speak_tls(context)) as port:
        done = tlsmith_here("scan", "--prove", f"localhost:{port}")
    assert done.code == 0
    assert "verification on, by the bundle root.pem" in done.err


def test_a_certificate_for_another_name_is_told(folder: Path) -> None:
    with serving(speak_tls(_local("other.localhost"))) as port:
        done = tlsmith_here("scan", "--prove", f"https://localhost:{port}")
    assert done.code == 1
    assert "its certificate is for other names" in done.err


def test_no_server_is_a_failure(folder: Path) -> None:
    assert tlsmith_here("scan", "--prove", "https://localhost:1").code == 3


def test_the_local_ca_proves_a_server(folder: Path) -> None:
    with serving(speak_tls(_local("localhost"))) as port:
        done = tlsmith_here("scan", "--prove", f"https://localhost:{port}")
    assert done.code == 0
    assert "by the local CA" in done.err
    assert "tlsmith env" in done.err


def test_git_tells_what_to_scan(tree: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", *who, *words], check=True, capture_output=True)

    git("init", "-q")
    git("add", "good.yaml")
    assert found("--staged") == []
    git("commit", "-qm", "good")
    git("add", "deploy")
    assert [one["path"] for one in found("--staged")] == ["deploy/bad.yaml"]
    assert found("--staged", "good.yaml") == []
    assert len(found("--changed-since", "HEAD")) == 1
    git("commit", "-qm", "bad")
    git("rm", "-q", "-r", "deploy")
    git("commit", "-qm", "gone")
    (one,) = found("--history")
    assert len(one["revision"]) == 40
    assert tlsmith_here("scan", "--changed-since", "nowhere").code == 2
    assert "in " in tlsmith_here("scan", "--history").out.splitlines()[0]
