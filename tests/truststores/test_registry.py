"""Stores by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlsmith.errors import InputError
from tlsmith.truststores import find_stores, install
from tlsmith.truststores.registry import STORES, choose
from truststores.worlds import OWNER, World, bare_world, root


def test_no_two_stores_have_one_name() -> None:
    names = [store.name for store in STORES if store.name != "env"]
    assert len(set(names)) == len(names)


def test_a_family_means_all_in_it() -> None:
    systems = [store.name for store in choose(["system"])]
    assert {"debian", "alpine", "rhel", "arch", "suse", "bundle"} <= set(systems)
    assert {"macos", "windows"} <= set(systems)
    assert not {"java", "nss", "docker"} & set(systems)
    assert choose() == list(STORES)
    assert [store.name for store in choose(["nss", "java"])] == ["java", "nss"]


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        InputError, match="no trust store is called 'windoze'"
    ) as caught:
        choose(["windoze"])
    assert "debian" in (caught.value.hint or "")


def test_a_bare_machine_has_none(tmp_path: Path) -> None:
    host = bare_world(tmp_path / "world").host
    assert [s for s in find_stores(host) if s.name in ("debian", "java", "nss")] == []


def test_a_store_that_is_not_found_again_is_remembered(nss: World) -> None:
    place = nss.store.place
    install(nss.stores, [root()], nss.host, OWNER)
    Path(place).rename(place + "-moved")
    assert nss.stores == []
    assert [store.place for store in nss.remembered()] == [place]
    assert find_stores(nss.host, ["java"], remembered=True) == []
