"""Where a configuration says that a CA keeps its files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.authority.adoption.openssl_config import ca_places, parse_openssl_config
from tlsmith.authority.adoption.source import SourceFolder


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("dir = here\n[x]\na = $dir/there", "here/there"),
        ("[x]\ndir = here\na = ${dir}/there", "here/there"),
        ("[x]\ndir = here\na = $(dir)/there", "here/there"),
        ("[y]\ndir = here\n[x]\na = $y::dir/there", "here/there"),
        ("[y]\ndir = here\n[x]\na = ${y::dir}there", "herethere"),
        ("[x]\na = there # or not", "there"),
        ('[x]\na = "the # re"', '"the'),
        ("[x]\na = the\\\nre", "there"),
        ("[ x ]\n  a   =   there  ", "there"),
        ("x::a = there", "there"),
        ("[x]\na = $ENV::HOME/there", None),
        ("[x]\na = $unknown/there", None),
    ],
)
def test_values_are_as_openssl_reads_them(text: str, value: str | None) -> None:
    assert parse_openssl_config(text.encode()).get("x", {}).get("a") == value


def test_variables_do_not_grow_without_end() -> None:
    lines = ["a = " + "x" * 1000, *["a = $a$a$a$a"] * 40]
    sections = parse_openssl_config("\n".join(lines).encode())
    assert len(sections["default"].get("a", "")) < 65536


def test_a_relative_folder_is_beside_the_configuration_or_above(tmp_path: Path) -> None:
    inside = tmp_path / "demoCA"
    inside.mkdir()
    (inside / "index.txt").touch()
    text = (
        "[ca]\ndefault_ca = d\n[d]\ndir = ./demoCA\ndatabase = $dir/index.txt\n"
        "serial = $dir/serial\n"
    )
    sections = parse_openssl_config(text.encode())
    expected = str(inside / "index.txt")
    for folder in (tmp_path, inside):
        places = ca_places(sections, SourceFolder(str(folder)))
        assert places["database"] == expected


@given(st.text("[]= $(){}:\\#\n\"'abENV.", max_size=200))
def test_no_text_is_a_crash(text: str) -> None:
    assert "default" in parse_openssl_config(text.encode())
