"""Names of members: each once, in every object."""

import pytest

from tlsmith.acme.unique import check_unique


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"a": 1, "b": {"a": 1}, "c": [{"a": 1}, {"a": 2}]}',
        b'{"a": ' + b"9" * 5000 + b', "A": 1e999}',
        b'"a"',
    ],
)
def test_other_json_is_let_through(data: bytes) -> None:
    check_unique(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"b": {"a": 1, "a": 2}}',
        b'[{"a": [{"b": null, "b": null}]}]',
        b'{"": 1, "": 2}',
    ],
)
def test_a_name_that_comes_twice_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="a member comes twice"):
        check_unique(data)


def test_nesting_has_an_end() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        check_unique(b"[" * 100_000 + b"]" * 100_000)


@pytest.mark.parametrize(
    "data",
    [b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b'{"a"', b"", b'{"a": "\n"}'],
)
def test_what_is_not_json_in_utf_8_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON in UTF-8"):
        check_unique(data)
