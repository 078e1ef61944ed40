"""Every setting is documented, as it is."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from types import ModuleType

from tlsmith.authority.policy import load_policy
from tlsmith.server.acme.challenges import PAUSES
from tlsmith.server.config import load_settings, settings_table
from tlsmith.server.settings import ServeSettings

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


def test_acme_s_examples_are_a_policy_and_a_configuration(tmp_path: Path) -> None:
    page = (DOCS / "acme.md").read_text(encoding="utf-8")
    policy, settings = (one.partition("```")[0] for one in page.split("```toml\n")[1:])
    mesh = load_policy(policy).profile("mesh")
    assert mesh.default == timedelta(hours=6)
    file = tmp_path / "serve.toml"
    file.write_text(f'store = "sqlite:///ca.db"\n{settings}', encoding="utf-8")
    acme = load_settings(str(file), {}, {}).acme
    assert acme.require_eab
    assert acme.profiles == ("server", "mesh")
    assert [domain for _, domain in acme.trusted_networks] == ["rack.corp.example"]


def test_acme_s_page_says_how_long_a_host_that_hangs_is_tried() -> None:
    page = " ".join((DOCS / "acme.md").read_text(encoding="utf-8").split())
    timeout = ServeSettings(store="sqlite:///ca.db").acme.timeout
    tries = len(PAUSES) + 1
    assert (tries, PAUSES) == (3, (1, 3))  # as the page has it in words
    lasts = int(tries * timeout + sum(PAUSES))
    assert f"with its {timeout} seconds it is {lasts} until" in page


def test_every_setting_that_acme_s_page_names_is_one() -> None:
    page = (DOCS / "acme.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bacme\.[a-z_]+\b(?!\.)", page)) - {"acme.md", "acme.sh"}
    assert len(named) > 15
    assert named - set(settings_table()) == set()
