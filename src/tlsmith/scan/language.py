"""Which language a file is written in, and how that language is read."""

from __future__ import annotations

import posixpath
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Language:
    """How a language writes comments, strings, words and blocks.

    Args:
        name: As rules name it.
        comments: Names of the lexer's snippets.
        strings: The same.
        words: Characters of a word beside letters, digits and the underscore.
        blocks: What bounds a function's body: `brace`, `indent` or `end`.
        imports: Words that begin a statement which only names things.
    """

    name: str
    comments: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    words: str = ""
    blocks: str = "brace"
    imports: tuple[str, ...] = ()


_CRONTAB = re.compile(r"(?:^|/)cron(?:\.\w+|tabs?)/[^/.]+$|(?:^|[/.])crontab$")
_SOURCED = re.compile(r"(?:^|/)(?:etc/default|sysconfig)/[^/.]+$")
"""What services' scripts take their variables from."""
_SHEBANG = re.compile(r"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*)?([\w.+-]+?)(?:[\d.]*)\s")
_CODE_AGAIN = re.compile(
    r"\.(?:j2|jinja2?|tmpl|tpl|erb|in|template|dist|sample|example|orig|bak"
    r"|gotmpl|ctmpl|tftpl|epp|mustache|hbs|njk|liquid)$"
)


def language_of(path: str, head: str = "") -> Language:
    """The language of a file, by its name or by its first line.

    Args:
        path: With `/` between its parts.
        head: The beginning of its text; only a `#!` line matters.
    """
    by_name = _tables()
    name = posixpath.basename(path)
    shorter = _CODE_AGAIN.sub("", name)
    inner = _by_filename(shorter, path, by_name) if name.endswith(".erb") else None
    if inner and inner.name != "xml":  # a page is read as Ruby, a configuration is not
        return inner
    for one in (name, shorter):
        found = _by_filename(one, path, by_name)
        if found:
            return found
    shebang = _SHEBANG.match(head[:200])
    if shebang and shebang[1] in by_name["interpreters"]:
        return by_name["interpreters"][shebang[1]]
    return languages()["text"]


def _by_filename(
    name: str, path: str, by_name: dict[str, dict[str, Language]]
) -> Language | None:
    if name in by_name["filenames"]:
        return by_name["filenames"][name]
    for prefix, language in by_name["prefixes"].items():
        if name.startswith(prefix):
            return language
    if _CRONTAB.search(path) or _SOURCED.search(path):
        return by_name["extensions"]["sh"]
    _, dot, extension = name.rpartition(".")
    if not dot:
        return None
    return by_name["extensions"].get(extension) or by_name["extensions"].get(
        extension.lower()
    )


@cache
def languages() -> dict[str, Language]:
    """Every language by its name."""
    return {
        name: Language(
            name,
            tuple(entry.get("comments", ())),
            tuple(entry.get("strings", ())),
            entry.get("words", ""),
            entry.get("blocks", "brace"),
            tuple(entry.get("imports", ())),
        )
        for name, entry in _entries().items()
    }


@cache
def _entries() -> dict[str, dict]:  # type: ignore[type-arg]
    text = files("tlsmith.scan").joinpath("languages.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def _tables() -> dict[str, dict[str, Language]]:
    tables: dict[str, dict[str, Language]] = {}
    for table in ("extensions", "filenames", "prefixes", "interpreters"):
        tables[table] = {
            entry: languages()[name]
            for name, row in _entries().items()
            for entry in row.get(table, ())
        }
    return tables
