"""Which variable or store decides, and what mends it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tlsmith.local.proof import Client, Surroundings
from tlsmith.local.proof.decision import Decision, decide, mend_unverified
from truststores.worlds import root_pair

ROOT = root_pair().der
_ENV = 'eval "$(tlsmith env)"'


@pytest.fixture
def good(tmp_path: Path) -> str:
    (tmp_path / "good.pem").write_bytes(root_pair().pem)
    return str(tmp_path / "good.pem")


@pytest.fixture
def bad(tmp_path: Path) -> str:
    (tmp_path / "bad.pem").write_bytes(root_pair("another").pem)
    return str(tmp_path / "bad.pem")


def _client(store: str, *variables: str, place: str = "") -> Client:
    return Client("mine", ("mine",), store, variables, place=place)


def _around(environment: dict[str, str], **trusted: bool) -> Surroundings:
    return Surroundings(ROOT, environment, trusted)


def test_the_first_variable_that_has_the_root_decides(good: str, bad: str) -> None:
    client = _client("system", "A", "B")
    found = decide(client, True, _around({"A": bad, "B": good}))
    assert found == Decision(("B",), "B")


def test_where_no_variable_has_it_the_store_decides(bad: str) -> None:
    client = _client("system", "A")
    found = decide(client, True, _around({"A": bad}))
    assert found == Decision((), "the system's store")


def test_a_folder_of_roots_counts(good: str) -> None:
    folders = os.pathsep.join(("/nowhere", os.path.dirname(good)))
    found = decide(_client("system", "A"), True, _around({"A": folders}))
    assert found.variables == ("A",)


def test_a_variable_without_the_root_is_to_blame(bad: str) -> None:
    found = decide(_client("own", "A", "B"), False, _around({"B": bad}))
    assert found == Decision(("B",), "B", _ENV)


def test_what_a_switch_leads_to_is_told() -> None:
    client = _client("own", "NODE_EXTRA_CA_CERTS", "NODE_USE_SYSTEM_CA")
    found = decide(client, True, _around({"NODE_USE_SYSTEM_CA": "1"}))
    assert found.source == "NODE_USE_SYSTEM_CA"
    plain = _around({"NODE_OPTIONS": "--max-old-space-size=99"})
    client = _client("own", "NODE_OPTIONS")
    assert decide(client, True, plain).source == "roots of its own"


@pytest.mark.parametrize(
    ("store", "trusted", "mend"),
    [
        ("system", {}, "tlsmith trust install --store system"),
        ("java", {}, "tlsmith trust install --store java"),
        ("nss", {}, "tlsmith trust install --store nss"),
        ("firefox", {}, "tlsmith trust install --store firefox"),
        ("own", {}, "tlsmith trust install --env"),
        ("own", {"env": True}, f"{_ENV}, or log in again"),
        ("system", {"system": True}, None),
    ],
)
def test_each_store_has_its_mend(
    store: str, trusted: dict[str, bool], mend: str | None
) -> None:
    assert decide(_client(store), False, _around({}, **trusted)).mend == mend


def test_of_several_stores_the_clients_own_counts() -> None:
    around = Surroundings(ROOT, {}, {"java": True, "/one/cacerts": False})
    mend = decide(_client("java", place="/one/cacerts"), False, around).mend
    assert mend == "tlsmith trust install --store java"


def test_a_setting_that_names_a_file_is_told(bad: str, home: Path) -> None:
    (home / ".npmrc").write_text(f"cafile={bad}\n")
    client = _client("own", "npm_config_cafile")
    found = decide(client, False, _around({"HOME": str(home)}))
    assert found == Decision((), f"its settings, which name {bad}", _ENV)


def test_phps_folder_of_settings_is_read(good: str, tmp_path: Path) -> None:
    folder = tmp_path / "php"
    folder.mkdir()
    (folder / "ours.ini").write_text(f'curl.cainfo = "{good}"\n')
    client = _client("system", "PHP_INI_SCAN_DIR")
    found = decide(client, True, _around({"PHP_INI_SCAN_DIR": f":{folder}"}))
    assert found.source == "PHP_INI_SCAN_DIR"
    empty = _around({"PHP_INI_SCAN_DIR": f":{tmp_path}/none"})
    assert decide(client, True, empty).source == "the system's store"


def test_javas_options_are_read(good: str) -> None:
    client = _client("java", "JAVA_TOOL_OPTIONS")
    options = f"-Xmx1g -Djavax.net.ssl.trustStore={good} -Da=b"
    found = decide(client, True, _around({"JAVA_TOOL_OPTIONS": options}))
    assert found.source == "JAVA_TOOL_OPTIONS"
    other = _around({"JAVA_TOOL_OPTIONS": "-Xmx1g"})
    assert decide(client, True, other).source == "Java's keystore"


def test_a_switch_is_to_be_unset_by_whom_it_concerns() -> None:
    around = _around({"NODE_TLS_REJECT_UNAUTHORIZED": "0", "GIT_SSL_NO_VERIFY": "1"})
    git = _client("system")._replace(name="git")
    assert mend_unverified(git, around) == "unset GIT_SSL_NO_VERIFY"
    node = _client("own")._replace(name="node https")
    assert mend_unverified(node, around) == "unset NODE_TLS_REJECT_UNAUTHORIZED"
    curl = _client("system")._replace(name="curl")
    assert mend_unverified(curl, around) is None
    assert mend_unverified(git, _around({})) is None
