"""Shell text is cut into the commands that a shell would run."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlsmith.scan.shell.command import Command
from tlsmith.scan.shell.reader import read_shell


def words(text: str) -> list[list[str]]:
    """Return the words of each command."""
    return [[word.text for word in command.words] for command in read_shell(text)]


def only(text: str) -> Command:
    """Return the one command of a text that has words."""
    (command,) = [one for one in read_shell(text) if one.words]
    return command


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("curl -k a", [["curl", "-k", "a"]]),
        ("a; b && c || d & e", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("curl \\\n  -k \\\n  a", [["curl", "-k", "a"]]),
        ("a 'b c' \"d $e\" f\\ g \"h\\\"i\"", [["a", "b c", "d $e", "f g", 'h"i']]),
        ("a # -k\nb", [["a"], ["b"]]),
        ("a b#c", [["a", "b#c"]]),
        ("if ! a; then b; else c; fi", [["a"], ["b"], ["c"]]),
        ("while true; do a; done", [["true"], ["a"]]),
        ("f() { a; }", [["f"], ["a"]]),
        ("(a; b)", [["a"], ["b"]]),
        ("case $x in\na) b ;; *) c ;; esac",
         [["case", "$x", "in"], ["a"], ["b"], ["*"], ["c"]]),
        ("x=$(a -k \"$(b)\")", [["b"], ["a", "-k", "$(b)"], []]),
        ("a `b -k` c", [["b", "-k"], ["a", "`b -k`", "c"]]),
        ("a ${b:-c d} e", [["a", "${b:-c d}", "e"]]),
        ("a $((1 + 2)) b", [["a", "$((1 + 2))", "b"]]),
        ("a > b 2>&1 c <d", [["a", "c"]]),
        ("a <(b -k) c", [["b", "-k"], ["a", "c"]]),
    ],
)  # fmt: skip
def test_commands(text: str, expected: list[list[str]]) -> None:
    assert [one for one in words(text) if one] == [one for one in expected if one]


def test_assignments_and_arrays() -> None:
    first, second, third = read_shell(
        "A=1 B='x y' c\nargs=(-s\n  -k # no\n 'a b')\nd+=(e)"
    )
    assert [word.text for word in first.assignments] == ["A=1", "B=x y"]
    assert [word.text for word in second.assignments[0].items] == ["-s", "-k", "a b"]
    assert [word.text for word in third.assignments[0].items] == ["e"]


def test_here_documents() -> None:
    text = "cat > ~/.curlrc <<'EOF' && b\ninsecure\nEOF\nc <<-X\n\thi\n\tX\nd"
    first, second, third, fourth = read_shell(text)
    (document,) = first.documents
    assert text[document.start : document.end] == "insecure\n"
    assert first.redirects[0][1].text == "~/.curlrc"
    assert second.words[0].text == "b"
    assert text[third.documents[0].start : third.documents[0].end] == "\thi\n"
    assert fourth.words[0].text == "d"


def test_what_is_piped() -> None:
    first, second, third = read_shell("{ a; b; } | c")
    assert third.reads is second
    assert (first.read_by, second.read_by) == (third, third)
    first, second = read_shell("a | b")
    assert (second.reads, first.read_by) == (first, second)


def test_where_a_group_writes_all_in_it_writes() -> None:
    text = "{ a; (b) } > f; c() { d; }\n( e; g >h; ) >> i; case x in y) z;; esac > j"
    written = {
        command.words[0].text: [word.text for _, word in command.redirects]
        for command in read_shell(text)
        if command.words
    }
    assert written["a"] == written["b"] == ["f"]
    assert (written["e"], written["g"]) == (["i"], ["h"])
    assert written["d"] == written["z"] == []


def test_each_character_is_known_by_its_place() -> None:
    text = 'a "b\\"c" \'d\'e\\ f "g\\\nh"'
    for word in only(text).words:
        for index, character in enumerate(word.text):
            assert text[word.offset(index)] == character


PIECES = st.sampled_from(
    ["'", '"', "\\", "$(", ")", "`", "${", "}", "((", "<<A", "\nA\n", "\n", " ", "a",
     "-k", ";", "|", "&&", "#", "=(", "x=", ">", "<(", "case", "esac", "é",
     "\r\n", "$", "{"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_nothing_stops_it(text: str) -> None:
    for command in read_shell(text):
        assert 0 <= command.start <= len(text)
        for word in (*command.words, *command.assignments):
            assert text[word.start : word.end]
            for index, character in enumerate(word.text):
                assert text[word.offset(index)] == character


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ab-k'\"\\ $#;|", max_size=8), min_size=1, max_size=6))
def test_quoted_words_are_those_of_the_shell(values: list[str]) -> None:
    text = "printf %s\\\\n " + " ".join(shlex.quote(value) for value in values)
    expected = shlex.split(text)
    assert [word.text for word in only(text).words] == expected


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    "text", ["a 'b'\"c\"d\\ e", 'x "y\\"z" \\$w "\\\\"', "'a'\\''b' \"c'd\""]
)
def test_words_are_those_of_bash(text: str) -> None:
    told = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {text}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [
        word.text for word in only(f"p {text}").words[1:]
    ] == told.stdout.splitlines()


@pytest.mark.parametrize(
    "piece",
    ["'", '"', "$(", "`", "<<A\n", "(", "${", "a=(", "\\", "\\\n", '"\\"', "$((", "a|",
     "{ ", "<(", "x='", "$'"],
)  # fmt: skip
def test_time_grows_with_length_alone(piece: str) -> None:
    started = time.process_time()
    read_shell(piece * (100_000 // len(piece)))
    assert time.process_time() - started < 5
