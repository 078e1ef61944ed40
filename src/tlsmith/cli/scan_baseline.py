"""`tlsmith scan --baseline` and `--write-baseline`."""

from __future__ import annotations

from collections.abc import Sequence

from tlsmith.cli.output import counted, say
from tlsmith.files import read_file, write_file
from tlsmith.scan.baseline import baseline_entries, baseline_text, compared
from tlsmith.scan.finding import Finding

_MOST_NAMED = 20


def write_baseline(file: str, findings: Sequence[Finding]) -> None:
    """Write what was found into a file."""
    write_file(file, baseline_text(findings).encode())
    kept = sum(finding.suppressed is None for finding in findings)
    say(f"wrote {counted(kept, 'finding', 'findings')} into {file}")


def hold_against(file: str, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that a file does not know; tell what is no longer there."""
    text = read_file(file).decode("utf-8", "replace")
    result = compared(findings, baseline_entries(text, file))
    if result.known:
        say(f"{counted(len(result.known), 'finding', 'findings')} known to {file}")
    if result.gone:
        what = counted(len(result.gone), "finding is", "findings are")
        say(f"{what} gone; --write-baseline {file} forgets them:")
        for entry in result.gone[:_MOST_NAMED]:
            say(f"  {entry.get('path', '?')}: {entry.get('rule', '?')}")
        if len(result.gone) > _MOST_NAMED:
            say(f"  and {len(result.gone) - _MOST_NAMED} more")
    suppressed = [one for one in findings if one.suppressed is not None]
    return [*result.new, *suppressed]
