"""JSON, JSON with comments, YAML's `{...}` and `[...]`, TOML's inline tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tlsmith.scan.config.node import ITEM, Node

_TOKEN = re.compile(
    r"(?P<comment>(?<!:)//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|\#[^\n]*)"
    r"|(?P<template>\{\{[^\n]{0,400}?\}\}|\{%[^\n]{0,400}?%\}|\$\{[^}\n]{0,400}\})"
    r'|(?P<string>"""[\s\S]*?"""|"(?:[^"\\]|\\[\s\S])*"'
    r"|'''[\s\S]*?'''|'(?:[^'\\\n]|''|\\.)*')"
    r"|(?P<punct>[{}\[\],]|[:=](?=[\s\"'{\[]|$)|(?<=[\"'])[:=])"
    r"|(?P<plain>(?:[^\s,\[\]{}\"'#:=]|[:=](?!\s))(?:[^,\[\]{}\n:=#]|[:=](?![\s\"'])|(?<!\s)\#)*)"
)
_DEEPEST = 500
_TOML = re.compile(r"(?P<key>[\w.-]+)(?P<equals>\s*=\s*)(?P<rest>.*)", re.S)
_ESCAPE = re.compile(r'\\(["\\/])')


def read_flow(text: str, start: int, end: int, into: Node) -> int:
    """Read the object or list that begins at an offset; its end's offset."""
    reader = _Reader(text, into)
    position = start
    while position < end:
        found = _TOKEN.search(text, position, end)
        if not found:
            return end
        position = found.end()
        if reader.take(found):
            return position
    return end


def unquoted(text: str) -> str:
    """A scalar without the quotes around it."""
    for quote in ('"""', "'''", '"', "'"):
        enough = len(text) >= 2 * len(quote)
        if enough and text.startswith(quote) and text.endswith(quote):
            inner = text[len(quote) : -len(quote)]
            return _ESCAPE.sub(r"\1", inner) if "\\" in inner else inner
    return text


@dataclass
class _Level:
    block: Node
    is_list: bool


class _Reader:
    """What has been opened, and the last scalar, which may turn out to be a key."""

    def __init__(self, text: str, into: Node) -> None:
        self.text = text
        self.levels: list[_Level] = []
        self.into = into
        self.key: Node | None = None
        self.scalar: tuple[int, int] | None = None

    def take(self, found: re.Match[str]) -> bool:
        """Take a token; whether the whole is closed with it."""
        kind = found.lastgroup
        if kind == "comment":
            return False
        if kind != "punct":
            self._take_scalar(*found.span())
            return False
        mark = found.group()
        if mark in "{[":
            self._open(mark == "[", found)
        elif mark in ":=":
            self._turn_into_key()
        else:
            self._finish()
            if mark in "}]":
                if self.levels:
                    closed = self.levels.pop()
                    closed.block.end = max(closed.block.end, found.end())
                return not self.levels
        return False

    def _take_scalar(self, start: int, end: int) -> None:
        raw = self.text[start:end].rstrip()
        end = start + len(raw)
        if self.scalar and not self.key and raw[0] in ":=":  # `"key" :value`
            self._turn_into_key()
            start += 1
        elif self.scalar:
            start = self.scalar[0]
        self.scalar = (start, end)
        if "=" in raw and self.levels and not self.levels[-1].is_list and not self.key:
            self._split(start, raw)

    def _split(self, start: int, raw: str) -> None:
        """`key=value` without spaces, in a TOML table."""
        found = _TOML.match(raw)
        if found and found["key"]:
            self.scalar = (start, start + found.end("key"))
            self._turn_into_key()
            if found["rest"]:
                self.scalar = (start + found.start("rest"), start + len(raw))

    def _turn_into_key(self) -> None:
        if not self.scalar or not self.levels:
            return
        start, end = self.scalar
        self.scalar = None
        key = unquoted(self.text[start:end])
        self.key = self.levels[-1].block.add(key, start, end)

    def _finish(self) -> None:
        """Give the last scalar to its key, or to the list it stands in."""
        if self.scalar and self.levels:
            start, end = self.scalar
            node = self.key
            if node is None and self.levels[-1].is_list:
                node = self.levels[-1].block.add(ITEM, start, start)
            if node is not None:
                node.assign(unquoted(self.text[start:end]), start, end)
                _note_alias(node)
        self.scalar = None
        self.key = None

    def _open(self, is_list: bool, found: re.Match[str]) -> None:
        block = self.key
        self.key = None
        self.scalar = None
        if len(self.levels) > _DEEPEST:
            block = self.levels[-1].block
        elif block is None and self.levels and self.levels[-1].is_list:
            block = self.levels[-1].block.add(ITEM, found.start(), found.start())
        elif block is None:
            block = self.levels[-1].block if self.levels else self.into
        self.levels.append(_Level(block, is_list))


def _note_alias(node: Node) -> None:
    if re.fullmatch(r"\*[\w.-]+", node.value):
        target = node if node.key != "<<" or node.parent is None else node.parent
        target.aliases.append(node.value[1:])
        node.value = ""
