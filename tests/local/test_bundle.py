"""Bundles: what is in them, and when they are built again."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from tlsmith.core.formats import encode_chain, split_pem
from tlsmith.errors import FileError
from tlsmith.local.bundle import (
    SYSTEM_BUNDLES,
    Bundle,
    certificates_at,
    drop_roots,
    keep_roots,
    known_roots,
    refresh_all,
    refresh_bundle,
    sources_of,
    system_bundle,
)
from truststores.worlds import root_pair

OURS, PUBLIC, COMPANY = (root_pair(n) for n in ("ours", "public", "company"))


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(tmp_path / "tlsmith")


@pytest.fixture
def public(tmp_path: Path) -> Path:
    file = tmp_path / "system.pem"
    file.write_bytes(PUBLIC.pem)
    return file


def ders(bundle: Bundle) -> list[bytes]:
    return [der for _, der in split_pem(Path(bundle.path).read_bytes())]


def in_system(tmp_path: Path) -> tuple[Path, str]:
    """Return a system's root, and where its bundle is."""
    place = tmp_path / "root" / SYSTEM_BUNDLES[0].lstrip("/")
    place.parent.mkdir(parents=True)
    return tmp_path / "root", str(place)


def test_it_has_the_public_roots_and_ours(data: str, public: Path) -> None:
    bundle = refresh_bundle(data, [OURS.der], public=str(public))
    assert ders(bundle) == [OURS.der, PUBLIC.der]
    assert (bundle.certificates, bundle.rebuilt) == (2, True)
    assert stat.S_IMODE(os.stat(bundle.path).st_mode) == 0o644
    text = Path(bundle.path).read_bytes()
    assert text.startswith(b"-----BEGIN CERTIFICATE-----\n")
    assert b"#" not in text


def test_a_root_of_both_is_in_it_once(data: str, public: Path) -> None:
    bundle = refresh_bundle(data, [PUBLIC.der], public=str(public))
    assert ders(bundle) == [PUBLIC.der]


def test_nothing_is_built_again_for_nothing(data: str, public: Path) -> None:
    first = refresh_bundle(data, [OURS.der], public=str(public))
    before = os.stat(first.path).st_mtime_ns
    again = refresh_bundle(data, [OURS.der], public=str(public))
    assert (again.rebuilt, again.certificates) == (False, 2)
    # Touched, and still the same: the bundle stays as it is.
    os.utime(public, ns=(1, 1))
    assert not refresh_bundle(data, [OURS.der], public=str(public)).rebuilt
    assert os.stat(first.path).st_mtime_ns == before


def test_it_is_built_again_when_something_changed(data: str, public: Path) -> None:
    refresh_bundle(data, [OURS.der], public=str(public))
    public.write_bytes(PUBLIC.pem + COMPANY.pem)
    assert refresh_bundle(data, [OURS.der], public=str(public)).certificates == 3
    other = root_pair("a new CA of ours").der
    newer = refresh_bundle(data, [other, OURS.der], public=str(public))
    assert newer.rebuilt
    assert ders(newer)[0] == other
    Path(newer.path).write_bytes(b"damaged")
    os.utime(newer.path, ns=(2, 2))
    assert refresh_bundle(data, [other, OURS.der], public=str(public)).rebuilt
    os.unlink(newer.path)
    assert refresh_bundle(data, [other, OURS.der], public=str(public)).rebuilt
    Path(f"{newer.path}.json").write_text("[]")
    last = refresh_bundle(data, [other, OURS.der], public=str(public))
    assert not last.rebuilt
    assert last.certificates == 4


def test_what_is_folded_in_stays_apart_from_other_bundles(
    data: str, public: Path, tmp_path: Path
) -> None:
    company = tmp_path / "company.pem"
    company.write_bytes(COMPANY.pem)
    plain = refresh_bundle(data, [OURS.der], public=str(public))
    folded = refresh_bundle(data, [OURS.der], [str(company)], public=str(public))
    assert folded.path != plain.path
    assert ders(folded) == [OURS.der, PUBLIC.der, COMPANY.der]
    assert sources_of(folded.path, data) == (str(company),)
    assert sources_of(plain.path, data) == ()
    assert sources_of(str(company), data) is None
    assert ders(refresh_bundle(data, [OURS.der], public=str(public))) == ders(plain)


def test_a_folder_is_folded_in_file_by_file(data: str, tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    (folder / "below").mkdir(parents=True)
    (folder / "a.0").write_bytes(COMPANY.pem)
    (folder / "b.crt").write_bytes(PUBLIC.der)
    (folder / "README").write_text("not a certificate")
    bundle = refresh_bundle(data, [OURS.der], [str(folder)], public=None)
    assert ders(bundle) == [OURS.der, COMPANY.der, PUBLIC.der]
    (folder / "a.0").write_bytes(root_pair("another").pem)
    assert refresh_bundle(data, [OURS.der], [str(folder)], public=None).rebuilt


def test_a_source_that_is_gone_is_left_out(data: str, tmp_path: Path) -> None:
    company = tmp_path / "company.pem"
    company.write_bytes(COMPANY.pem)
    refresh_bundle(data, [OURS.der], [str(company)], public=None)
    company.unlink()
    assert ders(refresh_bundle(data, [OURS.der], [str(company)], public=None)) == [
        OURS.der
    ]
    with pytest.raises(FileError):
        certificates_at(str(company))


def test_the_first_system_file_with_roots_is_taken(tmp_path: Path) -> None:
    system, place = in_system(tmp_path)

    def locate(path: str) -> str:
        return f"{system}{path}"

    Path(place).write_text("")  # as in an image where the package was not set up
    suse = system / "etc/ssl/ca-bundle.pem"
    suse.write_bytes(PUBLIC.pem)
    assert system_bundle(locate) == str(suse)
    Path(place).write_bytes(PUBLIC.pem)
    assert system_bundle(locate) == place


def test_without_a_system_file_certifi_serves(tmp_path: Path) -> None:
    certifi = pytest.importorskip("certifi")
    assert system_bundle(lambda path: f"{tmp_path}{path}") == certifi.where()


def test_all_are_refreshed_with_the_system(data: str, tmp_path: Path) -> None:
    system, place = in_system(tmp_path)
    Path(place).write_bytes(PUBLIC.pem)
    bundle = refresh_bundle(data, [OURS.der], public=place)
    ours = refresh_bundle(data, [OURS.der], public=None)
    assert refresh_all(data, [OURS.der], lambda path: f"{system}{path}") == []
    time.sleep(0.01)
    Path(place).write_bytes(PUBLIC.pem + COMPANY.pem)
    changed = refresh_all(data, [OURS.der], lambda path: f"{system}{path}")
    assert changed == [bundle.path]
    assert ders(bundle) == [OURS.der, PUBLIC.der, COMPANY.der]
    assert ders(ours) == [OURS.der]


def test_what_ours_was_taken_out_of_is_left_without(data: str, tmp_path: Path) -> None:
    system, place = in_system(tmp_path)
    Path(place).write_bytes(PUBLIC.pem)
    bundle = refresh_bundle(data, [OURS.der], public=place)

    def locate(path: str) -> str:
        return f"{system}{path}"

    assert refresh_all(data, [], locate) == [bundle.path]
    assert ders(bundle) == [PUBLIC.der]
    assert refresh_all(data, [OURS.der], locate) == []
    assert ders(refresh_bundle(data, [OURS.der], public=place)) == [
        OURS.der,
        PUBLIC.der,
    ]


def test_there_is_nothing_to_refresh_without_a_home(tmp_path: Path) -> None:
    assert refresh_all(str(tmp_path / "none"), [OURS.der]) == []


def test_roots_of_others_are_kept_and_dropped(data: str) -> None:
    assert known_roots(data) == []
    keep_roots(data, [OURS.der, COMPANY.der])
    keep_roots(data, [OURS.der])
    assert known_roots(data) == [OURS.der, COMPANY.der]
    drop_roots(data, [OURS.der])
    assert known_roots(data) == [COMPANY.der]
    drop_roots(data, None)
    assert known_roots(data) == []
    drop_roots(data, None)


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(encode_chain([OURS.der]))
    with pytest.raises(FileError, match="cannot keep a bundle") as caught:
        refresh_bundle(str(blocked), [OURS.der], public=None)
    assert "TLSMITH_HOME" in (caught.value.hint or "")
