"""The rules as they are read, and the copy that is read faster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tlsmith.errors import ConfigError
from tlsmith.scan.rule import rule_of
from tlsmith.scan.rulebook import every_rule, keep, rule_files, with_samples


def bare(rules: tuple) -> list:  # type: ignore[type-arg]
    return [replace(rule, bad=(), good=()) for rule in rules]


def test_the_copy_says_the_same(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    assert every_rule(cache) == with_samples()
    every_rule.cache_clear()
    assert bare(every_rule(cache)) == bare(with_samples())
    assert not any(rule.bad for rule in every_rule(cache))


@pytest.mark.parametrize("text", ["", "[", "{}", "[]", "[1]", '[{"id": 1}]', "\0"])
def test_a_broken_copy_is_made_anew(tmp_path: Path, text: str) -> None:
    cache = str(tmp_path)
    every_rule.cache_clear()
    every_rule(cache)
    (kept,) = tmp_path.iterdir()
    kept.write_text(text)
    every_rule.cache_clear()
    assert bare(every_rule(cache)) == bare(with_samples())


def test_nothing_is_kept_where_nothing_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    keep(str(tmp_path / "file" / "x"), b"x")
    keep(str(tmp_path / "new" / "x"), b"x")
    assert (tmp_path / "new" / "x").read_bytes() == b"x"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x"]


def test_files_come_by_name() -> None:
    names = [file.name for file in rule_files()]
    assert names == sorted(names)
    assert len(names) > 20


def test_every_mistake_of_a_rule_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        rule_of(
            {
                "id": "X",
                "anchor": "(",
                "severity": "bad",
                "nonsense": 1,
                "match": {"kind": "text", "unless": True},
            },
            "a.toml",
        )
    told = "\n".join(caught.value.mistakes)
    for piece in (
        "title is missing",
        "'nonsense'",
        "id 'X'",
        "'bad'",
        "anchor '('",
        "unless True",
    ):
        assert piece in told


@pytest.mark.parametrize("anchor", ["(?<!no)verify", "verify(?!_)", "key(?=:)"])
def test_an_anchor_does_not_look_around(anchor: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rule_of({"id": "a-b", "anchor": anchor}, "a.toml")
    assert "looks around" in "\n".join(caught.value.mistakes)
