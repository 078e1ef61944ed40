"""Settings written as pairs: `name: insecureSkipVerify` beside `value: true`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlsmith.scan.config.node import Document, Node

_NAMES = frozenset(
    {"name", "key", "option", "property", "parameter", "setting", "parameterkey"}
)
_VALUES = frozenset({"value", "val", "parametervalue"})
_FORM_FIELDS = frozenset({"checkbox", "boolean", "bool", "toggle", "switch", "text"})
_TASKS = frozenset({"Task", "ClusterTask", "Pipeline", "StepAction"})
_USE = re.compile(r"\bvar\.(\w+)")
_NAME = re.compile(r"[\w.:/-]+")
_POINTER = re.compile(r"/[\w.:/~-]+")
"""Where a JSON Patch puts its value."""


def pairs(document: Document) -> Iterator[Node]:
    """A setting for each block that names one, and says its value, in two entries.

    Helm's `set` in Terraform, Argo CD's parameters, Ansible's `ini_file`, the
    parameters of CloudFormation and of Tekton's tasks, JSON patches.
    """
    values = _VALUES
    if _is_task(document):
        values = _VALUES | {"default"}
    if document.form == "hcl":
        yield from _variables(document)
    if document.form == "yaml":
        yield from _inputs(document)
    for block in document.root.below:
        if 2 <= len(block.children) <= 40 and (made := _pair(block, values)):
            yield made


def _inputs(document: Document) -> Iterator[Node]:
    """The defaults of what GitHub's actions and workflows are given."""
    if not any(child.key in ("runs", "on") for child in document.root.children[:40]):
        return
    for block in document.root.below:
        if block.key != "inputs":
            continue
        for given in block.children[:60]:
            for child in given.children:
                if child.key == "default" and child.value_start >= 0:
                    made = Node(given.key, given.start, given.key_end, block)
                    made.assign(child.value, child.value_start, child.end)
                    yield made


def _is_task(document: Document) -> bool:
    return any(
        child.key == "kind" and child.value in _TASKS
        for child in document.root.children[:20]
    )


def _pair(block: Node, values: frozenset[str]) -> Node | None:
    name = value = None
    is_patch = any(
        child.key == "op" and child.value in ("add", "replace")
        for child in block.children
    )
    for child in block.children:
        low = child.key.lower()
        named = (low in _NAMES and _NAME.fullmatch(child.value)) or (
            is_patch and low == "path" and _POINTER.fullmatch(child.value)
        )
        if name is None and named:
            name = child
        elif low == "type" and child.value.lower() in _FORM_FIELDS:
            return None  # a form is described, or a schema
        elif value is None and low in values and child.value_start >= 0:
            value = child
    if name is None or value is None:
        return None
    key = name.value.rpartition("/")[2] if is_patch else name.value
    made = Node(key, name.value_start, name.end, block.parent)
    made.assign(value.value, value.value_start, value.end)
    return made


def _variables(document: Document) -> Iterator[Node]:
    """Terraform's variables and their defaults, unless what they are for is here."""
    used = {
        name for node in document.root.below for name in _USE.findall(node.value[:200])
    }
    for block in document.root.children:
        if block.key == "variable" and block.value not in used:
            for child in block.children:
                if child.key == "default" and child.value_start >= 0:
                    made = Node(
                        block.value, block.value_start, block.value_start, block.parent
                    )
                    made.key_end = block.value_start + len(block.value) + 2
                    made.assign(child.value, child.value_start, child.end)
                    yield made
