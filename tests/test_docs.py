"""What is not documented is not done."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import click
import pytest

from tlsmith.core.keys import KINDS
from tlsmith.local.outputs import FORMATS
from tlsmith.truststores.registry import NAMES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = _script("reference")
COMMANDS = REFERENCE.every_command()
PROSE = {path.name: path.read_text() for path in DOCS.glob("*.md")}
OWN_WORDS = "\n".join(text for name, text in PROSE.items() if name != "commands.md")


@pytest.mark.parametrize("name", NAMES)
def test_every_store_has_its_row(name: str) -> None:
    assert re.search(rf"`(?:--store )?{name}`", PROSE["trust.md"])


def test_the_reference_is_what_the_commands_say() -> None:
    """Mend with: .venv/bin/python docs/reference.py"""
    assert REFERENCE.TARGET.read_text(encoding="utf-8") == REFERENCE.render()


def test_acme_s_problems_are_told_as_the_server_tells_them() -> None:
    """Mend with: .venv/bin/python docs/problems.py"""
    assert _script("problems").updated(PROSE["acme.md"]) == PROSE["acme.md"]


@pytest.mark.parametrize(
    ("command", "context"), COMMANDS, ids=[ctx.command_path for _, ctx in COMMANDS]
)
def test_a_command_explains_itself(
    command: click.Command, context: click.Context
) -> None:
    """Each has a summary, an example, and help for each of its options."""
    assert command.help
    assert re.search(r"Examples?:", command.help), "no example in the help"
    unexplained = [
        parameter.name
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert not unexplained
    assert context.command_path in OWN_WORDS, "no page of docs/ has this command"


@pytest.mark.parametrize(
    ("command", "context"), COMMANDS, ids=[ctx.command_path for _, ctx in COMMANDS]
)
def test_the_options_of_a_command_are_on_a_page(
    command: click.Command, context: click.Context
) -> None:
    options = {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
        if name.startswith("--")
    }
    missing = [name for name in options if f"{name}" not in OWN_WORDS]
    assert not missing, f"{context.command_path}: {missing}"


def test_every_setting_is_on_a_page() -> None:
    """A setting is an environment variable of ours that the source reads."""
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    settings = set(re.findall(r"\bTLSMITH_[A-Z_]+\b", source))
    assert settings
    assert {name for name in settings if f"`{name}`" not in PROSE["index.md"]} == set()


@pytest.mark.parametrize("word", [*KINDS, *FORMATS])
def test_every_kind_of_key_and_format_is_on_a_page(word: str) -> None:
    assert f"`{word}`" in PROSE["make.md"]


def test_links_between_pages_lead_somewhere() -> None:
    for name, text in PROSE.items():
        for target in re.findall(r"\]\(([\w./-]+\.md)", text):
            assert (DOCS / target).exists(), f"{name} links to {target}"


def test_the_changelog_has_the_version_at_work() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert "## Unreleased" in text
