"""Write ACME's problems in plain words into docs/acme.md. A test compares the two.

Run it after changing `authority/acme/reasons.py`: `.venv/bin/python docs/problems.py`.
"""

from __future__ import annotations

from pathlib import Path

from tlsmith.authority.acme.reasons import REASONS, Reason

TARGET = Path(__file__).with_name("acme.md")
BEGIN, END = "<!-- problems: begin -->\n", "<!-- problems: end -->\n"


def render() -> str:
    """Return the table of problems."""
    lines = ["| Problem | What happened | What to do |", "|-|-|-|"]
    for kind, reason in REASONS.items():
        said = _worded(reason.said)
        lines.append(f"| `{kind}` | {said} | {_worded(_advice(reason))} |")
    return "\n".join(lines) + "\n"


def _advice(reason: Reason) -> str:
    """Return what to do, for each challenge for which it is something else."""
    if not reason.by_challenge:
        return reason.advice
    challenges: dict[str, list[str]] = {}
    for challenge, advice in reason.by_challenge.items():
        challenges.setdefault(advice, []).append(challenge)
    return "<br>".join(
        f"{', '.join(f'`{name}`' for name in names)}: {advice}"
        for advice, names in challenges.items()
    )


def _worded(text: str) -> str:
    return text.format(name="the name").replace("|", "\\|")


def updated(text: str) -> str:
    """Return the page with the table as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render()}\n{END}{after}"


if __name__ == "__main__":
    TARGET.write_text(updated(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
