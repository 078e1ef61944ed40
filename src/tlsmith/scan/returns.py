"""What functions give back, and whether they do anything else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlsmith.scan.extent import value_end
from tlsmith.scan.functions import Function
from tlsmith.scan.lexer import NEWLINE, STRING, WORD
from tlsmith.scan.source import Source

_LOGGING = re.compile(
    r"(?i)(?:\w+\.)*_?(?:log\w*|timber|napier|q(?:debug|warning)|std|f?printf|trace|debug|info|warn\w*|print\w*|console|puts|echo|nslog|"
    r"write(?:line|-host|-verbose)|system|out|fmt|super|io|stderr|stdout|os_log|tracing)$"
)
_ENDING = frozenset({"return", "if", "for", "while", "switch", "try", "catch", "else"})
_THROWING = frozenset(
    [
        "throw",
        "raise",
        "panic",
        "die",
        "abort",
        "exit",
        "fail",
        "reject",
        "croak",
        "error",
        "Err",
        "assert",
        "bail",
        "fatalError",
        "throws",
        "Throw",
    ]
)


_EMPTY = frozenset(
    ["null", "length", "size", "isEmpty", "isNullOrEmpty", "isNullOrBlank", "trim"]
)
"""What is asked to know whether anything was handed over."""

_WHATEVER = frozenset(
    ["CertificateException", "GeneralSecurityException", "Exception", "Throwable"]
)
"""What catches an exception about a certificate."""


def returns_of(source: Source, function: Function) -> list[tuple[int, int]] | None:
    """The ranges of what a function returns, an empty one where it returns nothing.

    None if it may throw, or does anything else whose outcome nobody can see: calls
    that do more than tell.
    """
    tokens = source.tokens
    if function.expression:
        statements = list(_statements(source, function.start, function.end))
        if _is_telling_call(source, function.start, function.end) or (
            statements and _swallows(source, statements)
        ):
            return [(function.end, function.end)]
        return [(function.start, function.end)]
    found: list[tuple[int, int]] = []
    for index in range(function.start, function.end):
        text = tokens.texts[index]
        if tokens.kinds[index] == STRING:
            continue
        if text in _THROWING and _throws(source, index):
            if _is_caught(source, function, index) or _is_of_nothing(
                source, function, index
            ):
                continue
            return None
        if _answers(source, function, index):
            end = index + 1
            if end < function.end and tokens.kinds[end] != NEWLINE:
                end = min(value_end(source, index + 1), function.end)
            found.append((index + 1, end))
    if found and all(low >= high for low, high in found):
        return _behind_early_ends(source, function, found)
    return found or _last_value(source, function)


def _behind_early_ends(
    source: Source, function: Function, found: list[tuple[int, int]]
) -> list[tuple[int, int]] | None:
    """What a function that leaves early with nothing gives, if it did not.

    None where it goes on to call something: `if (none) return; delegate.check(chain);`.
    """
    tokens = source.tokens
    *_, (low, high) = _statements(source, function.start, function.end)
    calls = tokens.texts[high - 1] == ")" and tokens.texts[low] not in _ENDING
    return None if calls and not _tells(source, low) else found


def _is_of_nothing(source: Source, function: Function, index: int) -> bool:
    """Whether it throws only where it was handed nothing, whatever else it was."""
    block = source.tokens.parent[index]
    return _asks_if_empty(source, function, index) or (
        block > function.start and _asks_if_empty(source, function, block)
    )


def _asks_if_empty(source: Source, function: Function, index: int) -> bool:
    """Whether an `if` before a place asks only if parameters are there, or how many."""
    tokens = source.tokens
    opening = tokens.partner[index - 1]
    if (
        function.parameters < 0
        or not function.start < opening < index
        or tokens.texts[index - 1] != ")"
        or tokens.texts[opening - 1] != "if"
    ):
        return False
    own = tokens.texts[function.parameters : tokens.partner[function.parameters]]
    asked = {
        tokens.texts[at]
        for at in range(opening, index)
        if tokens.kinds[at] in (WORD, STRING)
    }
    return bool(asked & _EMPTY) and asked <= _EMPTY.union(own)


def _is_caught(source: Source, function: Function, index: int) -> bool:
    """Whether what is thrown is caught in the same function, which only tells of it."""
    tokens = source.tokens
    block = tokens.parent[index]
    while block >= function.start:
        if tokens.texts[block] == "{" and tokens.texts[block - 1] == "try":
            return _lets_go(source, tokens.partner[block] + 1, function.end)
        block = tokens.parent[block]
    return False


def _lets_go(source: Source, index: int, end: int) -> bool:
    """Whether a `catch` of whatever a certificate throws does nothing but tell."""
    tokens = source.tokens
    while index < end and tokens.kinds[index] == NEWLINE:
        index += 1
    if index + 1 >= end or tokens.texts[index] != "catch":
        return False
    block = index + 1
    if tokens.texts[block] == "(":
        block = tokens.partner[block] + 1
    return (
        block < end
        and bool(
            _WHATEVER.intersection(tokens.texts[index + 2 : block])
            or _catches_whatever(source, block)
        )
        and _only_tells_in(source, block)
    )


def _catches_whatever(source: Source, block: int) -> bool:
    """Whether one of Scala's cases is for whatever a certificate throws."""
    texts = source.tokens.texts
    for low, high in _statements(source, block + 1, source.tokens.partner[block]):
        arrow = texts.index("=>", low, high) if "=>" in texts[low:high] else low
        asked = texts[low:arrow]
        if asked[:1] == ["case"] and (
            asked == ["case", "_"] or _WHATEVER.union(["NonFatal"]).intersection(asked)
        ):
            return True
    return False


def _only_tells_in(source: Source, block: int) -> bool:
    """Whether a block does nothing but tell, in each of its cases where it has some."""
    texts = source.tokens.texts
    if texts[block] != "{":
        return False
    for low, high in _statements(source, block + 1, source.tokens.partner[block]):
        start = low
        if texts[low] == "case" and "=>" in texts[low:high]:
            start = texts.index("=>", low, high) + 1
        if start < high and not _tells(source, start):
            return False
    return True


def _answers(source: Source, function: Function, index: int) -> bool:
    """Whether a value follows that the function gives back."""
    texts = source.tokens.texts
    if source.language.name != "visualbasic":
        # Kotlin names what it leaves: `return@use`.
        return texts[index] == "return" or texts[index].startswith("return@")
    named = function.name >= 0 and texts[index - 1] == texts[function.name]
    return texts[index] == "Return" or (named and texts[index] == "=")


def _throws(source: Source, index: int) -> bool:
    """Whether a word that may throw does: `error(…)`, not `log.error(…)` or a name."""
    texts = source.tokens.texts
    if texts[index] not in ("error", "fail", "reject", "exit", "abort", "assert"):
        return True
    after = texts[index + 1] if index + 1 < len(texts) else ""
    before = texts[index - 1] if index else ""
    if after not in ("(", "!"):
        return texts[index] in ("assert", "fail")
    return texts[index] != "error" or before not in (".", "::", "->", "?.")


def _keeps(source: Source, function: Function, low: int, high: int) -> bool:
    """Whether a statement only keeps what was handed over, or asks if it was."""
    tokens = source.tokens
    if source.language.name not in ("java", "kotlin", "groovy", "scala"):
        return False
    texts = tokens.texts[low:high]
    if texts[0] == "if" and texts[1:2] == ["("]:
        behind = tokens.partner[low + 1] + 1
        return (
            behind < high
            and tokens.texts[behind] == "throw"
            and _asks_if_empty(source, function, behind)
        )
    return "=" in texts and not {"(", "{", "if", "throw"}.intersection(texts)


def _only_tells(source: Source, function: Function, low: int, high: int) -> bool:
    """Whether an `if` or a loop does nothing but tell, whatever its condition is."""
    tokens = source.tokens
    if (
        tokens.texts[low] not in ("if", "for", "foreach")
        or tokens.texts[high - 1] != "}"
    ):
        return False
    blocks = [
        index
        for index in range(low, high)
        if tokens.texts[index] == "{" and tokens.parent[index] == tokens.parent[low]
    ]
    return bool(blocks) and all(
        _block_tells(source, function, block) or _asks_if_empty(source, function, block)
        for block in blocks
    )


def _block_tells(source: Source, function: Function, block: int) -> bool:
    """Whether a block only tells, or tries what may fail and lets that go."""
    inside = list(_statements(source, block + 1, source.tokens.partner[block]))
    return all(
        _is_idle(source, function, low, high) for low, high in inside
    ) or _swallows(source, inside)


def _is_idle(source: Source, function: Function, low: int, high: int) -> bool:
    """Whether a statement does nothing but tell, or keep what is told of."""
    return (
        _tells(source, low)
        or _only_tells(source, function, low, high)
        or _keeps(source, function, low, high)
    )


def _last_value(source: Source, function: Function) -> list[tuple[int, int]] | None:
    """Without `return`: the last expression, if the rest does nothing but tell."""
    statements = [
        (low, high)
        for low, high in _statements(source, function.start, function.end)
        if not _is_idle(source, function, low, high)
    ]
    if not statements or _swallows(source, statements):
        return [(function.end, function.end)]
    return statements if len(statements) == 1 else None


def _swallows(source: Source, statements: list[tuple[int, int]]) -> bool:
    """Whether all there is is a `try` whose failures are only told of."""
    tokens = source.tokens
    if tokens.texts[statements[0][0]] != "try":
        return False
    caught = False
    for low, high in statements:
        if tokens.texts[low] not in ("try", "catch", "finally"):
            return False
        for index in range(low, high):
            if tokens.texts[index] == "catch":
                caught = True
            block = tokens.partner[index]
            if (
                tokens.texts[index] == "{"
                and tokens.parent[index] == tokens.parent[low]
                and (caught and block > index)
                and not _only_tells_in(source, index)
            ):
                return False
    return caught


def _statements(source: Source, start: int, end: int) -> Iterator[tuple[int, int]]:
    tokens = source.tokens
    index = low = start
    while index < end:
        if tokens.kinds[index] == NEWLINE or tokens.texts[index] == ";":
            if low < index:
                yield low, index
            low = index + 1
        partner = tokens.partner[index]
        index = partner + 1 if index < partner < end else index + 1
    if low < end:
        yield low, end


def _tells(source: Source, index: int) -> bool:
    """Whether a statement only logs, looks at dates, or passes."""
    tokens = source.tokens
    if tokens.texts[index].lower() == "system":
        return tokens.texts[index + 2 : index + 3] in (["out"], ["err"])
    if tokens.texts[index] in ("runCatching", "Try"):  # whose failure is let go
        return _lets_failure_go(source, index)
    if tokens.texts[index : index + 2] == [".", "onFailure"]:
        return _only_tells_in(source, index + 2)
    unused = tokens.texts[index : index + 3] == ["let", "_", "="]  # as Rust says it
    if tokens.texts[index] in ("pass", "...", "_", "unused", "Q_UNUSED", "(") or (
        tokens.kinds[index] == STRING
        or (unused and "(" not in tokens.texts[index + 3 : index + 5])
    ):
        return True
    if tokens.texts[index + 1 : index + 3] == [".", "printStackTrace"]:
        return True
    return bool(_LOGGING.match(tokens.texts[index])) or _looks_at_dates(source, index)


def _lets_failure_go(source: Source, index: int) -> bool:
    """Whether nothing asks what Kotlin's `runCatching` or Scala's `Try` came to, unless
    it is to tell of it.
    """
    tokens = source.tokens
    behind = tokens.texts[index : index + 40]
    if "onFailure" in behind:
        block = index + behind.index("onFailure") + 1
        return _only_tells_in(source, block)
    end = tokens.partner[index + 1] + 1
    if behind[0] == "Try":
        return end > index + 1 and tokens.texts[end : end + 1] in (["\n"], ["}"], [])
    return "getOrThrow" not in behind


_TELLERS = frozenset(["debug", "info", "warn", "warning", "error", "trace", "log"]) | {
    *("d", "i", "w", "e", "v", "print", "println")
}


def _is_telling_call(source: Source, start: int, end: int) -> bool:
    """Whether an expression is nothing but `log.debug(…)`, which gives back nothing."""
    tokens = source.tokens
    opening = tokens.partner[end - 1] if end > start else -1
    if opening <= start or tokens.texts[opening] != "(":
        return False
    path = tokens.texts[start:opening]
    return (
        path[-1] in _TELLERS
        and all(text == "." for text in path[1::2])
        and (len(path) > 1 or path[0].startswith("print"))
        and bool(_LOGGING.match(path[0]))
    )


def _looks_at_dates(source: Source, index: int) -> bool:
    """Whether a statement is `chain[0].checkValidity()`: forgers choose the dates."""
    texts = source.tokens.texts[index : index + 8]
    return "checkValidity" in texts and not {"(", ";", "\n", "="}.intersection(
        texts[: texts.index("checkValidity")]
    )
