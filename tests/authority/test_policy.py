"""Policies: what is read, and every mistake at once."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlsmith.authority._names_table import CONSTRAINTS_KEYS, NAMES_KEYS, SUBTREES_KEYS
from tlsmith.authority._profile_table import EXTENSION_KEYS, PROFILE_KEYS
from tlsmith.authority.built_in import BUILT_IN
from tlsmith.authority.policy import POLICY_KEYS, load_policy
from tlsmith.core.extension_values import Extension
from tlsmith.core.keys import KINDS
from tlsmith.core.profiles import BACKDATE
from tlsmith.core.usages import EXTENDED_KEY_USAGES, KEY_USAGES
from tlsmith.errors import ConfigError, InputError

DOCS = Path(__file__).parents[2] / "docs" / "profiles.md"


def mistakes(text: str) -> list[str]:
    """What is wrong with a policy."""
    with pytest.raises(ConfigError) as caught:
        load_policy(text)
    assert "docs/profiles.md" in str(caught.value.hint)
    return list(caught.value.mistakes)


def test_without_a_policy_there_are_the_built_in_profiles() -> None:
    policy = load_policy()
    assert list(policy.profiles) == [
        "server",
        "client",
        "peer",
        "code-signing",
        "email",
        "intermediate",
        "ocsp",
    ]
    server = policy.profile()
    assert server.name == "server"
    assert (server.default, server.longest) == (timedelta(90), timedelta(397))
    assert server.backdate == BACKDATE
    assert server.keys == set(KINDS)
    assert server.extended_key_usage == (EXTENDED_KEY_USAGES["serverAuth"],)
    assert policy.profile("intermediate").is_ca
    assert not any(
        policy.profile(name).is_ca for name in policy.profiles if "i" not in name
    )


def test_the_text_is_kept_word_for_word() -> None:
    text = "# why: audit of May\n[policy]\nmax_days = 30\n"
    policy = load_policy(text)
    assert policy.encode() == text
    assert load_policy(policy.encode()) == policy


def test_the_built_in_profiles_are_themselves_a_policy() -> None:
    assert load_policy(BUILT_IN).profiles == load_policy().profiles


def test_a_profile_is_changed_key_by_key() -> None:
    policy = load_policy(
        """
        [profiles.server]
        keys = ["p256"]
        default_lifetime = "36h"
        must_staple = true
        [profiles.server.names]
        dns = ["Corp.Example", "=MÜNCHEN.test"]
        """
    )
    server, before = policy.profile("server"), load_policy().profile("server")
    assert server.keys == {"p256"}
    assert server.default == timedelta(hours=36)
    assert server.must_staple == "true"
    assert server.longest == before.longest
    assert server.extended_key_usage == before.extended_key_usage
    assert server.names is not None
    assert server.names.ip is None, (
        "a table of names takes the place of the other whole"
    )
    assert server.names.dns is not None
    assert server.names.dns.whole == {"corp.example"}
    assert server.names.dns.exact == {"xn--mnchen-3ya.test"}


def test_a_profile_extends_another_whichever_comes_first() -> None:
    policy = load_policy(
        """
        [profiles.short]
        extends = "mesh"
        default_lifetime = "10m"
        [profiles.mesh]
        extends = "peer"
        keys = ["ed25519"]
        [profiles.peer]
        max_lifetime = "48h"
        default_days = 1
        """
    )
    short = policy.profile("short")
    assert short.name == "short"
    assert short.keys == {"ed25519"}
    assert (short.default, short.longest) == (timedelta(minutes=10), timedelta(2))
    assert len(short.extended_key_usage) == 2


def test_extensions_and_name_constraints_are_read() -> None:
    policy = load_policy(
        """
        [[profiles.server.extensions]]
        oid = "1.2.3.4"
        value = "05:00"
        [[profiles.server.extensions]]
        oid = "1.2.3.5"
        critical = true
        value = "BQA="
        [profiles.intermediate.name_constraints]
        permitted = { dns = ["corp.example"], ip = ["10.0.0.0/8"], uri = [".x.test"] }
        excluded = { email = ["ceo@corp.example"] }
        """
    )
    assert policy.profile("server").extensions == (
        Extension("1.2.3.4", False, b"\5\0"),
        Extension("1.2.3.5", True, b"\5\0"),
    )
    constraints = policy.profile("intermediate").name_constraints
    assert constraints is not None
    assert constraints.permits("dns", "a.corp.example")
    assert not constraints.permits("dns", "a.example")
    assert constraints.permits("uri", "a.x.test")
    assert not constraints.permits("uri", "x.test")
    assert not constraints.permits("ip", "11.0.0.1")


def test_every_mistake_is_told_at_once_with_its_path() -> None:
    found = mistakes(
        """
        [polcy]
        [policy]
        default_profile = "servr"
        keys = []
        [profiles.server]
        max_day = 3
        max_days = 0
        default_days = 90
        default_lifetime = "30x"
        keys = ["p257", 3]
        must_staple = "true"
        subject = "CN=x"
        [profiles.server.names]
        dns = ["*.a.test", "a b", "me@a.test"]
        ip = ["10.0.0.1/8"]
        uri_hosts = ["x.test"]
        [[profiles.server.extensions]]
        oid = "2.5.29.37"
        value = "050"
        """
    )
    paths = [mistake.partition(":")[0] for mistake in found]
    assert sorted(paths) == sorted(
        [
            "polcy",
            "policy.default_profile",
            "policy.keys",
            "profiles.server.max_day",
            "profiles.server.max_days",
            "profiles.server.default_lifetime",
            "profiles.server.keys[0]",
            "profiles.server.keys[1]",
            "profiles.server.must_staple",
            "profiles.server.subject",
            "profiles.server.names.dns[0]",
            "profiles.server.names.dns[1]",
            "profiles.server.names.dns[2]",
            "profiles.server.names.ip[0]",
            "profiles.server.names.uri_hosts",
            "profiles.server.extensions[0].oid",
            "profiles.server.extensions[0].value",
        ]
    )
    assert "profiles.server.max_day: no such key; did you mean max_days?" in found
    assert any("did you mean server?" in mistake for mistake in found)
    assert any("did you mean p256?" in mistake for mistake in found)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[policy", "not TOML: Expected"),
        ("profiles = 3", "profiles: tables are needed"),
        ("policy = 3", "policy: a table is needed, not 3"),
        ("[profiles]\nserver = 3", "profiles.server: a table is needed"),
        ("[profiles.new]", "profiles.new.extends: say which"),
        ("[profiles.servr]", "did you mean server?"),
        (
            "[profiles.a]\nextends='b'\n[profiles.b]\nextends='a'",
            "in a circle: a > b > a",
        ),
        ("[profiles.a]\nextends='a'", "in a circle: a > a"),
        ("[profiles.a]\nextends='pear'", "'pear'; did you mean peer?"),
        ("[profiles.'a b']\nextends='peer'", "profiles.'a b': a name has 1 to 64"),
        (f"[profiles.{'x' * 65}]\nextends='peer'", "a name has 1 to 64 letters"),
        ("[profiles.''.names]", "profiles.'': a name has 1 to 64 letters"),
        ("[profiles.server]\nmax_days = 30", "max_lifetime: the default, 90 days"),
        ("[profiles.server]\ndefault_days = 398", "default_lifetime: the default"),
        (
            "[profiles.server]\ndefault_days = true",
            "from 1 to 36500 is needed, not true",
        ),
        ("[profiles.server]\ndefault_lifetime = '1m'", "1m is outside 0:05:00"),
        ("[profiles.server]\nmax_lifetime = '999999999d'", "is outside"),
        ("[profiles.server]\nkeys = []", "server.keys: an empty list"),
        ("[profiles.server]\nkeys = 'p256'", 'a list such as ["..."] is needed'),
        ("[profiles.server]\nrequesters = []", "server.requesters: an empty list"),
        ("[profiles.server]\nrequesters = ['']", "requesters[0]: not a pattern"),
        ("[profiles.server]\nca = 1", "server.ca: true or false is needed"),
        ("[profiles.server]\nca = true", "server.key_usage: a CA needs keyCertSign"),
        ("[profiles.server]\nkey_usage = ['cRLSign']", "for ca = true only"),
        ("[profiles.server]\nkey_usage = ['keyCertsign']", "did you mean keyCertSign?"),
        ("[profiles.server]\npath_length = 0", "path_length: is for ca = true only"),
        ("[profiles.server]\nname_constraints = {}", "neither permitted nor excluded"),
        ("[profiles.server]\ncommon_name = 'any'", "common_name: old clients take"),
        (
            "[profiles.client]\nmust_staple = true",
            "must_staple: is for serverAuth only",
        ),
        ("[profiles.server]\nsubject = 'X=y'", "server.subject: not a subject"),
        ("[profiles.server]\nsubject = 3", "server.subject: a text is needed"),
        (
            "[profiles.server]\nextended_key_usage = ['2.5.29.37.0']",
            "is for everything: list",
        ),
        ("[profiles.server]\nextended_key_usage = ['ServerAuth']", "mean serverAuth?"),
        ("[profiles.server]\nextended_key_usage = ['1.40.1']", "not an object ident"),
        ("[profiles.server]\nextended_key_usage = ['1']", "not an object ident"),
        ("[profiles.server]\nextensions = 3", "a list of tables is needed"),
        ("[profiles.server]\nextensions = [{}]", "extensions[0]: oid is missing"),
        ("[profiles.server]\nextensions = [3]", "extensions[0]: a table is needed"),
        (
            "[profiles.server]\nextensions = [{oid='1.2.3',value='0500'},"
            "{oid='1.2.3',value='0500'}]",
            "extensions[1].oid: 1.2.3 is there twice",
        ),
        (
            "[profiles.server]\nextensions = [{oid='1.2.3',value='050000'}]",
            "1 bytes follow the DER value",
        ),
        (
            "[profiles.server]\nextensions = [{oid='1.2.3',value='!'}]",
            "neither hexadecimal nor base64",
        ),
        ("[policy]\nnames.email = ['a b@x.test']", "names.email[0]: not an e-mail"),
        ("[policy]\nnames.email = ['https://a@x.test']", "email[0]: not an e-mail"),
        (
            "[policy]\nmax_days = 3\nmax_lifetime = '3d'",
            "policy.max_days: max_lifetime says the same",
        ),
        ("[policy]\nnames.uri_schemes = ['a b']", "uri_schemes[0]: not a scheme"),
        ("[policy]\nnames.dns = ['10.0.0.1']", "names.dns[0]: not a domain"),
        (
            "[profiles.intermediate]\nname_constraints.permitted.dns = ['*']",
            "permitted.dns[0]: not a base",
        ),
        (f"[policy]\nmax_days = '{'x' * 90}'", "..."),
    ],
)
def test_a_mistake_is_told(text: str, mistake: str) -> None:
    assert any(mistake in found for found in mistakes(text)), mistakes(text)


def test_no_profile_of_that_name_is_bad_input() -> None:
    with pytest.raises(InputError, match="did you mean server") as caught:
        load_policy().profile("sever")
    assert caught.value.code == "no-such-profile"
    assert "peer" in str(caught.value.hint)


def test_requesters_are_patterns_of_stars_alone() -> None:
    text = "[profiles.server]\nrequesters = ['token:ci-*', 'cli:root', 'ip:[::1]?']"
    server = load_policy(text).profile("server")
    for who in ("token:ci-", "token:ci-7", "cli:root", "ip:[::1]?"):
        assert server.admits(who)
    for who in (
        "token:c",
        "cli:root2",
        "xtoken:ci-7",
        "cli:root\n",
        "ip::",
        "ip:[::1]a",
    ):
        assert not server.admits(who)


# Whatever is written ------------------------------------------------------------------

_WORDS = st.sampled_from(
    [*PROFILE_KEYS, *NAMES_KEYS, *EXTENSION_KEYS, *POLICY_KEYS, "permitted", "server"]
)
_VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**40), 2**40),
        st.text(max_size=12),
        st.sampled_from(["*", "p256", "1.2.3", "serverAuth", "36h", "a.test", "use"]),
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=4)
    ),
    max_leaves=12,
)


def _toml(value: object) -> str:
    """A value in TOML, on one line: JSON but for its tables."""
    if isinstance(value, dict):
        pairs = (f"{key} = {_toml(value[key])}" for key in value)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(character):08x}" for character in value) + '"'
    return json.dumps(value)


@settings(max_examples=300)
@given(
    st.dictionaries(_WORDS, _VALUES, max_size=6),
    st.dictionaries(_WORDS, _VALUES, max_size=4),
)
def test_whatever_is_written_is_a_policy_or_has_mistakes(
    profile: dict[str, object], policy: dict[str, object]
) -> None:
    text = f"policy = {_toml(policy)}\nprofiles.server = {_toml(profile)}\n"
    found = None
    try:
        load_policy(text).profile()
    except ConfigError as error:
        found = error.mistakes
    assert found != ()
    for mistake in found or ():
        assert mistake.startswith(("policy", "profiles")), mistake


# The documentation -----------------------------------------------------------------


def _documented(heading: str) -> set[str]:
    text = DOCS.read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`([a-z_]+)`", row)}


@pytest.mark.parametrize(
    ("heading", "keys"),
    [
        ("`[policy]`", POLICY_KEYS),
        ("`[profiles.NAME]`", PROFILE_KEYS),
        ("`names`", NAMES_KEYS),
        ("`extensions`", EXTENSION_KEYS),
        ("`name_constraints`", CONSTRAINTS_KEYS),
    ],
)
def test_every_key_is_documented_and_every_documented_key_read(
    heading: str, keys: dict[str, object]
) -> None:
    assert _documented(heading) == set(keys)


@pytest.mark.parametrize(
    "word", [*KINDS, *KEY_USAGES, *EXTENDED_KEY_USAGES, *SUBTREES_KEYS]
)
def test_every_word_a_key_takes_is_documented(word: str) -> None:
    assert f"`{word}`" in DOCS.read_text(encoding="utf-8")


def test_every_built_in_profile_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for name, profile in load_policy().profiles.items():
        row = re.search(
            rf"^\| `{name}` \|.*\| (\d+) days, (\d+) \|$", text, re.MULTILINE
        )
        assert row is not None, name
        assert (int(row[1]), int(row[2])) == (
            profile.default.days,
            profile.longest.days,
        )


def test_the_examples_are_policies() -> None:
    examples = re.findall(
        r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL
    )
    assert len(examples) == 4
    for example in examples:
        load_policy(example)
