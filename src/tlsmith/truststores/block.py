"""Lines of ours in a file of a person's, between two marks."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

_BEGIN, _END = "# >>> tlsmith >>>", "# <<< tlsmith <<<"
_NOTE = (
    "# Written by `tlsmith trust install --env`; `tlsmith trust uninstall` undoes it."
)
_WHOLE = re.compile(
    rf"^{re.escape(_BEGIN)} (?P<facts>\{{.*\}})\r?\n"
    rf"(?:{re.escape(_NOTE)}\r?\n)?(?P<body>(?:(?!{re.escape(_BEGIN)}).*\n)*?)"
    rf"{re.escape(_END)}(?:\r?\n|\Z)",
    re.MULTILINE,
)


class Facts(NamedTuple):
    """What a block says of itself.

    Args:
        bundle: the file its variables lead to.
        roots: fingerprints.
        new: whether there was no file before.
        joined: whether the file did not end with a line break.
    """

    bundle: str
    roots: tuple[str, ...]
    new: bool = False
    joined: bool = False


class Block(NamedTuple):
    """A block as it was found, from `start` to before `stop` of a text."""

    start: int
    stop: int
    facts: Facts
    body: str


def write_block(facts: Facts, body: str) -> str:
    """Return a block, marks and line breaks included."""
    said = json.dumps(facts._asdict())
    return f"{_BEGIN} {said}\n{_NOTE}\n{body}{_END}\n"


def find_block(text: str) -> Block | None:
    """Return the block in a text; None where there is none.

    Raises:
        ValueError: there is only part of one.
    """
    found = _WHOLE.search(text)
    if found is None:
        for mark, other in ((_BEGIN, "end"), (_END, "beginning")):
            if re.search(f"^{re.escape(mark)}", text, re.MULTILINE):
                raise ValueError(f"its {other} is missing, or was changed")
        return None
    try:
        told = json.loads(found["facts"])
        facts = Facts(
            str(told["bundle"]), tuple(told["roots"]), told["new"], told["joined"]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("its first line was changed") from error
    return Block(found.start(), found.end(), facts, found["body"])


def without(text: str, block: Block) -> str:
    """Return a text as it would be had the block never been in it."""
    before, after = text[: block.start], text[block.stop :]
    if block.facts.joined and not after:
        before = before.removesuffix("\n")
    return before + after
