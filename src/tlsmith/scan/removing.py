"""What a playbook or a manifest takes out, or lets nobody do.

Lines with `state: absent` beside them, and constraints of Gatekeeper.
"""

from __future__ import annotations

from functools import lru_cache

from tlsmith.scan.config.node import Document, Node
from tlsmith.scan.config.reading import documents
from tlsmith.scan.source import Source

_LANGUAGES = frozenset({"yaml", "puppet"})
_HELD = frozenset({"line", "block", "content", "contents", "job", "option", "value"})
"""Keys of what a file holds, or a setting is. With `validate_certs: no` beside it even
what takes something away asks a server that it does not know."""
_NAMING = frozenset({"name", "setting", "variable"})
_STATES = frozenset({"state", "ensure"})
_CONSTRAINTS = "constraints.gatekeeper.sh/"


def is_removed(source: Source, start: int, end: int) -> bool:
    """Whether what stands between two offsets is taken out of a file, or unset."""
    if source.language.name not in _LANGUAGES:
        return False
    if not source.holds_one(("absent", _CONSTRAINTS)):
        return False
    return any(low <= end and start <= high for low, high in _removed(source))


@lru_cache(maxsize=4)
def _removed(source: Source) -> tuple[tuple[int, int], ...]:
    """Where all of that stands."""
    return tuple(
        (node.start, node.end)
        for document in documents(source).documents
        if document.name == source.path
        for node in document.root.below
        if _is_absent(node) or _is_constrained(document)
    )


def _is_constrained(document: Document) -> bool:
    return any(
        node.key == "apiVersion" and node.value.startswith(_CONSTRAINTS)
        for node in document.root.children
    )


def _is_absent(node: Node) -> bool:
    if node.children or node.parent is None:
        return False
    beside = node.parent.children[:40]
    named = node.key in _NAMING and any(one.key in _HELD for one in beside)
    return (named or node.key in _HELD) and any(
        one.key in _STATES and one.value.strip("\"'") == "absent" for one in beside
    )
