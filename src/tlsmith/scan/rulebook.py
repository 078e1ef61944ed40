"""Every rule there is, read from the files they are written in."""

from __future__ import annotations

import json
import os
import tomllib
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from tlsmith.errors import ConfigError
from tlsmith.scan.caching import keep
from tlsmith.scan.rule import Rule, rule_of

_FORMAT = 1


@lru_cache(maxsize=4)
def every_rule(cache: str | None = None) -> tuple[Rule, ...]:
    """Every rule, in the order of the files' names.

    Args:
        cache: A folder for a copy that is read faster; without samples, which only
            `with_samples` has. Not written if it cannot be.

    Raises:
        ConfigError: A rule file has mistakes; all of them are listed.
    """
    if cache is None:
        return with_samples()
    name = os.path.join(cache, f"rules-{_key()}.json")
    rules = _kept(name)
    if rules:
        return rules
    rules = with_samples()
    keep(name, json.dumps([_bare(rule) for rule in rules]).encode())
    return rules


def _kept(name: str) -> tuple[Rule, ...]:
    """The rules of a copy; none if there is none, or if it is broken."""
    with (
        suppress(OSError, ValueError, TypeError, KeyError),
        open(name, encoding="utf-8") as stream,
    ):
        return tuple(_remade(entry) for entry in json.load(stream))
    return ()


@lru_cache(maxsize=1)
def with_samples() -> tuple[Rule, ...]:
    """Every rule with the texts it must and must not find."""
    mistakes: list[str] = []
    rules: list[Rule] = []
    for file in rule_files():
        entries = tomllib.loads(file.read_text("utf-8")).get("rule", ())
        for number, entry in enumerate(entries, 1):
            try:
                rules.append(rule_of(entry, f"{file.name}, rule {number}"))
            except ConfigError as error:
                mistakes += [f"{error.message}: {one}" for one in error.mistakes]
    counts = Counter(rule.id for rule in rules)
    mistakes += [f"{name} is there {n} times" for name, n in counts.items() if n > 1]
    if mistakes:
        raise ConfigError(f"{len(mistakes)} mistakes in rules", mistakes=mistakes)
    return tuple(rules)


def rule_files() -> list[Path]:
    """The files that hold rules, by name."""
    folder = Path(str(files("tlsmith.scan").joinpath("rules")))
    return sorted(folder.glob("*.toml"))


def _key() -> str:
    """Changes with every file of rules, and with what is kept of them."""
    facts = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in rule_files()]
    return sha256(repr((_FORMAT, facts)).encode()).hexdigest()[:24]


def _bare(rule: Rule) -> dict[str, Any]:
    return {**asdict(rule), "bad": (), "good": ()}


def _remade(entry: dict[str, Any]) -> Rule:
    for name in ("cwe", "languages", "references", "bad", "good"):
        entry[name] = tuple(entry[name])
    return Rule(**entry)


def fingerprint_of(anchors: Iterable[str]) -> str:
    """A short name for a set of anchors."""
    return sha256("\0".join(anchors).encode()).hexdigest()[:24]
