"""What the files of a certificate are called."""

import pytest

from tlsmith.core.names import GeneralName, parse_names
from tlsmith.core.stem import default_stem


@pytest.mark.parametrize(
    ("names", "stem"),
    [
        (["localhost"], "localhost"),
        (["localhost", "127.0.0.1", "::1"], "localhost+2"),
        (["*.a.test"], "_wildcard.a.test"),
        (["::1"], "__1"),
        (["me@a.test"], "me@a.test"),
        (["spiffe://a.test/web"], "spiffe___a.test_web"),
    ],
)
def test_files_are_called_as_mkcert_calls_them(names: list[str], stem: str) -> None:
    assert default_stem(parse_names(names), client=False) == stem


def test_a_clients_files_say_so() -> None:
    assert default_stem(parse_names(["a.test"]), client=True) == "a.test-client"


def test_a_long_name_leaves_room_for_an_ending() -> None:
    name = ".".join(["a" * 60] * 4)
    assert len(default_stem(parse_names([name]), client=False)) == 200


def test_a_name_never_looks_like_an_option_or_a_folder() -> None:
    """Of names that others put into certificates: ours begin with no hyphen."""
    names = [GeneralName("email", "-o\\x@a.test")]
    assert default_stem(names, client=False) == "./-o_x@a.test"
