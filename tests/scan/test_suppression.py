"""Comments that ask for findings to be left alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scan_findings import RULE, finding
from tlsmith.scan.directive import directives
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source
from tlsmith.scan.suppression import suppressed

KEY = Rule(**{**RULE.__dict__, "id": "key-pem", "category": "key", "cwe": (321,)})


def judged(
    text: str, what: str = "verify=False", path: str = "a.py", rule: Rule = RULE
) -> str | None:
    """Return why a finding is suppressed."""
    source = Source(path, text)
    (found,) = suppressed(source, [finding(text, what, path=path, rule=rule)])
    return found.suppressed


@pytest.mark.parametrize(
    "text",
    [
        "get(verify=False)  # tlsmith: ignore[python-requests-verify-false] it is so\n",
        "# tlsmith: ignore[python-requests-verify-false] it is so\nget(verify=False)\n",
        "# tlsmith:ignore[a-b,  python-requests-verify-false]: it is so\n"
        "# another comment\nget(verify=False)\n",
        "get(\n  verify=False,\n"
        ")  # tlsmith: ignore[python-requests-verify-false] it is so\n",
        "get(  # tlsmith: ignore[python-requests-verify-false] it is so\n"
        "  url,\n  verify=False,\n)\n",
    ],
)
def test_our_own_words(text: str) -> None:
    assert judged(text) == "it is so"


@pytest.mark.parametrize(
    "text",
    [
        "get(verify=False)  # tlsmith: ignore[python-requests-verify-false]\n",
        "get(verify=False)  # tlsmith: ignore because\n",
        "get(verify=False)  # tlsmith: ignore[another-rule] it is so\n",
        's = "tlsmith: ignore[python-requests-verify-false] no"; get(verify=False)\n',
        "x = 1  # tlsmith: ignore[python-requests-verify-false] x\nget(verify=False)\n",
        "# tlsmith: ignore[python-requests-verify-false] far\n\n\nget(verify=False)\n",
    ],
)
def test_what_counts_for_nothing(text: str) -> None:
    assert judged(text) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.go", "x{InsecureSkipVerify: true} // tlsmith: ignore[{}] it is so"),
        ("a.c", "/* tlsmith: ignore[{}] it is so */\nInsecureSkipVerify: true"),
        ("a.html", "<!-- tlsmith: ignore[{}] it is so -->\nInsecureSkipVerify: true"),
        ("a.lua", "InsecureSkipVerify: true -- tlsmith: ignore[{}] it is so"),
        ("a.yaml", "InsecureSkipVerify: true # tlsmith: ignore[{}] it is so"),
        ("a.unknown", "InsecureSkipVerify: true # tlsmith: ignore[{}] it is so"),
        ("a.sh", "# tlsmith: ignore[{}] it is so\ncurl \\\n  InsecureSkipVerify: true"),
    ],
)
def test_comments_of_every_language(path: str, text: str) -> None:
    text = text.replace("{}", RULE.id)
    assert judged(text, "InsecureSkipVerify: true", path) == "it is so"


@pytest.mark.parametrize(
    ("path", "comment", "counts"),
    [
        ("a.py", "# nosec", True),
        ("a.py", "# nosec B501", True),
        ("a.py", "#nosec: B501", True),
        ("a.py", "# nosec B101, B501", True),
        ("a.py", "# nosec B101", False),
        ("a.py", "# noqa: S501", True),
        ("a.py", "# noqa: E501", False),
        ("a.py", "# noqa", False),
        ("a.go", "// #nosec G402", True),
        ("a.go", "// #nosec G402 -- internal", True),
        ("a.go", "// #nosec G104", False),
        ("a.go", "// #nosec", True),
        ("a.go", "//nolint:gosec", True),
        ("a.go", "//nolint:gosec // internal", True),
        ("a.go", "//nolint:errcheck,gosec", True),
        ("a.go", "//nolint:errcheck", False),
        ("a.go", "//nolint", False),
        ("a.py", "# nosemgrep", True),
        ("a.py", "# nosemgrep: python.requests.disabled-cert-validation", True),
        ("a.py", "# nosemgrep: python.lang.sql-injection", False),
        ("a.py", "# gitleaks:allow", False),
    ],
)
def test_other_scanners_words(path: str, comment: str, counts: bool) -> None:
    assert (judged(f"f(verify=False) {comment}\n", path=path) is not None) == counts


def test_gitleaks_speaks_of_keys() -> None:
    assert judged("k = 'x'  # gitleaks:allow", "'x'", rule=KEY) == "gitleaks:allow"


def test_nosec_alone_does_not_speak_of_keys() -> None:
    assert judged("k = 'x'  # nosec", "'x'", rule=KEY) is None


def test_rules_about_directives_cannot_be_silenced() -> None:
    text = "# tlsmith: ignore[scan-ignore-without-reason] ha\n# tlsmith: ignore[a-b]\n"
    rule = Rule(**{**RULE.__dict__, "id": "scan-ignore-without-reason"})
    assert judged(text, "tlsmith: ignore[a-b]", rule=rule) is None


def test_a_text_without_such_words_is_not_cut_up() -> None:
    source = Source("a.py", "get(verify=False)")
    assert directives(source) == ()
    assert "tokens" not in source.__dict__


_WORDS = "tlsmith: ignore|[a-b]|[|]|# nosec|#nosec G402|nosemgrep: |x|//nolint:|/*|*/"
_PIECES = st.sampled_from([*_WORDS.split("|"), *"\n\"'()\udcff", "\\\n", "#noqa: S501"])


@given(st.lists(_PIECES, max_size=30), st.sampled_from(["py", "go", "md", "sql", "sh"]))
def test_any_text_can_be_read(pieces: list[str], kind: str) -> None:
    text = " ".join([*pieces, "verify=False"])
    source = Source(f"a.{kind}", text)
    for one in directives(source):
        assert 0 <= one.start < one.end <= len(text)
    assert len(suppressed(source, [finding(text, path=source.path)])) == 1


def test_spaces_without_end_take_no_time() -> None:
    text = "# tlsmith: ignore[a-b] it is" + "\t" * 20_000 + "so */\n"
    began = time.process_time()
    (one,) = directives(Source("a.py", text))
    assert one.reason.startswith("it is\t")
    assert time.process_time() - began < 1
