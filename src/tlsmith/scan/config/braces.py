"""Directives and blocks: nginx, Caddy, HCL, Logstash, Puppet, Apache, HAProxy, Fluentd.

A statement is a key and words; `{...}` or `<Section>...</Section>` opens a block, and
in HAProxy a line that is not indented does. One reader serves them: what differs is
what ends a statement, and what is a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tlsmith.scan.config.flow import unquoted
from tlsmith.scan.config.node import Document, Node

_TOKEN = re.compile(
    r"(?P<comment>(?:(?<=\s)|(?<![\s\S]))(?:\#|//)[^\n]*|/\*[\s\S]*?(?:\*/|\Z))"
    r"|(?P<heredoc><<[-~]?[A-Z_]\w{0,60}(?=\n))"
    r"|(?P<joined>\\\n)"
    r"|(?P<newline>\n)"
    r"|(?P<opening></?[A-Za-z][\w:.-]*)"
    r"|(?P<sign>=>|:=|=(?!=)|\{(?![{%])(?=\s|[^}\n]{0,200}[\s=])|(?!\{[{%])[{}();,\[\]>])"
    r"|(?P<word>(?:\"(?:[^\"\\]|\\[\s\S])*\"|'(?:[^'\\\n]|\\.)*'"
    r"|[$%]?\{[\w.$:*/%^ -]{1,80}\}|\{\{[^\n]{0,400}?\}\}|\{%[^\n]{0,400}?%\}"
    r"|[^\s{};,()\[\]=>\"'<]|=(?=[^\s>])|[<\"'])"
    r"(?:\"(?:[^\"\\\n]|\\.)*\"|[$%]?\{[\w.$:*/%^-]{1,80}\}|[^\s{};,()\[\]\"=>]|=(?=[^\s>\"'])|\((?=[^\s)]{0,200}\)))*)"
)
_SECTIONS = re.compile(
    r"(?:global|defaults|frontend|backend|listen|userlist|resolvers|peers|cache|ring"
    r"|program|mailers|http-errors|crt-store|log-forward|fcgi-app)\b"
)


@dataclass(frozen=True)
class Style:
    """How a kind of file ends its statements.

    Args:
        newline: Whether the end of a line ends a statement.
        comma: Whether a comma does.
        slashes: Whether `//` begins a comment.
        sections: Whether lines that are not indented open blocks, as in HAProxy.
        arrows: Whether `a => 1 b => 2` are two statements.
        titles: Whether a first word with a colon stands alone, as in Puppet.
    """

    newline: bool = True
    comma: bool = False
    slashes: bool = False
    sections: bool = False
    arrows: bool = False
    titles: bool = False


STYLES = {
    "nginx": Style(newline=False),
    "haproxy": Style(sections=True),
    "hcl": Style(comma=True, slashes=True),
    "puppet": Style(comma=True, titles=True),
    "logstash": Style(arrows=True),
    "braces": Style(),
}


def read_braces(text: str, start: int, end: int, name: str, form: str) -> Document:
    """The settings of a stretch of text in directives and blocks."""
    root = Node("", start, start, None)
    reader = _Reader(text, root, STYLES[form])
    position = start
    while found := _TOKEN.search(text, position, end):
        position = max(reader.take(found, end), found.end())
    reader.finish()
    return Document(name, form, root)


class _Reader:
    """The blocks that are open, and the statement that is being read."""

    def __init__(self, text: str, root: Node, style: Style) -> None:
        self.text = text
        self.style = style
        self.blocks = [root]
        self.words: list[tuple[int, int]] = []
        self.brackets = 0
        self.in_tag = False
        self.unclosed: set[str] = set()

    def take(self, found: re.Match[str], limit: int) -> int:
        """Take a token; where the next one may begin."""
        kind = found.lastgroup
        if kind == "heredoc":
            return self._take_heredoc(found, limit)
        if kind == "joined" or (kind == "comment" and self._is_comment(found)):
            return 0
        if kind == "newline":
            self._take_newline()
        elif kind == "sign":
            self._take_sign(found.group(), found)
        elif kind == "opening":
            self._take_tag(found)
        else:
            self.words.append(found.span())
            if self.style.titles and len(self.words) == 1 and found[0].endswith(":"):
                self._take_title(*found.span())
        return 0

    def _take_heredoc(self, found: re.Match[str], limit: int) -> int:
        """The lines up to the word that a `<<WORD` names, if it comes again."""
        name = found.group().lstrip("<-~")
        end = found.end()
        if name not in self.unclosed and len(self.unclosed) < 50:
            closing = re.compile(rf"\n[ \t]{{0,80}}{name}\b").search(
                self.text, end, limit
            )
            if closing:
                end = closing.end()
            else:
                self.unclosed.add(name)
        self.words.append((found.start(), end))
        return end

    def _is_comment(self, found: re.Match[str]) -> bool:
        return self.style.slashes or not found.group().startswith("//")

    def _take_newline(self) -> None:
        if self.in_tag:
            self._open()
            self.in_tag = False
        elif self.style.newline and not (self.brackets and self.style.comma):
            self.finish()

    def _take_sign(self, sign: str, found: re.Match[str]) -> None:
        if sign == "{":
            self.brackets = 0
            self._open()
        elif sign == "}":
            self.brackets = 0
            self.finish()
            self._shut(found.end())
        elif sign == ";" or (sign == "," and self.style.comma and not self.brackets):
            self.finish()
        elif sign in ("(", "["):
            self.brackets += 1
        elif sign in (")", "]"):
            self.brackets = max(0, self.brackets - 1)
        elif sign == ">" and self.in_tag:
            self._open()
            self.in_tag = False
        elif sign == "=>" and self.style.arrows:
            self._begin_next()
        elif sign in ("=", "=>", ":="):
            pass
        elif self.words:
            self.words.append(found.span())

    def _take_title(self, start: int, end: int) -> None:
        """A title stands for itself; that of an `exec` is the command."""
        block = self.blocks[-1]
        if block.key == "exec":
            self.words.clear()
            node = block.add(block.key, start, start)
            node.assign(unquoted(self.text[start : end - 1]), start, end - 1)
        else:
            self.finish()

    def _begin_next(self) -> None:
        """The last word is a key: what stands before it is a statement."""
        if len(self.words) > 1 and not self.brackets:
            key = self.words.pop()
            self.finish()
            self.words.append(key)

    def _take_tag(self, found: re.Match[str]) -> None:
        if self.words:
            self.words.append(found.span())
        elif found.group().startswith("</"):
            self.finish()
            self._shut(found.end())
            self.in_tag = False
        else:
            self.in_tag = True
            self.words = [(found.start() + 1, found.end())]

    def _open(self) -> None:
        """Open a block named by the words before its brace."""
        node = self._statement()
        if node is None:
            place = self.blocks[-1].end
            node = self.blocks[-1].add("", place, place)
        if len(self.blocks) < 500:
            self.blocks.append(node)

    def _shut(self, offset: int) -> None:
        if len(self.blocks) > 1:
            self.blocks.pop().end = offset

    def finish(self) -> None:
        """Close the statement that is being read."""
        node = self._statement()
        if node is None or not self.style.sections:
            return
        line = self.text.rfind("\n", 0, node.start) + 1
        if line == node.start and _SECTIONS.match(node.key):
            root = self.blocks[0]
            if node.parent is not root and node.parent is not None:
                node.parent.children.remove(node)
                node.parent = root
                root.children.append(node)
            self.blocks = [root, node]

    def _statement(self) -> Node | None:
        words, self.words = self.words, []
        if not words:
            return None
        start, key_end = words[0]
        written = self.text[start:key_end].rstrip(":")
        equals = written.find("=")
        if equals > 0 and written[0] not in "\"'":
            key_end = start + equals
            words = [(start, key_end), (key_end + 1, words[0][1]), *words[1:]]
            written = written[:equals]
        node = self.blocks[-1].add(unquoted(written), start, start + len(written))
        values = words[1:]
        if values:
            begin, end = values[0][0], values[-1][1]
            value = unquoted(self.text[begin:end])
            node.assign(value, begin, end)
        return node
