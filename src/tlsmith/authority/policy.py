"""A policy: every profile there is, and what limits all of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from tlsmith.authority._profile_table import (
    LIMIT_KEYS,
    PROFILE_KEYS,
    make_profile,
    read_limits,
)
from tlsmith.authority._reading import Place, Reader, did_you_mean, read_text
from tlsmith.authority.built_in import BUILT_IN
from tlsmith.authority.name_rules import NameRules
from tlsmith.authority.profile import Profile
from tlsmith.core.names import quoted
from tlsmith.errors import ConfigError, InputError

POLICY_KEYS: dict[str, Reader] = {**LIMIT_KEYS, "default_profile": read_text(str)}
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Policy(NamedTuple):
    """What an authority may issue, and to whom.

    Args:
        text: the TOML it was read from, word for word.
        keys: the kinds of key allowed in any profile; None for all of them.
        longest: the longest lifetime in any profile; None for each its own.
        names: the names allowed in any profile; None for all of them.
    """

    text: str
    profiles: Mapping[str, Profile]
    default_profile: str
    keys: frozenset[str] | None = None
    longest: timedelta | None = None
    most_names: int | None = None
    names: NameRules | None = None

    def profile(self, name: str | None = None) -> Profile:
        """Return a profile by its name, or the one where none is asked for.

        Raises:
            InputError: there is no such profile.
        """
        found = self.profiles.get(self.default_profile if name is None else name)
        if found is None:
            known = tuple(self.profiles)
            raise InputError(
                f"no profile is called {quoted(str(name))}"
                f"{did_you_mean(str(name), known)}",
                code="no-such-profile",
                hint=f"choose from {', '.join(known)}",
            )
        return found

    def encode(self) -> str:
        """Return the text that `load_policy` reads this policy from."""
        return self.text


def load_policy(text: str = "") -> Policy:
    """Return the policy that a text in TOML says; an empty one is the built-in one.

    Raises:
        ConfigError: every mistake, each with its path.
    """
    place = Place("", [])
    policy = _read(text, place)
    if place.mistakes or policy is None:
        count = len(place.mistakes)
        raise ConfigError(
            f"the policy has {count} mistake{'s' if count > 1 else ''}",
            mistakes=place.mistakes,
            hint="the keys there are: docs/profiles.md",
        )
    return policy


def _read(text: str, place: Place) -> Policy | None:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        place.wrong(f"not TOML: {error}")
        return None
    for key in document:
        if key not in ("profiles", "policy"):
            guess = did_you_mean(key, ("profiles", "policy"))
            place.at(key).wrong(f"no such table{guess}")
    here = place.at("policy")
    limits = read_limits(document.get("policy", {}), POLICY_KEYS, here)
    profiles = _profiles(document.get("profiles", {}), place.at("profiles"))
    default = limits.get("default_profile", "server")
    if default not in profiles:
        guess = did_you_mean(default, tuple(profiles))
        here.at("default_profile").wrong(f"no profile is called {default!r}{guess}")
    keys = limits.get("keys")
    if keys == ():
        here.at("keys").wrong("an empty list allows nothing")
    return Policy(
        text,
        profiles,
        default,
        keys=None if keys is None else frozenset(keys),
        longest=limits.get("max_lifetime"),
        most_names=limits.get("max_names"),
        names=limits.get("names"),
    )


def _profiles(tables: object, place: Place) -> dict[str, Profile]:
    """Return every profile, the built-in ones first."""
    if not isinstance(tables, dict):
        place.wrong("tables are needed: [profiles.NAME]")
        tables = {}
    values = dict(_built_in())
    for name, table in tables.items():
        here = place.at(name)
        if not _NAME.fullmatch(name):
            here.wrong("a name has 1 to 64 letters, digits, dots, hyphens, underscores")
        own = read_limits(table, PROFILE_KEYS, here)
        if "extends" not in own and name not in values:
            here.at("extends").wrong(
                "say which profile the new one begins with, such as "
                f'"server"{did_you_mean(name, tuple(values))}'
            )
        if name in values and own.get("extends", name) == name:
            own = {**values[name], **own}
            own.pop("extends", None)
        values[name] = own
    return {
        name: make_profile(name, _whole(name, values, place), place.at(name))
        for name in values
    }


def _whole(
    name: str, values: Mapping[str, dict[str, Any]], place: Place
) -> dict[str, Any]:
    """Return the values of a profile over those of what it extends, and so on."""
    whole: dict[str, Any] = {}
    seen, at = [], name
    while True:
        whole = {**values[at], **whole}
        seen.append(at)
        base = values[at].get("extends")
        if base is None:
            return whole
        where = place.at(name).at("extends")
        if base not in values:
            where.wrong(f"no profile is called {base!r}{did_you_mean(base, values)}")
            return whole
        if base in seen:
            where.wrong(f"goes in a circle: {' > '.join([*seen, base])}")
            return whole
        at = base


@cache
def _built_in() -> dict[str, dict[str, Any]]:
    place = Place("profiles", [])
    tables = tomllib.loads(BUILT_IN)["profiles"]
    found = {
        name: read_limits(table, PROFILE_KEYS, place.at(name))
        for name, table in tables.items()
    }
    if place.mistakes:
        raise AssertionError(place.mistakes)
    return found
