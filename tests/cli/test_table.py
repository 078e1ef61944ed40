"""Tables in a terminal."""

from tlsmith.cli.table import table


def test_no_cell_is_obeyed_by_a_terminal() -> None:
    rows = [
        ("name", "state"),
        ("\x1b]0;owned\x07a", "b\nforged  row"),
        ("\u202eab", "c"),
    ]
    text = table(rows)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text.splitlines()) == 3
    assert text.splitlines()[0].startswith("name")
