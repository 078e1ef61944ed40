"""Every setting is documented, as it is."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

from tlsmith.server.config import load_settings, settings_table

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "serve.md").read_text(encoding="utf-8")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("settings_page", DOCS / "settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_what_the_settings_are() -> None:
    assert generator().updated(PAGE) == PAGE
    for path in settings_table():
        assert f"| `{path}`" in PAGE


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    example = PAGE.partition("```toml\n")[2].partition("```")[0]
    assert tomllib.loads(example)
    (tmp_path / "serve.toml").write_text(example, encoding="utf-8")
    assert load_settings(str(tmp_path / "serve.toml"), {}, {}).workers == 2
