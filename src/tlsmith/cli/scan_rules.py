"""`tlsmith scan rules` and `tlsmith scan explain`: the rules, in words."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterator
from typing import Any

from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.scan_run import every_rule
from tlsmith.errors import InputError
from tlsmith.scan.rule import Rule

_WIDTH = 88
_PATH_LINE = "#! path: "


def emit_rules(language: str | None, *, as_json: bool) -> None:
    """Print every rule that reads a language, or every one."""
    found = [
        rule
        for rule in sorted(every_rule(), key=lambda rule: rule.id)
        if language is None or {language, "*"} & set(rule.languages)
    ]
    if language is not None and not found:
        _refuse_language(language)
    if as_json:
        for rule in found:
            emit_json(rule_facts(rule), indent=None, at_once=False)
        return
    from tlsmith.cli.table import table

    rows = [(rule.id, rule.severity, _where(rule), rule.title) for rule in found]
    emit(table(rows))
    say(f"{len(found)} rules; one in full: tlsmith scan explain RULE")


def _refuse_language(language: str) -> None:
    known = sorted({name for rule in every_rule() for name in rule.languages} - {"*"})
    raise InputError(
        f"no rule reads {language!r}", code="usage", hint=f"one of: {', '.join(known)}"
    )


def _where(rule: Rule) -> str:
    names = ["any file" if name == "*" else name for name in rule.languages]
    more = f" and {len(names) - 2} more" if len(names) > 3 else ""
    return ", ".join(names[: 2 if more else 3]) + more


def rule_named(id_: str) -> Rule:
    """Return the rule of this id.

    Raises:
        InputError: There is none.
    """
    rules = {rule.id: rule for rule in every_rule()}
    if id_ in rules:
        return rules[id_]
    near = difflib.get_close_matches(id_, rules, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "see `tlsmith scan rules`"
    raise InputError(f"no rule is called {id_!r}", code="unknown-rule", hint=hint)


def rule_facts(rule: Rule) -> dict[str, Any]:
    """Return the facts of a rule for programs."""
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "confidence": rule.confidence,
        "category": rule.category,
        "cwe": list(rule.cwe),
        "languages": list(rule.languages),
        "what": rule.what,
        "fix": rule.fix,
        "fixable": bool(rule.rewrite),
        "references": list(rule.references),
        "bad": list(rule.bad),
        "good": list(rule.good),
    }


def explained(rule: Rule) -> str:
    """Return a rule in words."""
    return "\n".join(_lines(rule))


def _lines(rule: Rule) -> Iterator[str]:
    cwe = ", ".join(f"CWE-{number}" for number in rule.cwe)
    yield rule.id
    yield f"  {rule.title}"
    yield ""
    yield f"  severity     {rule.severity}, graded lower in tests and examples"
    yield f"  confidence   {rule.confidence}"
    yield f"  category     {rule.category}{f' ({cwe})' if cwe else ''}"
    yield f"  looks at     {_where(rule)}"
    yield f"  --fix        {'mends it' if rule.rewrite else 'leaves it to you'}"
    yield from ("", *_wrapped("What can happen: ", rule.what))
    yield from ("", *_wrapped("Write instead: ", rule.fix))
    for title, samples in (("Found:", rule.bad), ("Not found:", rule.good)):
        if samples:
            yield from ("", title)
            yield "\n\n".join(_sample(sample) for sample in samples)
    if rule.references:
        yield from ("", "More:")
        yield from (f"  {reference}" for reference in rule.references)


def _wrapped(head: str, text: str) -> Iterator[str]:
    for number, part in enumerate(text.strip().split("\n")):
        lead = head if number == 0 else "  "
        yield from textwrap.wrap(
            part,
            _WIDTH,
            initial_indent=lead,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _sample(text: str) -> str:
    lines = text.strip("\n").split("\n")
    if lines[0].startswith(_PATH_LINE):
        lines[0] = f"({lines[0].removeprefix(_PATH_LINE).strip()})"
    return "\n".join(f"    {line}".rstrip() for line in lines)
