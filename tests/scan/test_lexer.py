"""Tokens: what is cut is what stands there, and no text keeps the lexer busy."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.scan.language import languages
from tlsmith.scan.lexer import STRING, WORD, Tokens

NAMES = sorted(languages())
SIZE = 1 << 16
EVERYWHERE = ['\\"', "'", "(", "/*", "$", '"""']
OWN = {
    "c": ['R"abc('],
    "csharp": ["@", '@"'],
    "elixir": ["~s("],
    "hcl": ["<<A\n"],
    "javascript": ["(/[", "`"],
    "lua": ["[=[", "--[==["],
    "nix": ["''"],
    "perl": ["q(", "qw ", "\n=a\n", " s/", " m{", " tr'a\\\\"],
    "php": ["<<<A\n"],
    "powershell": ["@'\n", "<#"],
    "python": ["f'\\'", '"\\'],
    "ruby": ["<<A\n", "<<~A ", "%w(", "@"],
    "rust": ['r#"', "b'"],
    "shell": ["<<A\n", "`"],
    "swift": ['##"'],
    "xml": ["<!--", "<a b='"],
}
BUSY = [(name, piece) for name in NAMES for piece in (*EVERYWHERE, *OWN.get(name, ()))]


@pytest.mark.parametrize(("name", "piece"), BUSY)
def test_no_text_keeps_it_busy(name: str, piece: str) -> None:
    """Two seconds for a sixteenth of a megabyte are a hundred times what most take; a
    machine may be half as fast, and coverage takes as much again."""
    text = (piece * (SIZE // len(piece) + 1))[:SIZE]
    began = time.process_time()
    Tokens(text, languages()[name])
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        r"""$x =~ s/(^|[^\\])"/$1/g;""",
        "$x =~ m{'};",
        "$x =~ m/'/ or die;",
        """$x =~ tr/'/"/;""",
        """y!'!"!""",
        """$r = qr'"';""",
        """split /"/, $x;""",
        """s{"} {'}ge;""",
        "%h = (s => 1, y => 2, m => 3); $h{s} = $y/2; -s'/x'; $s/3;",
    ],
)
def test_quotes_in_expressions_of_perl_begin_no_string(text: str) -> None:
    tokens = Tokens(f"{text}\nbehind();", languages()["perl"])
    assert tokens.texts[-4:] == ["behind", "(", ")", ";"]


def test_many_heredocs_that_never_end() -> None:
    text = "".join(f"<<A{number}\n" for number in range(30_000))
    began = time.process_time()
    Tokens(text, languages()["ruby"])
    assert time.process_time() - began < 6


PIECES = st.sampled_from(
    [*"\"'`(){}[]<>\\/#$@%~=-+:;,.\n\t qRrbf0a\x00é\udcff", '"""', "'''", "/*", "*/",
     "<<A\n", "\nA\n", "<<<A\n", "{-", "-}", "[[", "]]", "--", "=begin", "\n=end", "x1",
     "return", "<!--", "-->", "r#\"", "\"#", "@\"", "rem "]
)  # fmt: skip


@given(st.sampled_from(NAMES), st.lists(PIECES, max_size=60).map("".join))
def test_tokens_are_what_stands_there(name: str, text: str) -> None:
    tokens = Tokens(text, languages()[name])
    for index in range(len(tokens)):
        start, end = tokens.starts[index], tokens.ends[index]
        assert tokens.texts[index] == text[start:end] != ""
        assert tokens.at(start) == index
        partner = tokens.partner[index]
        assert partner == -1 or tokens.partner[partner] == index
        assert tokens.parent[index] < index
    spans = sorted([*zip(tokens.starts, tokens.ends, strict=True), *tokens.comments])
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    assert not text.strip(" \t\r\f\v\x1c\x1d\x1e\x1f\x85")


@pytest.mark.parametrize(
    ("name", "line", "last"),
    [
        ("ruby", "x = a < b\n", "<<A\n  b\nA"),
        ("rust", "let r = r + 1;\n", 'r#"b"#'),
        ("lua", "x = t[1]\n", "[[b]]"),
        ("swift", "#if x\n", '#"b"#'),
        ("c", "R = R << 1;\n", 'R"x(b)x"'),
        ("javascript", "x = a / b;\n", "`b`"),
    ],
)
def test_what_only_looks_like_a_beginning_counts_for_nothing(
    name: str, line: str, last: str
) -> None:
    tokens = Tokens(line * 30_000 + "x = " + last, languages()[name])
    assert tokens.texts[-1] == last


def test_what_is_given_up_is_given_up_behind_it_only() -> None:
    text = "puts 'a'\n" + "<<A\n" * 200_000 + "x = 'b'"
    tokens = Tokens(text, languages()["ruby"])
    assert [tokens.texts[i] for i in (0, 1)] == ["puts", "'a'"]
    assert tokens.texts[-3:] == ["x", "=", "'b'"]
    assert tokens.kinds[-1] == STRING
    assert tokens.kinds[0] == WORD
