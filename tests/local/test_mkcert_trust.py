"""mkcert's root goes into the stores, and out again whoever put it there."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tlsmith.core.formats import encode_chain
from tlsmith.core.view import view_certificate
from tlsmith.errors import ProfileError
from tlsmith.local.mkcert import MkcertAuthority, ensure_mkcert_authority
from tlsmith.local.mkcert_trust import (
    FAMILIES,
    check_installable,
    chosen_families,
    families_of,
    install_root,
    is_trusted,
    uninstall_root,
)
from tlsmith.truststores import Root
from tlsmith.truststores.keystore import trusted_entries
from truststores.runners import EmptyHandedRunner
from truststores.worlds import (
    World,
    bare_world,
    certutil,
    debian_world,
    encode_jks,
    java_world,
    nss_world,
    refresh,
)

NOW = datetime.now(UTC)


@pytest.fixture
def authority(tmp_path: Path) -> MkcertAuthority:
    return ensure_mkcert_authority(str(tmp_path / "caroot"), NOW, kind="p256")[0]


def mkcerts_name(authority: MkcertAuthority) -> str:
    serial_number = view_certificate(authority.root).serial_number
    return f"mkcert development CA {serial_number}"


@pytest.mark.parametrize(
    ("text", "families", "unknown"),
    [
        (None, FAMILIES, ()),
        ("", FAMILIES, ()),
        ("nss", ("nss",), ()),
        ("nss,system", ("system", "nss"), ()),
        (" java , nss", ("java", "nss"), ()),
        ("none", (), ("none",)),
        ("System,,nss", ("nss",), ("System",)),
    ],
)
def test_trust_stores_says_which_are_meant(
    text: str | None, families: tuple[str, ...], unknown: tuple[str, ...]
) -> None:
    environment = {} if text is None else {"TRUST_STORES": text}
    assert chosen_families(environment) == (families, unknown)


@pytest.mark.parametrize(
    ("world", "family"),
    [(debian_world, "system"), (java_world, "java"), (nss_world, "nss")],
)
def test_it_is_in_and_out_without_a_trace(
    authority: MkcertAuthority, tmp_path: Path, world: object, family: str
) -> None:
    machine: World = world(tmp_path / "world")  # type: ignore[operator]
    before = machine.state()
    assert not is_trusted(authority, machine.host, family)
    (done,) = install_root(authority, machine.host, family)
    assert (done.state, done.changed) == ("trusted", True)
    assert is_trusted(authority, machine.host, family)
    (again,) = install_root(authority, machine.host, family)
    assert (again.state, again.changed) == ("trusted", False)
    (gone,) = uninstall_root(authority.folder, authority, machine.host, [family])
    assert (gone.state, gone.changed) == ("not-trusted", True)
    assert machine.state() == before
    assert os.path.exists(authority.key_file)


def test_where_there_is_no_store_nothing_is_missing(
    authority: MkcertAuthority, tmp_path: Path
) -> None:
    machine = bare_world(tmp_path / "world")
    for family in FAMILIES:
        assert is_trusted(authority, machine.host, family)
        assert install_root(authority, machine.host, family) == []
    assert uninstall_root(authority.folder, authority, machine.host, FAMILIES) == []


def test_no_family_is_not_every_family(
    authority: MkcertAuthority, tmp_path: Path
) -> None:
    machine = debian_world(tmp_path / "world")
    install_root(authority, machine.host, "system")
    assert uninstall_root(authority.folder, authority, machine.host, []) == []
    assert is_trusted(authority, machine.host, "system")


def test_what_was_installed_goes_without_the_files_of_the_ca(
    authority: MkcertAuthority, tmp_path: Path
) -> None:
    machine = debian_world(tmp_path / "world")
    before = machine.state()
    install_root(authority, machine.host, "system")
    (gone,) = uninstall_root(authority.folder, None, machine.host, FAMILIES)
    assert gone.fingerprint == Root(authority.root).fingerprint
    assert machine.state() == before


def test_another_ca_stays(authority: MkcertAuthority, tmp_path: Path) -> None:
    other, _ = ensure_mkcert_authority(str(tmp_path / "other"), NOW, kind="p256")
    machine = debian_world(tmp_path / "world")
    install_root(authority, machine.host, "system")
    install_root(other, machine.host, "system")
    uninstall_root(authority.folder, authority, machine.host, FAMILIES)
    assert not is_trusted(authority, machine.host, "system")
    assert is_trusted(other, machine.host, "system")


def install_as_mkcert(authority: MkcertAuthority, machine: World) -> Path:
    """Do to a Debian what mkcert does: a file, and the system's own refresh."""
    name = mkcerts_name(authority).replace(" ", "_") + ".crt"
    file = Path(machine.host.path("/usr/local/share/ca-certificates")) / name
    file.write_bytes(encode_chain([authority.root]))
    refresh(machine)
    return file


def test_what_mkcert_put_into_debians_store_and_javas_goes(
    authority: MkcertAuthority, tmp_path: Path
) -> None:
    machine = debian_world(tmp_path / "world", java=True)
    before = machine.state()
    install_as_mkcert(authority, machine)
    assert is_trusted(authority, machine.host, "system")
    assert authority.root in java_entries(machine).values()
    (gone,) = uninstall_root(authority.folder, authority, machine.host, ["system"])
    assert (gone.state, gone.changed) == ("not-trusted", True)
    assert authority.root not in java_entries(machine).values()
    after = machine.state()
    keystore = next(path for path in before if path.endswith("cacerts"))
    # keytool writes the keystore anew: the same entries in other bytes.
    assert after.pop(keystore)
    assert before.pop(keystore)
    assert after == before


def test_what_mkcert_left_behind_goes(
    authority: MkcertAuthority, tmp_path: Path
) -> None:
    """mkcert -uninstall takes its file away, and leaves links and Java's copy."""
    machine = debian_world(tmp_path / "world", java=True)
    install_as_mkcert(authority, machine).unlink()
    refresh(machine)
    assert not is_trusted(authority, machine.host, "system")
    assert authority.root in java_entries(machine).values()
    certs = Path(machine.host.path("/etc/ssl/certs"))
    assert [path for path in certs.iterdir() if not path.exists()]
    uninstall_root(authority.folder, authority, machine.host, ["system"])
    assert authority.root not in java_entries(machine).values()
    assert not [path for path in certs.iterdir() if not path.exists()]


def java_entries(machine: World) -> dict[str, bytes]:
    place = Path(machine.host.path("/etc/ssl/certs/java/cacerts"))
    entries = trusted_entries(place.read_bytes())
    assert entries is not None
    return entries


def test_what_mkcert_put_into_a_java_goes(
    authority: MkcertAuthority, tmp_path: Path
) -> None:
    machine = java_world(tmp_path / "world")
    keystore = Path(machine.store.place)
    entries = trusted_entries(keystore.read_bytes())
    assert entries is not None
    entries[mkcerts_name(authority).lower()] = authority.root
    keystore.write_bytes(encode_jks(entries))
    assert is_trusted(authority, machine.host, "java")
    uninstall_root(authority.folder, authority, machine.host, FAMILIES)
    left = trusted_entries(keystore.read_bytes())
    assert left is not None
    assert list(left) == ["first"]


def test_what_mkcert_put_into_a_browser_goes(
    authority: MkcertAuthority, tmp_path: Path
) -> None:
    machine = nss_world(tmp_path / "world")
    database = f"sql:{machine.store.place}"
    words = ["-n", mkcerts_name(authority), "-t", "C,,", "-i", authority.root_file]
    certutil("-A", "-d", database, *words)
    assert is_trusted(authority, machine.host, "nss")
    uninstall_root(authority.folder, authority, machine.host, FAMILIES)
    listed = certutil("-L", "-d", database)
    assert "mkcert" not in listed
    assert "mine" in listed


def test_what_somebody_else_put_in_stays_and_is_told(
    authority: MkcertAuthority, tmp_path: Path
) -> None:
    machine = debian_world(tmp_path / "world")
    own = Path(machine.host.path("/usr/local/share/ca-certificates/mine.crt"))
    own.write_bytes(encode_chain([authority.root]))
    refresh(machine)
    (left,) = uninstall_root(authority.folder, authority, machine.host, ["system"])
    assert (left.state, left.changed) == ("trusted", False)
    install_as_mkcert(authority, machine)
    (left,) = uninstall_root(authority.folder, authority, machine.host, ["system"])
    assert (left.state, left.changed) == ("trusted", True)
    assert own.exists()


def test_a_tool_that_is_missing_is_told_before_anything_is_changed(
    authority: MkcertAuthority, tmp_path: Path
) -> None:
    machine = debian_world(tmp_path / "world")
    install_as_mkcert(authority, machine)
    before = machine.state()
    host = replace(machine.host, runner=EmptyHandedRunner())
    (failed,) = uninstall_root(authority.folder, authority, host, ["system"])
    assert (failed.state, failed.code) == ("failed", "tool-missing")
    assert families_of([failed]) == ["system"]
    assert machine.state() == before


def test_a_root_that_has_expired_is_not_installed(authority: MkcertAuthority) -> None:
    check_installable(authority, NOW)
    with pytest.raises(ProfileError) as caught:
        check_installable(authority, NOW + timedelta(days=3660))
    assert "expired" in caught.value.reasons[0]
