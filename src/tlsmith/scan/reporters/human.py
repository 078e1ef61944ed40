"""Findings for a person: where, what stands there, what it means, what to write."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from tlsmith.scan.finding import Finding
from tlsmith.scan.reporters.plain import one_line, shown
from tlsmith.scan.reporters.results import Results

_WIDTH = 88
_MOST_LINES = 6
"""Longer pieces, such as keys, are shown by their beginning."""
_WIDEST = 160
_COLOURS = {
    "critical": "1;31",
    "high": "31",
    "medium": "33",
    "low": "36",
    "info": "2",
}


def human(results: Results) -> str:
    """Every finding with a frame of code, its meaning and its fix; then a count."""
    blocks = ["\n".join(_block(results, finding)) for finding, _ in results.told]
    text = "\n\n".join(blocks)
    return text + "\n" if text else ""


def _block(results: Results, finding: Finding) -> Iterator[str]:
    severity = _painted(results, finding.severity, _COLOURS[finding.severity])
    place = shown(f"{finding.path}:{finding.line}:{finding.column}")
    commit = f" in {finding.revision[:12]}" if finding.revision else ""
    title = one_line(results.title(finding))
    yield f"{_painted(results, place, '1')}{commit}  {severity}  {title}"
    yield from _frame(results, finding)
    yield from _paragraph("", results.what(finding))
    yield from _paragraph("fix: ", finding.fix)
    about = [finding.rule, f"{finding.confidence} confidence"]
    about += [one_line(finding.reason)] if finding.reason else []
    about += [f"CWE-{number}" for number in finding.cwe]
    if finding.edits:
        about.append("--fix mends it")
    if finding.suppressed is not None:
        about.append(f"suppressed: {one_line(finding.suppressed)}")
    yield from _paragraph("", f"({'; '.join(about)})")


def _frame(results: Results, finding: Finding) -> Iterator[str]:
    lines = finding.snippet.split("\n")
    width = len(str(finding.line + min(len(lines), _MOST_LINES) - 1))
    for number, line in enumerate(lines[:_MOST_LINES]):
        begin = finding.column - 1 if number == 0 else len(line) - len(line.lstrip())
        end = finding.end_column - 1 if number == len(lines) - 1 else len(line.rstrip())
        before, marked, after = _cut(line, begin, max(end, begin + 1))
        yield f"  {finding.line + number:>{width}} | {before}{marked}{after}".rstrip()
        carets = "^" * max(1, len(marked))
        if marked:
            painted = _painted(results, carets, _COLOURS[finding.severity])
            yield f"  {' ' * width} | {' ' * len(before)}{painted}"
    if len(lines) > _MOST_LINES:
        yield f"  {' ' * width} | ... ({len(lines) - _MOST_LINES} more lines)"


def _cut(line: str, begin: int, end: int) -> tuple[str, str, str]:
    """A line in three pieces, safe to show, not much wider than a terminal."""
    begin, end = min(begin, len(line)), min(end, len(line))
    before, marked, after = line[:begin], line[begin:end], line[end:]
    if len(before) > _WIDEST // 2:
        before = "..." + before[-_WIDEST // 4 :]
    if len(marked) > _WIDEST:
        marked = marked[: _WIDEST - 3] + "..."
    after = after[: max(0, _WIDEST - len(before) - len(marked))]
    spaced = (part.expandtabs(4).replace("\t", " ") for part in (before, marked, after))
    first, second, third = (shown(part) for part in spaced)
    return first, second, third


def _paragraph(head: str, text: str) -> Iterator[str]:
    for number, part in enumerate(text.strip().split("\n")):
        lead = head if number == 0 else " " * len(head)
        lines = wrap(
            shown(part),
            _WIDTH - 2,
            initial_indent=lead,
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from (f"  {line}" for line in lines)


def _painted(results: Results, text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if results.colour else text
