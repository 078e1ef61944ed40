"""Commands that programs run, as one string or as a list of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlsmith.scan.lexer import NEWLINE, STRING, WORD
from tlsmith.scan.matchers.asked import callees_around
from tlsmith.scan.part import Part, part_of, unescaped
from tlsmith.scan.parts.listed import joined
from tlsmith.scan.refused import is_refused
from tlsmith.scan.source import Source

_RUNS = re.compile(
    r"(?i)system|exec|shell|command|\brun\b|run_|_run|popen|\bsh\b|spawn|process|bash|(?:\b|_)cmd\b"
    r"|check_output|check_call|\bqx\b|passthru|Open3|execa|\bzx\b|(?:^|\.)(?:local|sudo)$|invoke|\bbat\b"
    r"|pwsh|powershell|launch|arguments|runtime|getoutput|capture|\.call\(|subprocess|provision"
    r"|kubectl|\$$|^sh\b|^bat\b|task|script|job|workflow|Inline"
    r"|(?:^|[.>:])cmd(?:async|sync|context|output|run)|\bssh\w*[.:>]"
)
_NAMED = re.compile(
    r"(?i)cmd|command|script|exec|curl|wget|fetch|kubectl|download|run|call$"
)
_HOLDING = re.compile(
    r"(?i)(?!.*(?:expect|want|usage|help|example|sample|forbid|danger|block|den[iy]|bad"
    r"|risk|allow|insecure|unsafe|suspic|pattern|hint|doc|known|valid))"
    r"\w*?(?:cmd|command|cmdline|command_?line)s?"
)
"""Names of what is run somewhere else."""
_NOT_RUN = re.compile(
    r"(?i)(?:^|[.:>\s])(?:print\w*|put?s|echo|log\w*|warn\w*|error\w*|info|debug|raise|throw|die"
    r"|panic\w*|assert\w*|expect\w*|parse\w*|compile|match\w*|search|contains?|includes?|find\w*"
    r"|starts_?with|replace\w*|g?sub|substitute\w*|strip\w*|trim\w*|test|it|describe|should\w*|equals?|format\w*|help|usage|\w*option|write\w*"
    r"|Errorf|Println|Printf|Sprintf|description|add_argument|\w*(?:Error|Exception|Examples?)"
    r"|long(?:desc)?|SystemExit|exit|abort|fail\w*|fatal\w*|croak|confess|carp|bail|alert"
    r"|notify|say|message|(?:bool|string|int|duration)(?:slice|array)?varp?)\s*$"
)
_NIX_RUNS = re.compile(r"(?i)exec(?:start|stop|reload)\w*$|script$|command$")
_NIX_TOLD = re.compile(
    r"(?i)description$|doc$|docs$|text$|example$|notes?$|config\w*$|message$|motd$"
)
"""What an indented string of Nix is given to that is no script."""
_TOLD = re.compile(r"(?i)examples?$|usage$|help$|description$|longdesc$")
"""Names of what people read."""
_OFFERING = re.compile(
    r"(?i)\w*option|add_?argument|\w*flag|describe|description|usage|help|example|alias"
)
"""What defines the options of a command, chained to what names it."""
_FORMATTING = re.compile(
    r"(?i)(?:^|[.:>\s])(?:v?sw?n?printf(?:_s)?|v?asprintf|format(?:ted)?)!?\s*$"
)
"""What makes a text of another one."""
_ADDING = frozenset(
    [
        "append", "push", "add", "extend", "addAll", "Add", "AddRange", "push_back",
        "concat", "unshift", "arg", "args", "push_str", "addArgument", "insert",
        "emplace_back", "setArguments", "append_all", "appendAll", "addArguments",
    ]
)  # fmt: skip
_GIVEN = frozenset(["=", ":=", "+=", "<<", "<-", "=>", ":"])
_COMPARING = frozenset(["==", "===", "!=", "!==", "in", "case", "=~", "is"])
_STEPS = {"bat": "batch", "powershell": "powershell", "pwsh": "powershell"}
_PREFIX = re.compile(r"(?i)[rbuft@$]{0,3}(?=[\"'`])")
_PERCENT = re.compile(r"%[wWiI]")
_DELIMITED = re.compile(r"(?:%[wWiIqQx]?|q[qwrx]?\s*)[(\[{/|]")
"""Ruby's and Perl's quotes that are letters."""
_SCRIPT = re.compile(
    r"\s*(?:#![^\n]{0,60}sh\b|set -[aeux]{1,4}(?:\\n|\n|; )"
    r"|(?P<build>(?:FROM|RUN)[ ]+[\w$.{\"'][^\n]*\n))"
)
"""How a text begins that is a script by itself, or says how an image is built."""
_RUN_QUOTES = re.compile(r"%x|qx|`")
_FURTHEST = 120


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The commands around some offsets, each once."""
    seen: set[int] = set()
    for offset in offsets:
        index = source.tokens.at(offset)
        if index is None or source.tokens.in_comment(offset):
            continue
        if source.tokens.kinds[index] != STRING:
            part = _in_backticks(source, offset)
            if part is not None and part.places[0][1] not in seen:
                seen.add(part.places[0][1])
                yield part
        elif index not in seen:
            seen.add(index)
            yield from _of_string(source, index)


def _of_string(source: Source, index: int) -> Iterator[Part]:
    content, start = _content(source, index)
    if is_refused(source, index):
        return
    if not re.search(r"\s", content.strip()):
        for first in _beginnings(source, index):
            words = list(_words(source, first))
            if len(words) > 1:
                yield joined(source, words)
        return
    script = _SCRIPT.match(content)
    if script and not _is_told(source, index):
        language = "dockerfile" if script["build"] else "shell"
        yield unescaped(source, content, start, language)
    elif _is_run(source, index):
        yield _line(source, index, content, start)


def _is_told(source: Source, index: int) -> bool:
    """Whether a text is compared with another, printed, or given a name of prose."""
    tokens = source.tokens
    before = tokens.texts[index - 1] if index else ""
    callees = list(callees_around(source, index))
    given = tokens.texts[index - 2] if index > 1 else ""
    return before in _COMPARING or bool(
        (callees and _NOT_RUN.search(callees[0]) and "write" not in callees[0])
        or _TOLD.search(given)
    )


def _beginnings(source: Source, index: int) -> list[int]:
    """The strings that may begin the command which one belongs to: the first of its
    list and the first of its statement which are no options.
    """
    tokens = source.tokens
    parent = tokens.parent[index]
    if parent < 0 or tokens.texts[parent] not in ("[", "{", "("):
        return [index]
    within = range(parent + 1, index)
    leads = not any(tokens.kinds[at] == STRING for at in within)
    found = [index] if leads else []  # what it leads may be a command by itself
    starts = [parent + 1]
    for _ in range(3):
        outer = tokens.parent[parent]
        if outer < 0 or (tokens.texts[outer] == "{" and not _is_object(source, outer)):
            break
        parent = outer
        starts.append(parent + 1)
    for start in (*starts, _statement(source, parent)):
        for at in range(max(start, index - _FURTHEST), index):
            text = tokens.texts[at].strip("\"'`")
            if tokens.kinds[at] == STRING and text[:1] not in ("-", ""):
                found.append(at)
                break
    return list(dict.fromkeys(found)) or [index]


def _is_object(source: Source, brace: int) -> bool:
    """Whether a brace opens a value that is handed to a call."""
    around = source.tokens.parent[brace]
    return around >= 0 and source.tokens.texts[around] == "("


def _statement(source: Source, index: int) -> int:
    """Where the statement begins, calls on lines of their own included."""
    first = source.begins_statement(index)
    for _ in range(40):
        before = first - 1
        while before > 0 and source.tokens.kinds[before] == NEWLINE:
            before -= 1
        if before <= 0 or source.tokens.texts[first] not in (".", "?.", "->"):
            break
        first = source.begins_statement(before)
    return first


def _content(source: Source, index: int) -> tuple[str, int]:
    """What stands between a string's quotes, and where."""
    tokens = source.tokens
    text, start = tokens.texts[index], tokens.starts[index]
    if opened := _DELIMITED.match(text):
        return text[opened.end() : -1], start + opened.end()
    prefix = _PREFIX.match(text)
    begin = prefix.end() if prefix else 0
    quote = text[begin : begin + 1]
    if source.language.name == "nix" and text.startswith("''", begin):
        return text[begin + 2 : -2], start + begin + 2
    width = 3 if text.startswith(quote * 3, begin) and len(text) > begin + 5 else 1
    if text.startswith("<<"):  # a here-document
        first = text.find("\n") + 1
        return text[first : text.rfind("\n")], start + first
    return text[begin + width : len(text) - width], start + begin + width


def _line(source: Source, index: int, content: str, start: int) -> Part:
    """A command line in a string, with the strings that are joined to it."""
    language = _STEPS.get(_step(source, index), "shell")
    if source.language.name in ("ruby", "elixir", "crystal"):
        content = content.replace("#{", "${")
    tail = list(_joined_to(source, index))
    if tail:
        words = [(content, start), *tail]
        text, places = "", []
        for word, offset in words:
            places.append((len(text), offset))
            text += word
        return part_of(source, text, places, language)
    return unescaped(source, content, start, language)


def _step(source: Source, index: int) -> str:
    """The word before a string, `bat` in `bat '…'`, or before its bracket."""
    tokens = source.tokens
    before = index - 1
    for _ in range(4):
        if before >= 0 and (
            tokens.texts[before] in "(:" or tokens.texts[before] == "script"
        ):
            before -= 1
    return tokens.texts[before] if before >= 0 else ""


def _joined_to(source: Source, index: int) -> Iterator[tuple[str, int]]:
    """What is joined to a string: other strings, and names for which `$v` stands."""
    tokens = source.tokens
    at, joining = index + 1, False
    for _ in range(24):
        if at >= len(tokens):
            return
        text = tokens.texts[at]
        if text in ("+", ".", "..", "<>", "&", "~"):
            joining = True
        elif not joining:
            return
        elif tokens.kinds[at] == STRING:
            yield _content(source, at)
            joining = False
        elif tokens.kinds[at] == WORD:
            yield "$v", tokens.starts[at]
            joining = False
        elif tokens.kinds[at] == NEWLINE:
            pass
        else:
            return
        at += 1


def _is_run(source: Source, index: int) -> bool:
    """Whether a string that reads like a command line is run as one."""
    tokens = source.tokens
    before = tokens.texts[index - 1] if index else ""
    step = _step(source, index)
    callees = list(callees_around(source, index))
    if before in _COMPARING:
        return False
    if source.language.name == "nix" and _is_nix_script(source, index):
        return True
    if callees and _FORMATTING.search(callees[0]):
        return _is_formatted(source, index, callees[1:])
    if _NOT_RUN.search(step):
        return False
    if callees and _NOT_RUN.search(callees[0]):
        return False
    return _is_handed(source, index, callees) or (
        before == "$"
        or _is_process(source, index)
        or step in ("sh", "bat", "powershell", "pwsh", "code")
        or _is_run_by_name(source, index)
    )


def _is_process(source: Source, index: int) -> bool:
    """Whether a string of Scala is a process that is run: `"curl …".!`."""
    after = source.tokens.texts[index + 1 : index + 4]
    return source.language.name == "scala" and (
        after[:1] in ([".!"], [".!!"], ["!"], ["!!"])
        or (after[:1] == ["."] and after[1:2] in (["!"], ["!!"], ["lazyLines"]))
    )


def _is_nix_script(source: Source, index: int) -> bool:
    """Whether it is an indented string that is no prose, or given to what is run."""
    given = source.tokens.texts[index - 2] if index > 1 else ""
    if source.tokens.texts[index].startswith("''"):
        return not _NIX_TOLD.search(given)
    return _NIX_RUNS.search(given) is not None


def _is_formatted(source: Source, index: int, callees: list[str]) -> bool:
    """Whether what is made of a string that reads like a command line is run: it is
    handed on, given a name that is run later, or written to one: `sprintf(cmd, "…")`.
    """
    tokens = source.tokens
    opening = tokens.parent[index]
    around = tokens.parent[opening]
    if around >= 0 and tokens.texts[around] == "(":
        return (
            bool(callees)
            and not _NOT_RUN.search(callees[0])
            and (_is_handed(source, index, callees))
        )
    first = opening + 1
    if first < index and tokens.kinds[first] == WORD and tokens.texts[first + 1] == ",":
        return _is_run_later(source, tokens.texts[first], index)
    while opening > 0 and (
        tokens.kinds[opening - 1] == WORD or tokens.texts[opening - 1] in ".:!"
    ):
        opening -= 1
    return _is_run_by_name(source, opening)


def _is_run_later(source: Source, name: str, index: int) -> bool:
    return any(
        place > index
        and any(_RUNS.search(callee) for callee in callees_around(source, place))
        for place in source.words.get(name, ())
    )


def _is_handed(source: Source, index: int, callees: list[str]) -> bool:
    """Whether something that runs commands is called with a string, or on it."""
    tokens = source.tokens
    if any(_RUNS.search(callee) for callee in callees[:3]):
        return True
    run = _RUN_QUOTES.match(tokens.texts[index]) is not None
    if run and source.language.name != "javascript":
        return True
    after = [tokens.texts[at] for at in range(index + 1, min(index + 3, len(tokens)))]
    return after[:1] == ["."] and bool(after[1:]) and bool(_RUNS.search(after[1]))


def _is_run_by_name(source: Source, index: int) -> bool:
    """Whether the name that a command line is given is run later."""
    tokens = source.tokens
    at = index - 1
    opening = tokens.parent[index]
    if opening > 0 and tokens.texts[opening] == "[":
        at = opening - 1
    elif opening > 0 and source.language.name == "go":
        at = _literal_of_go(source, opening)
    while at >= 0 and tokens.texts[at] in ("(", "["):
        at -= 1
    if (
        at < 1
        or tokens.texts[at] not in _GIVEN
        or tokens.kinds[at - 1] not in (WORD, STRING)
    ):
        return False
    name = tokens.texts[at - 1].strip("\"'")
    if _TOLD.search(name):
        return False
    if _is_run_later(source, tokens.texts[at - 1], index):
        return True
    if tokens.texts[at] == ":":
        return bool(_NAMED.search(name))
    return bool(_HOLDING.fullmatch(name))


def _literal_of_go(source: Source, opening: int) -> int:
    """The token before a literal of strings: `[][]string{{"…"}}`."""
    tokens = source.tokens
    while tokens.parent[opening] > 0 and tokens.texts[tokens.parent[opening]] == "{":
        if tokens.texts[opening - 1] not in ("{", ",", "\n"):
            break
        opening = tokens.parent[opening]
    at = opening - 1
    while at > 0 and tokens.texts[at] in ("string", "[", "]", "\n"):
        at -= 1
    return at


def _in_backticks(source: Source, offset: int) -> Part | None:
    """`` `curl …` `` where backticks are no strings: Perl, PHP, Julia."""
    if source.language.name not in ("perl", "php", "julia"):
        return None
    first, last = source.line_bounds(source.position(offset)[0])
    begin = source.text.rfind("`", first, offset)
    end = source.text.find("`", offset, last)
    if begin < 0 or end < 0:
        return None
    return part_of(source, source.text[begin + 1 : end], [(0, begin + 1)])


def _words(source: Source, index: int) -> Iterator[tuple[str, int]]:
    """The words of the command whose program a string is."""
    tokens = source.tokens
    before = tokens.texts[index - 1] if index else ""
    after = tokens.texts[index + 1] if index + 1 < len(tokens) else ""
    if before in _COMPARING or after in _COMPARING or after in (":", "=>", "?"):
        return
    callees = list(callees_around(source, index))
    if callees and _NOT_RUN.search(callees[0]):
        return
    yield _content(source, index)
    parent = tokens.parent[index]
    stop = _end_of(source, index, parent)
    yield from _strings(source, index + 1, stop)
    name = _holder(source, index, parent)
    if name:
        yield from _given(source, name, index)


def _end_of(source: Source, index: int, parent: int) -> int:
    """Where the statement ends, with the calls that are chained to it."""
    tokens = source.tokens
    limit = min(index + _FURTHEST, len(tokens))
    at = (
        tokens.partner[parent]
        if parent >= 0 and tokens.partner[parent] > parent
        else index
    )
    if parent >= 0 and tokens.texts[parent] in ("{", "["):
        return min(at, limit)
    while at < limit:
        if tokens.texts[at] == ";":
            return at
        if tokens.kinds[at] == NEWLINE and not _goes_on(source, at):
            return at
        at = tokens.partner[at] if tokens.partner[at] > at else at
        at += 1
    return limit


def _goes_on(source: Source, at: int) -> bool:
    tokens = source.tokens
    while at < len(tokens) and tokens.kinds[at] == NEWLINE:
        at += 1
    return at < len(tokens) and tokens.texts[at] in (".", "?.", "->")


def _strings(source: Source, start: int, stop: int) -> Iterator[tuple[str, int]]:
    """The strings of a stretch as words; `$v` for what else is handed over."""
    tokens = source.tokens
    for at in range(start, stop):
        if tokens.kinds[at] == STRING:
            if not _OFFERING.fullmatch(tokens.texts[max(tokens.parent[at], 1) - 1]):
                yield from _split(source, at)
        elif tokens.kinds[at] == WORD:
            following = tokens.texts[at + 1] if at + 1 < len(tokens) else ""
            if following in ("(", ".", "::", "=", ":") or tokens.texts[at - 1] == ".":
                continue
            given = list(_given(source, tokens.texts[at], -1))
            yield from given or [("$v", tokens.starts[at])]


def _split(source: Source, at: int) -> Iterator[tuple[str, int]]:
    """A string's words: one, or as many as a line of options has."""
    content, start = _content(source, at)
    if (content.startswith("-") and " " in content) or _PERCENT.match(
        source.tokens.texts[at]
    ):
        for word in re.finditer(r"\S+", content):
            yield word[0], start + word.start()
    else:
        yield content, start


def _holder(source: Source, index: int, parent: int) -> str:
    """The name of the list that a program stands first in, or is added to."""
    tokens = source.tokens
    first = source.begins_statement(index if parent < 0 else parent)
    if tokens.kinds[first] != WORD:
        return ""
    callee = next(iter(callees_around(source, index)), "")
    adding = re.fullmatch(r"([\w$]+)[.:>-]+(\w+)", callee.strip())
    if adding and adding[2] in _ADDING:
        return adding[1]
    for at in range(first, min(first + 8, index)):
        if tokens.texts[at] in ("=", ":="):
            return tokens.texts[at - 1]
    return ""


def _given(source: Source, name: str, after: int) -> Iterator[tuple[str, int]]:
    """The strings that a list of this name is given, behind a token."""
    tokens = source.tokens
    for place in source.words.get(name, ())[:40]:
        if place <= after or place + 2 >= len(tokens):
            continue
        at = place + 1
        if tokens.texts[at] in ("=", ":=", "+=", "<<"):
            begin = at + 1
        else:
            begin = _added(source, at)
        if begin < 0:
            continue
        stop = begin
        while stop < min(begin + _FURTHEST, len(tokens)) and not _ends(source, stop):
            stop = max(tokens.partner[stop], stop) + 1
        for inner in range(begin, min(stop, len(tokens))):
            if tokens.kinds[inner] == STRING:
                yield from _split(source, inner)


def _ends(source: Source, at: int) -> bool:
    return source.tokens.texts[at] == ";" or source.tokens.kinds[at] == NEWLINE


def _added(source: Source, at: int) -> int:
    """Where the arguments begin of `.add(…)`, `.ArgumentList.Add(…)`; else -1."""
    tokens = source.tokens
    for _ in range(2):
        if tokens.texts[at] not in (".", "->", "?.") or at + 2 >= len(tokens):
            return -1
        if tokens.texts[at + 1] in _ADDING and tokens.texts[at + 2] == "(":
            return at + 2
        at += 2
    return -1
