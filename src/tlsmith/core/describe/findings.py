"""What is wrong, doubtful or worth knowing about an object."""

from __future__ import annotations

from dataclasses import dataclass

PROBLEM, WARNING, NOTE = "problem", "warning", "note"
LEVELS = (PROBLEM, WARNING, NOTE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about an object, or about the whole input.

    Args:
        level: "problem" (clients refuse it, or it cannot be read), "warning" (some
            clients refuse it, or it is unwise) or "note".
        code: stable, kebab-case.
        message: lower case, no full stop.
        field: where in the object, such as "tbsCertificate.serialNumber".
        offset: of the octet in the object's DER, or in the input where there is none.
        item: index of the object it is about; None for the input as a whole.
    """

    level: str
    code: str
    message: str
    field: str | None = None
    offset: int | None = None
    item: int | None = None
