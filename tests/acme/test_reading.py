"""What is said about JSON that is not as it should be."""

import msgspec
import pytest

from tlsmith.acme.reading import read_json
from tlsmith.errors import ACMEProblem


class Thing(msgspec.Struct):
    """What is expected here."""

    name: str
    parts: list[int] = []


THING = msgspec.json.Decoder(Thing)


def refusal(data: bytes) -> str:
    with pytest.raises(ACMEProblem) as caught:
        read_json(THING, data, "the thing")
    assert (caught.value.type, caught.value.status) == ("malformed", 400)
    return caught.value.message


def test_what_is_expected_is_returned() -> None:
    thing = read_json(THING, b'{"name": "x", "parts": [1], "more": {}}', "the thing")
    assert thing == Thing("x", [1])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{}", "the thing: object missing required field name"),
        (b'{"name": 1}', "the thing: name: expected str, got int"),
        (b'{"name": "", "parts": [1, "2"]}', "the thing: parts[1]: expected int, got"),
        (b"[]", "the thing: expected object, got array"),
    ],
)
def test_the_member_that_is_wrong_is_named(data: bytes, message: str) -> None:
    assert refusal(data).startswith(message)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff", b'{"name": "\xff"}', b'{"name": "\\ud800"}', b'{"name": ""}x'],
)
def test_what_is_no_json_is_called_so(data: bytes) -> None:
    assert refusal(data) == "the thing is not JSON in UTF-8"


def test_nesting_has_an_end() -> None:
    assert refusal(b'{"x":' + b"[" * 100_000) == "the thing is nested too deeply"
