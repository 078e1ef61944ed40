"""A setting of a configuration file: its key, its value, and where both stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

ITEM = "-"
"""The key of a list's entry."""

_ALIASES = 50
"""So many labelled blocks may one block take over, one by the other."""
_MOST = 2000
"""So many settings below a block are looked through."""
_REFERENCE = re.compile(r"(?:\$\{\s*)?(?P<no>!?)\s*(?P<name>(?:var|local)\.\w+)\s*\}?")
_TEMPLATE = re.compile(
    r"\$?\{\{-?\s*(?P<no>not\s+|!\s*)?(?:(?:env|vars|inputs|parameters|variables)\.)?"
    r"(?P<name>[A-Za-z_][\w-]*)(?:\s*\|\s*bool)?\s*-?\}\}"
)
"""Ansible's `{{ name }}`, and the `${{ env.NAME }}` of pipelines."""
_PUPPET = re.compile(r"(?P<no>!?)\s*\$\{?(?:::)?(?:\w+::)*(?P<name>\w+)\}?")
_PARAMETER = re.compile(r"""\$(?P<name>\w+)\s*=\s*(?P<value>"[^"\n]*"|'[^'\n]*'|\w+)""")
"""What a class of Puppet takes, with its default."""
_TAKING = frozenset({"class", "define"})
_HOLDERS = frozenset(
    {"vars", "env", "variables", "set_fact", "ansible.builtin.set_fact"}
)
"""Blocks that give such names their values."""
_ASKED_FOR = frozenset({"inputs", "parameters"})
"""Blocks that name what may be given, each with its default."""
_OPPOSITE = {"true": "false", "false": "true", "yes": "no", "no": "yes"}


@dataclass(slots=True, eq=False)
class Node:
    """A key with a value, a block with settings in it, or both.

    Args:
        key: Without quotes; `-` for an entry of a list.
        start: Where the key begins.
        key_end: The offset after the key.
        parent: The block it stands in; None for a document's root.
        value: What is set, without quotes; for a block what stands before its brace.
        value_start: Where the value begins, with its quotes.
        end: The offset after the value.
        children: The settings in it, in order.
        label: The name a YAML anchor gives it.
        aliases: Labels of the nodes it repeats (`*name`, `<<: *name`).
    """

    key: str
    start: int
    key_end: int
    parent: Node | None
    value: str = ""
    value_start: int = -1
    end: int = -1
    children: list[Node] = field(default_factory=list)
    label: str = ""
    aliases: list[str] = field(default_factory=list)

    def add(self, key: str, start: int, key_end: int) -> Node:
        """A new setting in this block."""
        child = Node(key, start, key_end, self, end=key_end)
        self.children.append(child)
        return child

    def assign(self, value: str, start: int, end: int) -> None:
        """Give it its value, as it stands between two offsets."""
        self.value = value
        self.value_start = start
        self.end = end

    @property
    def ancestors(self) -> Iterator[Node]:
        """The blocks it stands in, the innermost first, the root last."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    @property
    def below(self) -> Iterator[Node]:
        """Everything in it, at any depth."""
        waiting = list(reversed(self.children))
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


@dataclass(eq=False)
class Document:
    """One document: a file, a part of a file, or a file written inside another.

    Args:
        name: The path of the file; for one inside another, that and its own name.
        form: How it is read: `yaml`, `json`, `toml`, `ini`, `nginx`, ...
        root: Holds its settings.
    """

    name: str
    form: str
    root: Node
    labels: dict[str, Node] = field(default_factory=dict)
    uses: dict[str, list[Node]] = field(default_factory=dict)
    answers: dict[tuple[int, int], tuple[object, list[Node]]] = field(
        default_factory=dict
    )
    """What was asked of its blocks, kept because it is asked again and again."""

    def settings(self, block: Node) -> Iterator[Node]:
        """The settings of a block, with those it takes over from labelled ones."""
        seen: set[int] = set()
        waiting = [block]
        while waiting and len(seen) < _ALIASES:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield from node.children
            waiting.extend(
                self.labels[name] for name in node.aliases if name in self.labels
            )

    def below(self, block: Node) -> Iterator[Node]:
        """Everything in a block, at any depth, with what it takes over."""
        seen: set[int] = set()
        waiting = [block]
        most = _MOST if block is not self.root else 1 << 60
        while waiting and len(seen) < most:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for child in self.settings(node):
                yield child
                waiting.append(child)

    def value(self, node: Node) -> str:
        """What a setting is set to, be it by another's label."""
        for name in node.aliases:
            if not node.value and name in self.labels:
                return self.labels[name].value
        found = self._reference(node)
        if found is None or found["name"] not in self._defaults:
            return node.value
        value = self._defaults[found["name"]].value
        return (_OPPOSITE.get(value, "") if found["no"] else value) or node.value

    def set_by(self, node: Node) -> Node | None:
        """The setting that gives a name its value which another one hands on."""
        found = self._reference(node)
        return None if found is None else self._defaults.get(found["name"])

    def _reference(self, node: Node) -> re.Match[str] | None:
        if self.form == "hcl":
            return _REFERENCE.fullmatch(node.value)
        if self.form == "puppet":
            return _PUPPET.fullmatch(node.value)
        return _TEMPLATE.fullmatch(node.value) if self.form == "yaml" else None

    @cached_property
    def _defaults(self) -> dict[str, Node]:
        """What names are set to, as far as is said here."""
        if self.form == "puppet":
            return self._of_puppet()
        return self._of_terraform() if self.form == "hcl" else self._of_yaml()

    def _of_puppet(self) -> dict[str, Node]:
        """What parameters of classes are by default, and variables are set to."""
        found: dict[str, Node] = {}
        for node in islice(self.root.below, _MOST):
            if node.key in _TAKING:
                for one in _PARAMETER.finditer(node.value):
                    found.setdefault(one["name"], _default(node, one))
            elif node.key.startswith("$"):
                found.setdefault(node.key[1:], node)
        return found

    def _of_yaml(self) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for node in islice(self.root.below, _MOST):
            holder = node.parent
            if holder is None:
                continue
            if holder.key in _HOLDERS:
                found.setdefault(node.key, node)
            elif node.key == "default" and holder.parent is not None:
                name = holder.key if holder.key != ITEM else _named(holder)
                outer = holder.parent.key
                if name and outer in _ASKED_FOR:
                    found.setdefault(name, node)
        return found

    def _of_terraform(self) -> dict[str, Node]:
        """What `local.x` and `var.x` are."""
        found: dict[str, Node] = {}
        for block in self.root.children:
            for child in block.children:
                if block.key == "locals":
                    found.setdefault(f"local.{child.key}", child)
                elif block.key == "variable" and child.key == "default":
                    found.setdefault(f"var.{block.value}", child)
        return found

    def paths(self, node: Node) -> list[str]:
        """The keys that lead to a setting, joined by dots: as it is written, and as
        it is taken over elsewhere.
        """
        found = [_path(node)]
        keys: list[str] = [node.key]
        for outer in node.ancestors:
            uses = self.uses.get(outer.label, ()) if outer.label else ()
            for use in uses[: 20 - len(found)]:
                found.append(".".join([_path(use), *reversed(keys)]))
            keys.append(outer.key)
        return found


def _default(taker: Node, found: re.Match[str]) -> Node:
    """The setting that a parameter's default is."""
    begin = taker.value_start + found.start()
    node = Node(found["name"], begin, taker.value_start + found.end("name"), taker)
    start, end = found.span("value")
    value = found["value"].strip("\"'")
    node.assign(value, taker.value_start + start, taker.value_start + end)
    return node


def _named(entry: Node) -> str:
    """The name that an entry of a list gives itself."""
    return next((one.value for one in entry.children if one.key == "name"), "")


def _path(node: Node) -> str:
    keys = [node.key, *(outer.key for outer in node.ancestors)]
    return ".".join(key for key in reversed(keys) if key not in ("", ITEM))
