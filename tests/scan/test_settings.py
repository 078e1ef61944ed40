"""How a project is to be scanned, as its own files say."""

from __future__ import annotations

from pathlib import Path

import pytest

from scan_findings import RULE, finding
from tlsmith.errors import ConfigError
from tlsmith.scan.settings import Settings, find_settings, load_settings

WHOLE = f"""
[tool.tlsmith.scan]
disable = ["a-b"]
exclude = ["vendor/", "*.min.js"]
fail-on = "medium"
min-severity = "low"
[tool.tlsmith.scan.severity]
{RULE.id} = "critical"
[[tool.tlsmith.scan.paths]]
path = "tests/bad/**"
rules = ["*"]
reason = "servers that must be refused"
"""
KNOWN = {RULE.id, "a-b"}


def _written(folder: Path, text: str, name: str = "pyproject.toml") -> str:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return str(file)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(_written(tmp_path, WHOLE), KNOWN)


def test_everything_that_can_be_set(settings: Settings, tmp_path: Path) -> None:
    assert settings.disable == ("a-b",)
    assert (settings.fail_on, settings.min_severity) == ("medium", "low")
    assert settings.is_excluded(f"{tmp_path}/src/vendor/a.py")
    assert not settings.is_excluded(f"{tmp_path}/src/a.py")


def test_severities_are_replaced(settings: Settings, tmp_path: Path) -> None:
    found = settings.applied(finding(path=f"{tmp_path}/src/a.py"))
    assert (found.severity, found.suppressed) == ("critical", None)
    assert "settings" in found.reason


def test_rules_are_named_by_patterns(tmp_path: Path) -> None:
    first, _, rest = RULE.id.partition("-")
    text = f"""
    [tool.tlsmith.scan]
    disable = ["a-*"]
    [tool.tlsmith.scan.severity]
    "{first}-*" = "low"
    "*-{rest}" = "critical"
    [[tool.tlsmith.scan.paths]]
    path = "tests/**"
    rules = ["{first}-?*"]
    reason = "servers that must be refused"
    """
    settings = load_settings(_written(tmp_path, text), KNOWN)
    assert settings.applied(finding(path=f"{tmp_path}/a.py")).severity == "critical"
    assert settings.applied(finding(path=f"{tmp_path}/tests/a.py")).suppressed
    with pytest.raises(ConfigError) as refused:
        load_settings(_written(tmp_path, text.replace("a-*", "b-*")), KNOWN)
    assert "there is no rule 'b-*'" in str(refused.value.mistakes)


def test_rules_do_not_count_below_a_path(settings: Settings, tmp_path: Path) -> None:
    found = settings.applied(finding(path=f"{tmp_path}/tests/bad/a.py"))
    assert found.suppressed == "servers that must be refused"
    elsewhere = settings.applied(finding(path=f"{tmp_path}/tests/a.py"))
    assert elsewhere.suppressed is None


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    project = _written(tmp_path, WHOLE)
    _written(tmp_path / "a", "[tool.other]\n")
    own = _written(tmp_path / "a" / "b", "[scan]\n", ".tlsmith.toml")
    below = tmp_path / "a" / "b" / "c"
    below.mkdir()
    assert find_settings(str(below)) == own
    assert find_settings(str(tmp_path / "a")) == project
    assert load_settings(own, KNOWN).disable == ()


def test_another_project_s_broken_file_is_not_ours(tmp_path: Path) -> None:
    _written(tmp_path, WHOLE)
    _written(tmp_path / "a", "[tool\n")
    assert find_settings(str(tmp_path / "a")) == str(tmp_path / "pyproject.toml")


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = """
[scan]
disable = ["nobody"]
exclude = "vendor"
fail-on = "always"
colour = true
severity = {nobody = "high", a-b = "worst"}
[[scan.paths]]
path = "x"
rules = ["nobody"]
[[scan.paths]]
path = ""
rules = []
reason = "r"
why = "r"
"""
    with pytest.raises(ConfigError) as caught:
        load_settings(_written(tmp_path, text, ".tlsmith.toml"), KNOWN)
    assert set(caught.value.mistakes) == {
        "'colour' is no setting",
        "exclude is no list of words",
        "disable: there is no rule 'nobody'",
        "fail-on 'always' is none of info, low, medium, high, critical, never",
        "severity: there is no rule 'nobody'",
        "severity of a-b: 'worst' is none of info, low, medium, high, critical",
        "paths, entry 1: reason is missing or empty",
        "paths, entry 1: there is no rule 'nobody'",
        "paths, entry 2: 'why' is no setting",
        "paths, entry 2: path is missing or empty",
        'paths, entry 2: rules is no list of rules, such as ["*"]',
    }


@pytest.mark.parametrize(
    "text", ["[scan", "\x00", "scan = 3", "[scan]\npaths = 3", "[scan]\nseverity = 3"]
)
def test_files_that_are_wrong_altogether(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        load_settings(_written(tmp_path, text, ".tlsmith.toml"), KNOWN)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(str(tmp_path / ".tlsmith.toml"), KNOWN)
