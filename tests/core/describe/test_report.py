from __future__ import annotations

import json

from core.describe.forge import SAN, codes, leaf, look, with_extension
from core.describe.samples import PEOPLE
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING, Finding
from tlsmith.core.describe.report import Report, finding_facts


def test_the_worst_findings_come_first_and_each_once() -> None:
    report = Report([])
    note, warning, problem = (
        Finding(level, level, "message") for level in (NOTE, WARNING, PROBLEM)
    )
    report.add(note, problem)
    report.about(1, warning, problem)
    report.add(note)
    assert [(one.level, one.item) for one in report.findings] == [
        ("problem", None),
        ("problem", 1),
        ("warning", 1),
        ("note", None),
    ]
    assert report.has_problems
    assert not Report([]).has_problems


def test_a_finding_leaves_out_what_it_does_not_have() -> None:
    assert finding_facts(Finding(NOTE, "code", "words")) == {
        "level": "note",
        "code": "code",
        "message": "words",
    }
    whole = Finding(NOTE, "code", "words", field="here", offset=0, item=0)
    assert finding_facts(whole)["field"] == "here"
    assert finding_facts(whole)["offset"] == finding_facts(whole)["object"] == 0


def test_the_facts_are_what_json_can_hold() -> None:
    facts = json.loads(json.dumps(look(PEOPLE.pem).facts()))
    assert facts["objects"][0]["type"] == "certificate"
    assert facts["objects"][0]["found"] == {
        "encoding": "pem",
        "offset": 0,
        "label": "CERTIFICATE",
    }
    assert facts["chain"]["path"] == [0, 1, 2]
    assert {one["code"] for one in facts["findings"]} >= {"root-included"}


def test_without_certificates_there_is_no_chain() -> None:
    assert look(PEOPLE.leaf.key_pem).facts()["chain"] is None


def test_a_file_in_order_has_no_findings() -> None:
    assert look(leaf()).findings == []
    assert codes(look(with_extension(SAN, None))) == ["no-subject-alt-name"]
