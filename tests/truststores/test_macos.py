"""macOS's keychains, with a `security` of paper that keeps them as macOS does."""

from __future__ import annotations

import copy
import hashlib
import plistlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tlsmith.core.formats import encode_pem
from tlsmith.errors import ToolMissingError
from tlsmith.truststores import (
    Completed,
    Host,
    Outcome,
    find_stores,
    install,
    parse_roots,
    plan_install,
    status,
    uninstall,
)
from truststores.worlds import OTHER_OWNER, OWNER, root

_POLICIES = {"ssl": "sslServer", "basic": "basicX509"}
Settings = list[dict[str, Any]]


def _sha1(der: bytes) -> str:
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


@dataclass
class Security:
    """What `security` and `id` do, as far as they are asked to.

    Args:
        keychains: by path, the certificates of each.
        trust: of "admin" and "user", SHA-1 to trust settings.
        says: "no" where the person does not agree to what macOS asks.
        dies: verb at which we are killed, before or after it: "after add-trusted-cert".
    """

    keychains: dict[str, list[bytes]]
    trust: dict[str, dict[str, Settings]]
    user: int = 501
    says: str = "yes"
    dies: str = ""
    dead: bool = False
    tools: tuple[str, ...] = ("security", "id")
    calls: list[list[str]] = field(default_factory=list)

    def find(self, tool: str) -> str | None:
        return f"/usr/bin/{tool}" if tool in self.tools else None

    def within(self, folder: str, lock: int) -> Security:
        return self

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Completed:
        tool, *words = command
        if tool.endswith("/id"):
            return _said(f"{self.user}\n")
        if tool not in ("/usr/bin/security",):
            raise ToolMissingError("no such file", store=tool)
        verb = words[0]
        if verb not in ("find-certificate", "trust-settings-export"):
            self.calls.append(words)
        # Whoever is dead runs nothing any more, to undo it either.
        self.dead = self.dead or self.dies == f"before {verb}"
        if self.dead:
            raise KeyboardInterrupt
        ended: Completed = getattr(self, f"_{verb.replace('-', '_')}")(*words[1:])
        self.dead = self.dies == f"after {verb}"
        if self.dead:
            raise KeyboardInterrupt
        return ended

    def _find_certificate(self, *words: str) -> Completed:
        *options, keychain = words
        assert options == ["-a", "-p"]
        if not Path(keychain).exists():
            text = "security: SecKeychainCopySettings: The specified keychain could "
            return _said(f"{text}not be found.\n", 50)
        found = self.keychains[keychain]
        if not found:
            text = "security: SecKeychainSearchCopyNext: The specified item could not "
            return _said(f"{text}be found in the keychain.\n", 44)
        return _said("".join(encode_pem("CERTIFICATE", d).decode() for d in found))

    def _trust_settings_export(self, *words: str) -> Completed:
        domain = self._domain(words)
        if not self.trust[domain]:
            text = "SecTrustSettingsCreateExternalRepresentation: No Trust Settings "
            return _said(f"{text}were found.\n", 1)
        listed = {
            digest: {
                "issuerName": b"0",
                "serialNumber": b"1",
                "trustSettings": settings,
            }
            for digest, settings in self.trust[domain].items()
        }
        data = plistlib.dumps({"trustList": listed, "trustVersion": 1})
        Path(words[-1]).write_bytes(data)
        return _said("...Trust Settings exported successfully.\n")

    def _add_trusted_cert(self, *words: str) -> Completed:
        domain, der = self._domain(words), _certificate(words[-1])
        keychain = words[words.index("-k") + 1]
        assert words[words.index("-r") + 1] == "trustRoot"
        if domain == "admin" and self.user != 0:
            return _said("SecCertificateAddToKeychain: Write permissions error.\n", 1)
        # It is in the keychain before macOS asks about the trust.
        if der not in self.keychains[keychain]:
            self.keychains[keychain].append(der)
        if self.says == "no":
            text = "SecTrustSettingsSetTrustSettings: The authorization was canceled "
            return _said(f"{text}by the user.\n", 1)
        chosen = [words[n + 1] for n, word in enumerate(words) if word == "-p"]
        self.trust[domain][_sha1(der)] = [
            {
                "kSecTrustSettingsPolicyName": _POLICIES[policy],
                "kSecTrustSettingsResult": 1,
            }
            for policy in chosen
        ]
        return _said("")

    def _remove_trusted_cert(self, *words: str) -> Completed:
        domain, der = self._domain(words), _certificate(words[-1])
        if _sha1(der) not in self.trust[domain]:
            text = "SecTrustSettingsRemoveTrustSettings: The specified item could not "
            return _said(f"{text}be found in the keychain.\n", 1)
        if self.says == "no":
            return _said("The authorization was canceled by the user.\n", 1)
        del self.trust[domain][_sha1(der)]
        return _said("")

    def _delete_certificate(self, *words: str) -> Completed:
        option, digest, keychain = words
        assert option == "-Z"
        found = self.keychains[keychain]
        gone = [d for d in found if hashlib.sha256(d).hexdigest().upper() == digest]
        if not gone:
            text = f"Unable to delete certificate matching {digest!r}"
            return _said(f"{text}\n", 1)
        found.remove(gone[0])
        return _said("")

    def _domain(self, words: Sequence[str]) -> str:
        return "admin" if "-d" in words else "user"

    def state(self) -> object:
        return copy.deepcopy((self.keychains, self.trust))


def _said(text: str, code: int = 0) -> Completed:
    return Completed(code, text, text.encode() if code == 0 else b"")


def _certificate(file: str) -> bytes:
    (found,), _ = parse_roots(Path(file).read_bytes(), file)
    return found.der


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A Mac with a keychain for all and one of a person's, each with a certificate."""
    system = tmp_path / "Library/Keychains/System.keychain"
    login = tmp_path / "home/Library/Keychains/login.keychain-db"
    for place in (system, login):
        place.parent.mkdir(parents=True)
        place.touch()
    (tmp_path / "Library/Application Support").mkdir()
    (tmp_path / "home/Library/Application Support").mkdir()
    security = Security(
        {str(system): [root("first").der], str(login): [root("second").der]},
        {"admin": {_sha1(root("first").der): []}, "user": {}},
    )
    return Host(security, str(tmp_path / "home"), str(tmp_path), {}, "darwin")


@pytest.fixture
def security(host: Host) -> Security:
    assert isinstance(host.runner, Security)
    return host.runner


def put_in(host: Host, name: str = "Root under test", owner: str = OWNER) -> Outcome:
    (outcome,) = install(find_stores(host, ["macos"]), [root(name)], host, owner)
    return outcome


def take_out(host: Host, owner: str = OWNER) -> list[Outcome]:
    return uninstall(find_stores(host, ["macos"], remembered=True), [], host, owner)


def _login(host: Host) -> str:
    return host.at_home("Library/Keychains/login.keychain-db")


def test_a_person_has_their_own_keychain(host: Host, security: Security) -> None:
    before = security.state()
    (planned,) = plan_install(find_stores(host, ["macos"]), [root()], host)
    assert "asks for consent" in planned.message
    assert security.calls == []
    outcome = put_in(host)
    assert (outcome.place, outcome.changed) == (_login(host), True), outcome
    assert [words[:-1] for words in security.calls] == [
        [
            *("add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-p", "basic"),
            *("-k", _login(host)),
        ]
    ]
    (found,) = status(find_stores(host, ["macos"]), [root()])
    assert found.state == "trusted"
    assert not put_in(host).changed
    security.calls.clear()
    (gone,) = take_out(host)
    assert (gone.state, gone.changed) == ("not-trusted", True), gone
    assert security.calls[0][0] == "remove-trusted-cert"
    digest = root().fingerprint.upper()
    assert security.calls[1:] == [["delete-certificate", "-Z", digest, _login(host)]]
    assert security.state() == before
    assert not Path(host.user_journal).exists()


def test_root_has_everybodys(host: Host, security: Security) -> None:
    before = security.state()
    security.user = 0
    outcome = put_in(host)
    system = host.path("/Library/Keychains/System.keychain")
    assert (outcome.place, outcome.changed) == (system, True), outcome
    assert security.calls[0][:2] == ["add-trusted-cert", "-d"]
    assert security.keychains[_login(host)] == [root("second").der]
    assert Path(host.machine_journal).is_dir()
    security.user = 501
    assert not put_in(host).changed, "everybody's trust is the person's as well"
    security.user = 0
    (gone,) = take_out(host)
    assert gone.changed, gone
    assert security.calls[1][:2] == ["remove-trusted-cert", "-d"]
    assert security.state() == before


def test_one_that_was_there_untrusted_only_loses_the_trust(
    host: Host, security: Security
) -> None:
    before = security.state()
    assert put_in(host, "second").changed
    (gone,) = take_out(host)
    assert (gone.state, gone.changed) == ("not-trusted", True)
    assert security.state() == before
    assert "delete-certificate" not in [words[0] for words in security.calls]


def test_one_that_was_trusted_before_stays(host: Host, security: Security) -> None:
    before = security.state()
    security.user = 0
    assert not put_in(host, "first").changed
    stores = find_stores(host, ["macos"], remembered=True)
    (left,) = uninstall(stores, [root("first")], host, OWNER)
    assert (left.state, left.changed) == ("trusted", False)
    assert security.state() == before


@pytest.mark.parametrize(
    "setting",
    [
        {"kSecTrustSettingsResult": 3},
        {"kSecTrustSettingsPolicyName": "SMIME", "kSecTrustSettingsResult": 1},
        {"kSecTrustSettingsPolicyName": "sslServer", "kSecTrustSettingsResult": 3},
    ],
)
def test_settings_of_the_persons_own_are_left(
    host: Host, security: Security, setting: dict[str, Any]
) -> None:
    security.trust["user"][_sha1(root("second").der)] = [setting]
    before = security.state()
    outcome = put_in(host, "second")
    assert outcome.state == "failed"
    assert "trust settings" in outcome.message
    assert security.state() == before
    assert take_out(host) == []
    assert security.calls == []


def test_two_roots_and_two_owners(host: Host, security: Security) -> None:
    before = security.state()
    put_in(host)
    put_in(host, "another")
    put_in(host, owner=OTHER_OWNER)
    take_out(host)
    assert root("another").der not in security.keychains[_login(host)]
    (found,) = status(find_stores(host, ["macos"]), [root()])
    assert found.state == "trusted"
    take_out(host, OTHER_OWNER)
    assert security.state() == before


def test_a_no_leaves_nothing_behind(host: Host, security: Security) -> None:
    before = security.state()
    security.says = "no"
    outcome = put_in(host)
    assert outcome.state == "failed"
    assert "canceled" in outcome.message
    assert "as root" in (outcome.hint or "")
    assert security.state() == before
    assert not Path(host.user_journal).exists()


def test_a_no_to_removal_is_told_and_can_be_tried_again(
    host: Host, security: Security
) -> None:
    before = security.state()
    put_in(host)
    security.says = "no"
    (left,) = uninstall(find_stores(host, ["macos"]), [root()], host, OWNER)
    assert left.state == "failed"
    security.says = "yes"
    (gone,) = take_out(host)
    assert gone.changed
    assert security.state() == before


@pytest.mark.parametrize("name", ["Root under test", "second"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "verb", ["add-trusted-cert", "remove-trusted-cert", "delete-certificate"]
)
def test_killed_at_any_command_it_is_undone(
    host: Host, security: Security, verb: str, when: str, name: str
) -> None:
    before = security.state()
    if verb != "add-trusted-cert":
        put_in(host, name)
    security.dies = f"{when} {verb}"
    if (verb, name) == ("delete-certificate", "second"):
        take_out(host)  # it is not deleted, since it was there before
    else:
        with pytest.raises(KeyboardInterrupt):
            put_in(host, name) if verb == "add-trusted-cert" else take_out(host)
    security.dies, security.dead = "", False
    take_out(host)
    assert security.state() == before
    assert not Path(host.user_journal).exists()


def test_a_missing_tool_is_named(host: Host, security: Security) -> None:
    security.tools = ("id",)
    outcome = put_in(host)
    assert (outcome.state, outcome.code) == ("failed", "tool-missing")
    assert outcome.hint


def test_a_broken_keychain_is_named(host: Host) -> None:
    stores = find_stores(host, ["macos"])
    Path(_login(host)).unlink()
    (outcome,) = install(stores, [root()], host, OWNER)
    assert outcome.state == "failed"
    assert "cannot be read" in outcome.message


def test_the_systems_needs_root(host: Host, security: Security) -> None:
    security.user = 0
    stores = find_stores(host, ["macos"])
    security.user = 501
    (outcome,) = install(stores, [root()], host, OWNER)
    assert outcome.state == "needs-root"


def test_elsewhere_there_is_no_such_store(host: Host) -> None:
    assert find_stores(replace(host, platform="linux"), ["macos"]) == []
