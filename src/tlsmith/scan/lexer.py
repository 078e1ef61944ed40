"""Text cut into tokens: words, numbers, strings, comments, brackets.

No grammar is needed to tell code from comments and strings, and a call's brackets
from what stands around them. One table of how languages write comments and strings
serves them all, in every state of repair: a file that does not parse is read like any
other. Only files that hold something to look at are ever cut up.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache

from tlsmith.scan.language import Language

WORD, NUMBER, STRING, PUNCT, NEWLINE = "wnspl"

_ESCAPED = r"[^\\{q}]*+(?:\\.[^\\{q}]*+)*+"
_LINE_ESCAPED = r"[^\\{q}\n]*+(?:\\[\s\S][^\\{q}\n]*+)*+"
_WITHIN = r"(?:(?!{q})[^\\\n]|\\.)*+{q}"
_TRIPLE = (
    "{q}{q}{q}" + r"[^{q}\\]*+(?:(?:\\[\s\S]|{q}(?!{q}{q}))[^{q}\\]*+)*+" + "{q}{q}{q}"
)

SNIPPETS = {
    "hash": r"\#[^\n]*",
    "hash-line": r"(?:(?<=\n)|(?<![\s\S]))[ \t]*\#[^\n]*",
    "shell-hash": r"(?:(?<=[\s;&|(])|(?<![\s\S]))\#[^\n]*",
    "php-hash": r"\#(?!\[)[^\n]*",
    "slashes": r"(?<!:)//[^\n]*",
    "c-block": r"/\*[\s\S]*?(?:\*/|\Z)",
    "ml-block": r"\(\*(?!\))[\s\S]*?(?:\*\)|\Z)",
    "pascal-block": r"\{[^}]*\}",
    "haskell-block": r"\{-[\s\S]*?(?:-\}|\Z)",
    "julia-block": r"\#=[\s\S]*?(?:=\#|\Z)",
    "lua-block": r"--\[(?P<luac>=*)\[[\s\S]*?(?:\](?P=luac)\]|\Z)",
    "dashes": r"--[^\n]*",
    "percent": r"%[^\n]*",
    "semicolon": r";[^\n]*",
    "semicolon-line": r"(?:(?<=\n)|(?<![\s\S]))[ \t]*;[^\n]*",
    "quote-line": r"'[^\n]*",
    "underscored-break": r"(?<=\s)_[ \t]*\r?\n",  # a line of Visual Basic that goes on
    "rem": r"(?i:(?:(?<=\n)|(?<![\s\S]))[ \t]*@?(?:rem\b|::))[^\n]*",
    "shebang": r"(?<![\s\S])\#![^\n]*",
    "xml": r"<!--[\s\S]*?(?:-->|\Z)",
    "ruby-block": r"(?<=\n)=begin\b[\s\S]*?(?:\n=end\b|\Z)",
    "pod": r"(?:(?<=\n)|(?<![\s\S]))=[a-z]\w*\b[\s\S]*?(?:\n=cut\b[^\n]*|\Z)",
    "data-end": r"(?:(?<=\n)|(?<![\s\S]))__(?:END|DATA)__\s*\n[\s\S]*",
    "c-if-zero": r"(?:(?<=\n)|(?<![\s\S]))[ \t]*\#[ \t]*if[ \t]+0\b[^\n]*\n"
    r"(?:(?![ \t]*\#[ \t]*(?:if|el|endif))[^\n]*\n)*",
    "elixir-doc": r"@(?:module|type)?doc[ \t]+(?:~[sS])?\"\"\"[\s\S]*?\"\"\"",
    "powershell-block": r"<\#[\s\S]*?(?:\#>|\Z)",
    "double": '"' + _ESCAPED.format(q='"') + '"',
    "double-line": r'"[^"\n]*"',
    "single": "'" + _ESCAPED.format(q="'") + "'",
    "single-raw": r"'[^']*'",
    "single-doubled": r"'(?:[^']|'')*'",
    "vb": r'"(?:[^"\n]|"")*"',
    "rust-char": r"b?'(?:[^'\\\n]|\\(?:x[0-9a-fA-F]{2}|u\{[^}\n]*\}|.))'",
    "char": r"'(?:[^'\\\n]|\\[^\n])(?:[^'\n]{0,8})'",
    "backtick": "`" + _ESCAPED.format(q="`") + "`",
    "backtick-raw": "`[^`]*`",
    "triple-double": _TRIPLE.format(q='"'),
    "triple-single": _TRIPLE.format(q="'"),
    "python-triple": r"(?i:[rbuft]{0,2})(?:"
    + _TRIPLE.format(q='"')
    + "|"
    + _TRIPLE.format(q="'")
    + ")",
    "python": r"(?i:[rbuft]{0,2})(?:"
    + '"'
    + _LINE_ESCAPED.format(q='"')
    + '"|'
    + "'"
    + _LINE_ESCAPED.format(q="'")
    + "')",
    "js-regex": r"(?<=[\s(,=:\[!&|?{};])/(?![*/\s])"
    r"(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/[a-z]*(?=\s*[.,;)\]}\n])",
    "csharp-verbatim": r'(?:@\$?|\$@)"(?:[^"]|"")*"',
    "cpp-raw": r'R"(?P<cppr>[^\s()\\]{0,16})\([\s\S]*?\)(?P=cppr)"',
    "rust-raw": r'b?r(?P<rustr>\#{0,8})"[\s\S]*?"(?P=rustr)',
    "swift-raw": r'(?P<swiftr>\#{1,3})"[\s\S]*?"(?P=swiftr)',
    "dart-raw": r"""r(?:"[^"\n]*"|'[^'\n]*')""",
    "objc": '@"' + _ESCAPED.format(q='"') + '"',
    "lua-long": r"\[(?P<luas>=*)\[[\s\S]*?\](?P=luas)\]",
    "ruby-percent": r"%[qQwWiIx]?(?:\([^)\n]*\)|\[[^\]\n]*\]|\{[^}\n]*\})",
    "perl-q": r"\bq[qwrx]?\s*(?:\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|/[^/\n]*/|\|[^|\n]*\|)",
    "perl-regex": r"(?<![\w$@%&>{.-])(?:(?:s|tr|y)(?P<perls>[/|!\#~,'\"])"
    + _WITHIN.format(q="(?P=perls)") * 2
    + r"|(?:m|qr)(?P<perlm>[/|!\#~,'\"])"
    + _WITHIN.format(q="(?P=perlm)")
    + r"|(?:(?:s|tr|y)(?:\{(?:[^\\\n{}]|\\.)*+\}\s*)|m)\{(?:[^\\\n{}]|\\.)*+\})[a-z]*",
    "elixir-sigil": r"~[a-zA-Z](?:\([^)\n]*\)|\[[^\]\n]*\]|\{[^}\n]*\}|/[^/\n]*/)",
    "heredoc": r"<<[~-]?(?P<hq>[\"'`]?)(?P<here>[A-Z_a-z]\w*)(?P=hq)"
    r"(?P<herel>[^\n]*\n)[\s\S]*?\n[ \t]*(?P=here)\b",
    "php-heredoc": r"<<<[\"']?(?P<phph>\w+)[\"']?\n[\s\S]*?\n[ \t]*(?P=phph)\b",
    "powershell-here": r"@\"[ \t]*\n[\s\S]*?\n\"@|@'[ \t]*\n[\s\S]*?\n'@",
    "powershell-double": r'"(?:[^"`]|`[\s\S]|"")*"',
    "powershell-single": r"'(?:[^']|'')*'",
    "nix-indented": r"''[\s\S]*?''(?!['$\\])",
}
"""How comments and strings are written, as regular expressions by name."""

_BEGUN_BY = {
    '"': """double double-line vb triple-double python python-triple csharp-verbatim
        cpp-raw rust-raw swift-raw dart-raw objc powershell-double powershell-here""",
    "'": """single single-raw single-doubled triple-single python python-triple char
        dart-raw powershell-single powershell-here nix-indented""",
    "`": "backtick backtick-raw",
    "<": "heredoc php-heredoc",
    "@": "csharp-verbatim objc powershell-here",
    "[": "lua-long",
    "{": "pascal-block",
    "%": "ruby-percent",
    "~": "elixir-sigil",
    "/": "js-regex",
    "#": "swift-raw", "R": "cpp-raw", "r": "rust-raw", "br": "rust-raw",
    "q": "perl-q", "qq": "perl-q", "qw": "perl-q", "qr": "perl-q perl-regex",
    "qx": "perl-q",
    "s": "perl-regex", "tr": "perl-regex", "y": "perl-regex", "m": "perl-regex",
}  # fmt: skip
"""Tokens that are left of what looked like the beginning of these, and was none."""
_LOOKED_SO = {
    "<": ("<<",), "@": ('@"', "@'", "@$"), "[": ("[[", "[="), "#": ('#"', "##"),
    "R": ('R"',), "r": ('r"', "r#"), "br": ('br"', "br#"),
}  # fmt: skip
"""How it did where that token is something else most of the time."""
_IN_A_LINE = frozenset(
    """double-line vb python char dart-raw ruby-percent elixir-sigil
    js-regex perl-regex""".split()  # noqa: SIM905
)
"""What ends with its line at the latest."""
_ENOUGH = 20_000_000
"""Characters that may be looked through in vain for ends of strings. A file that makes
us do so has no such strings, or was written to keep us busy.
"""

_PUNCTUATION = (
    r"===|!==|<=>|\.\.\.|->>|=>|->|<-|::|:=|==|!=|<=|>=|&&|\|\||\?\.|\?\?|\+=|-=|\*=|/="
    r"|\|>|=~|\.\.|[^\w\s]"
)
_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = {")": "(", "]": "[", "}": "{"}


class Tokens:
    """The tokens of a text, without its comments.

    Attributes (lists of one length, an entry each token):
        kinds: WORD, NUMBER, STRING, PUNCT or NEWLINE.
        starts, ends: Offsets in the text.
        texts: What stands there.
        partner: For a bracket the index of its other one, else -1.
        parent: The index of the innermost bracket it stands in, or -1.
        comments: Start and end of each comment.
    """

    def __init__(self, text: str, language: Language) -> None:
        self.kinds: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.texts: list[str] = []
        self.comments: list[tuple[int, int]] = []
        self._cut(text, language)
        self.partner = [-1] * len(self.texts)
        self.parent = [-1] * len(self.texts)
        self._pair_brackets()

    def __len__(self) -> int:
        return len(self.texts)

    def at(self, offset: int) -> int | None:
        """The index of the token that holds this offset, or None."""
        index = bisect_right(self.starts, offset) - 1
        return index if index >= 0 and offset < self.ends[index] else None

    def in_comment(self, offset: int) -> bool:
        """Whether this offset lies in a comment."""
        index = bisect_right(self.comments, (offset, 1 << 60)) - 1
        return index >= 0 and offset < self.comments[index][1]

    def _cut(self, text: str, language: Language) -> None:
        given_up: frozenset[str] = frozenset()
        vain = _Vain(text, language)
        position: int | None = 0
        while position is not None:
            position = self._cut_from(position, text, _master(language, given_up), vain)
            given_up |= vain.given_up

    def _cut_from(
        self, position: int, text: str, master: re.Pattern[str], vain: _Vain
    ) -> int | None:
        """Cut until something is given up: where that is, or None at the end."""
        kinds, starts, ends, texts = self.kinds, self.starts, self.ends, self.texts
        begun_by = vain.begun_by
        for found in master.finditer(text, position):
            group = found.lastgroup or ""
            start, end = found.span(group)
            if group == "comment":
                self.comments.append((start, end))
                continue
            part = text[start:end]
            kinds.append(_KINDS[group])
            starts.append(start)
            ends.append(end)
            texts.append(part)
            if part in begun_by and vain.is_enough(part, start):
                return end
        return None

    def _pair_brackets(self) -> None:
        opened: list[int] = []
        for index, text in enumerate(self.texts):
            if self.kinds[index] != PUNCT:
                self.parent[index] = opened[-1] if opened else -1
                continue
            if text in _CLOSING:
                self._close(opened, index, _CLOSING[text])
            self.parent[index] = opened[-1] if opened else -1
            if text in _OPENING:
                opened.append(index)

    def _close(self, opened: list[int], index: int, opening: str) -> None:
        """Pair a closing bracket, passing over up to three that were never closed."""
        for back in range(1, min(4, len(opened) + 1)):
            if self.texts[opened[-back]] == opening:
                self.partner[index] = opened[-back]
                self.partner[opened[-back]] = index
                del opened[-back:]
                return


_KINDS = {
    "plain": WORD,
    "word": WORD,
    "number": NUMBER,
    "string": STRING,
    "newline": NEWLINE,
    "punct": PUNCT,
}


class _Vain:
    """How much was looked through in vain for the ends of strings.

    Attributes:
        begun_by: What may begin in this language, by the token that is left of it.
        given_up: What is no longer looked for.
    """

    def __init__(self, text: str, language: Language) -> None:
        self._text = text
        self._spent: dict[str, int] = {}
        self.begun_by = _begun_by(language)
        self.given_up: frozenset[str] = frozenset()

    def is_enough(self, part: str, start: int) -> bool:
        """Whether what could have begun at a token is to be given up."""
        names = self.begun_by[part]
        if names <= self.given_up:
            return False
        if not self._text.startswith(_LOOKED_SO.get(part, part), start):
            return False
        end = self._text.find("\n", start) if names <= _IN_A_LINE else -1
        seen = (end if end >= 0 else len(self._text)) - start
        spent = self._spent[part] = self._spent.get(part, 0) + seen
        if spent < _ENOUGH:
            return False
        self.given_up |= names
        return True


@cache
def _begun_by(language: Language) -> dict[str, frozenset[str]]:
    own = {*language.comments, *language.strings}
    families = {part: own & set(names.split()) for part, names in _BEGUN_BY.items()}
    return {part: frozenset(names) for part, names in families.items() if names}


@cache
def _master(language: Language, without: frozenset[str]) -> re.Pattern[str]:
    """One expression whose groups are the kinds of token, in order of preference."""
    comments = [SNIPPETS[name] for name in language.comments if name not in without]
    strings = [SNIPPETS[name] for name in language.strings if name not in without]
    extra = re.escape(language.words)
    sigils = re.escape("".join(c for c in language.words if c in "$@%:."))
    start = rf"[{sigils}]{{0,4}}" if sigils else ""
    word = rf"{start}[^\W\d][\w{extra}]*[?!]?(?<![{extra}])" if extra else r"[^\W\d]\w*"
    if not sigils and extra:
        word = rf"[^\W\d][\w{extra}]*"
    groups = [
        ("comment", "|".join(comments)),
        ("string", "|".join(strings)),
        ("word", word),
        ("number", r"(?<=\$)\d+|\d[\w.]*"),  # `$0.name` is no number with a name
        ("newline", r"\n"),
        ("punct", _PUNCTUATION),
    ]
    if not _WORDLIKE & {*language.comments, *language.strings}:
        groups.insert(0, ("plain", _PLAIN.format(word=word)))
    # An inner named group would be the last one matched: only the outer ones may be.
    text = "|".join(f"(?P<{name}>{text})" for name, text in groups if text)
    # Space is taken with what stands before it, but where a line's beginning counts.
    space = "" if _FROM_LINE_START & {*language.comments} else r"[ \t\r]*+"
    return re.compile(f"(?:{text}){space}")


_PLAIN = r"(?>{word})(?![\"'#])"
"""A word that is not the beginning of a string: most of all tokens, so tried first."""
_WORDLIKE = frozenset(
    ["perl-q", "perl-regex", "rem", "data-end", "elixir-doc", "underscored-break"]
)
"""What begins with letters that no quote follows."""
_FROM_LINE_START = frozenset(["hash-line", "semicolon-line", "rem", "c-if-zero"])
