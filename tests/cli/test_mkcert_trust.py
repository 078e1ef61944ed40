"""What `mkcert -install` and `-uninstall` say, and with which exit code."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tlsmith.cli.mkcert_trust import install, note_missing, uninstall
from tlsmith.core.formats import encode_chain
from tlsmith.core.view import view_certificate
from tlsmith.errors import PrivilegeError, ProfileError
from tlsmith.local.mkcert import MkcertAuthority, ensure_mkcert_authority
from tlsmith.truststores import Completed, Host, SystemRunner
from truststores.runners import EmptyHandedRunner, FailingRunner
from truststores.worlds import bare_world, debian_world, nss_world, refresh

NOW = datetime.now(UTC)


@pytest.fixture
def authority(tmp_path: Path) -> MkcertAuthority:
    return ensure_mkcert_authority(str(tmp_path / "ca root"), NOW, kind="p256")[0]


class PowerlessRunner(SystemRunner):
    """May change nothing."""

    def run(self, *_: object, **__: object) -> Completed:
        raise PrivilegeError("'/etc/ssl/certs' is not ours to write", store="debian")

    def within(self, folder: str, lock: int) -> PowerlessRunner:
        return self


def choosing(host: Host, stores: str) -> Host:
    return replace(host, environment={**host.environment, "TRUST_STORES": stores})


def said(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_the_note_comes_until_it_is_installed(
    authority: MkcertAuthority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = debian_world(tmp_path / "world").host
    note_missing(authority, host)
    assert said(capsys).splitlines() == [
        "Note: the local CA is not installed in the system trust store.",
        'Run "tlsmith mkcert -install" for certificates to be trusted automatically',
    ]
    note_missing(authority, choosing(host, "nss"))
    assert said(capsys) == ""
    assert install(authority, host) == 0
    assert "is now installed in the system trust store" in said(capsys)
    note_missing(authority, host)
    assert said(capsys) == ""


def test_installing_again_says_that_it_is_there(
    authority: MkcertAuthority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = nss_world(tmp_path / "world").host
    assert install(authority, choosing(host, "nss")) == 0
    assert install(authority, choosing(host, "nss")) == 0
    browsers = "in the Firefox and/or Chrome/Chromium trust store"
    assert said(capsys).splitlines() == [
        f"The local CA is now installed {browsers} (requires browser restart).",
        f"The local CA is already installed {browsers}.",
    ]


def test_uninstalling_says_from_where_and_keeps_the_ca(
    authority: MkcertAuthority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = debian_world(tmp_path / "world").host
    install(authority, host)
    said(capsys)
    assert uninstall(authority.folder, host) == 0
    place = host.path("/etc/ssl/certs")
    assert said(capsys) == f"The local CA is now uninstalled from {place}.\n"
    assert uninstall(authority.folder, host) == 0
    assert said(capsys) == "The local CA is not installed in any trust store.\n"
    assert Path(authority.key_file).exists()


def test_uninstalling_without_a_ca_makes_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "none"
    assert uninstall(str(folder), bare_world(tmp_path / "world").host) == 0
    assert f"There is no root in {str(folder)!r}" in said(capsys)
    assert not folder.exists()


def test_where_there_is_no_system_store_the_root_is_shown(
    authority: MkcertAuthority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = bare_world(tmp_path / "world").host
    assert install(authority, host) == 0
    assert repr(authority.root_file) in said(capsys)
    assert install(authority, choosing(host, "nss,java")) == 0
    assert said(capsys) == ""


def test_a_store_nobody_knows_is_warned_of(
    authority: MkcertAuthority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = choosing(bare_world(tmp_path / "world").host, "sistem")
    assert install(authority, host) == 0
    assert said(capsys) == (
        "warning: TRUST_STORES has 'sistem', which is none of system, java and nss\n"
    )


def test_a_browsers_tool_that_is_missing_is_no_failure(
    authority: MkcertAuthority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = nss_world(tmp_path / "world").host
    host = choosing(replace(host, runner=EmptyHandedRunner()), "nss")
    assert install(authority, host) == 0
    text = said(capsys)
    assert "certutil is not installed" in text
    assert "hint: install the package libnss3-tools" in text


def test_the_systems_tool_that_is_missing_is_a_failure(
    authority: MkcertAuthority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = debian_world(tmp_path / "world").host
    host = choosing(replace(host, runner=EmptyHandedRunner()), "system")
    assert install(authority, host) == 3
    text = said(capsys)
    assert "update-ca-certificates is not installed" in text
    assert text.count("hint: install the package ca-certificates") == 1
    assert "now installed" not in text


def test_a_tool_that_fails_is_a_failure(
    authority: MkcertAuthority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = nss_world(tmp_path / "world").host
    host = choosing(replace(host, runner=FailingRunner()), "nss")
    assert install(authority, host) == 3
    assert "the tool is broken" in said(capsys)


def test_what_needs_root_is_said_as_one_command_for_the_same_ca(
    authority: MkcertAuthority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = debian_world(tmp_path / "world")
    host = machine.host
    powerless = replace(host, runner=PowerlessRunner())
    assert install(authority, powerless) == 3
    text = said(capsys)
    assert "is not ours to write" in text
    words = words_as_root(text)
    assert {f"CAROOT={authority.folder}", "TRUST_STORES=system"} < set(words)
    assert words[-2:] == ["mkcert", "-install"]
    # Put there by mkcert itself, so that only the system's tool takes it out.
    serial_number = view_certificate(authority.root).serial_number
    name = f"mkcert_development_CA_{serial_number}.crt"
    file = Path(host.path("/usr/local/share/ca-certificates")) / name
    file.write_bytes(encode_chain([authority.root]))
    refresh(machine)
    assert uninstall(authority.folder, powerless) == 3
    assert words_as_root(said(capsys))[-2:] == ["mkcert", "-uninstall"]


def words_as_root(text: str) -> list[str]:
    """Return the command on the last line, without what makes it root's."""
    words = shlex.split(text.splitlines()[-1])
    return shlex.split(words[2]) if words[:2] == ["su", "-c"] else words[1:]


def test_what_stays_trusted_is_told_and_is_a_finding(
    authority: MkcertAuthority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = debian_world(tmp_path / "world")
    own = Path(machine.host.path("/usr/local/share/ca-certificates/mine.crt"))
    own.write_bytes(encode_chain([authority.root]))
    refresh(machine)
    assert uninstall(authority.folder, machine.host) == 1
    assert "still trusts the local CA" in said(capsys)


def test_an_expired_root_is_not_installed(tmp_path: Path) -> None:
    old = NOW - timedelta(days=3660)
    authority, _ = ensure_mkcert_authority(str(tmp_path / "old"), old, kind="p256")
    host = debian_world(tmp_path / "world").host
    with pytest.raises(ProfileError, match="cannot be a trusted root"):
        install(authority, host)
