"""Every example of docs/python.md is run."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import tlsmith

pytest_plugins = ("pytester",)

PAGE = (Path(__file__).parent.parent / "docs" / "python.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
TESTS = [block for block in BLOCKS if "def test_" in block]
EXAMPLES = [block for block in BLOCKS if block not in TESTS]


@pytest.mark.skipif(shutil.which("curl") is None, reason="an example runs curl")
def test_the_examples_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/python.md", "exec"), names)  # noqa: S102
    assert len(EXAMPLES) >= 8
    assert "hello over TLS" in capfd.readouterr().out


def test_the_tests_on_the_page_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("\n".join(TESTS))
    done = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=1 + len(tlsmith.BAD_KINDS) + 2)


@pytest.mark.parametrize("kind", tlsmith.BAD_KINDS)
def test_every_kind_is_in_the_table_with_its_codes(kind: tlsmith.BadKind) -> None:
    row = re.search(rf"^\| `{kind}` \| .* \| (.*) \|$", PAGE, re.MULTILINE)
    assert row
    codes = tlsmith.CA().bad.make(kind).verify_codes
    assert tuple(map(int, re.findall(r"\d+", row[1]))) == codes


def test_every_fixture_and_every_name_of_the_classes_is_on_the_page() -> None:
    from tlsmith import pytest_plugin

    wanted = {name for name in vars(pytest_plugin) if name.startswith("tls_")}
    for one in (tlsmith.CA, tlsmith.Certificate):
        wanted |= {name for name in vars(one) if not name.startswith("_")}
    # What is for those who build on core themselves.
    wanted -= {"certify", "issuer", "key_kind", "now"}
    missing = {name for name in wanted if not re.search(rf"\b{name}\b", PAGE)}
    assert missing == set()
