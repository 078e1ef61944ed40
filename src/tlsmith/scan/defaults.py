"""What a setting from outside is where nobody sets it: an environment's, an option's.

Only defaults that are written beside are known; what has none is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tlsmith.scan.source import Source

_TRUE = frozenset({"true", "1", "yes", "on", "y", "t"})
_FALSE = frozenset({"false", "0", "no", "off", "n", "f", ""})

_ASKED = (
    r"""\(*(?:[\w.:]+\(){0,3}"""
    r"""(?:[\w.:$]*(?:env|getproperty)[\w.:$]*(?:\(\)\.\w+)?|config"""
    r"""|[\w.$]*(?:config|settings|conf|cfg|options|opts|kwargs|kw|params)"""
    r"""\.(?:get\w*|pop|value|fetch)|getattr\(\w+,["']\w+["'],\{\}\)\.get)"""
)
_DEFAULT = r"""(?:default(?:_value)?[=:])?["']?(true|false|yes|no|on|off|[01])["']?"""
_ENDED = r"""(?:,\s*(?:cast|type)=bool)?\)+(?:\.\w+(?:\(\)|[!?])?)*\)*"""
_COMPARED = (
    r"""\)*(?P<op>===?|!==?|(?: ?not )? ?in ?|\.eql\?\()"""
    r"""(?P<with>[\w"',.()\[\]{} ]{1,80})"""
)
_CALL = re.compile(
    rf"""(?i){_ASKED}\((?:["'][\w.-]+["']|:\w+),\s*{_DEFAULT}{_ENDED}(?:{_COMPARED})?"""
)
_FALLING_BACK = re.compile(
    r"""(?i)\(*(?:process\.env(?:\.\w+|\[["']\w+["']\])|ENV\[["']\w+["']\]|getenv\(["']\w+["']\)"""
    rf"""|\$_ENV\[["']\w+["']\])\s*(?:\|\||\?\?|\?:|\bor\b)\s*{_DEFAULT}"""
    rf"""\)*(?:\.\w+\(\))*(?:{_COMPARED})?"""
)
_FILTER = re.compile(
    r"""(?:\(bool\))?apply_filters\(["'][\w.-]+["'],(true|false)(?:,.*)?\)"""
)
"""What WordPress is told unless a plugin says something else."""
_SCHEMA = re.compile(
    r"""[\w.]+\.bool(?:ean)?\(\)(?:\.\w+\([^()]*\))*\.default\((true|false)\)"""
    r"""(?:\.\w+\([^()]*\))*"""
)
"""What zod, Joi and their like take a setting for that is not there."""
_FLAG = re.compile(r"""[\w.()*]+\.Bool[P]?\("[^"]*",(?:"[^"]*",)?(true|false),.*\)""")
_BARE = (
    r"""(?:process\.env(?:\.\w+|\[["']\w+["']\])|import\.meta\.env\.\w+"""
    r"""|(?:\w+\.)*environ(?:\.get\(["']\w+["'](?:,(?:None|""|''))?\)|\[["']\w+["']\])"""
    r"""|(?:::)?ENV\[["']\w+["']\]|\$_(?:ENV|SERVER)\[["']\w+["']\]"""
    r"""|(?:\w+(?:\.|::))*(?i:get_?env|getenvironmentvariable)\(["']\w+["']\))"""
)
"""An environment's variable, without a default."""
_GIVEN = re.compile(rf"""(?:!!|[Bb]ool(?:ean)?\()?{_BARE}\)?""")
_CAST = re.compile(rf"""(?:!!|[Bb]ool(?:ean)?\(){_BARE}\)?""")
"""What is only asked to be there: nothing is false, and so is the boolean of it."""
_EQUAL = re.compile(
    rf"""(?P<no>!)?\(*(?:{_BARE}(?:\?\.\w+\(\)|\.to_s)*"""
    r"""(?P<op>===?|!==?|(?: ?not)? ?in ?)"""
    r"""(?P<with>[\w"',.()\[\]{} :-]{1,80}?)"""
    rf"""|["'](?P<left>[\w-]+)["'](?:(?P<op2>===?|!==?)|\.equals(?:IgnoreCase)?\(){_BARE})\)*"""
)
_THERE = re.compile(
    r"""["'][\w-]+["'](?P<no> ?not ?| )in (?:\w+\.)*(?:environ|argv|env)"""
    r"""(?:\.keys\(\))?"""
)
"""Whether a variable is set at all, or an option is given."""
_PRODUCTION = frozenset({"production", "prod", "live"})
"""What is so where it matters, if it is not so by default."""
_NOTHING = frozenset({"", "none", "null", "nil", "undefined", "nullptr"})
_OPTION = re.compile(
    r"""(?:\w+\.)?(?:Option|[fF]ield|attrib|ib)\((?:default=)?(True|False)(?:,.*)?\)"""
)
"""What typer makes of a parameter, and dataclasses of a member."""
_KINGPIN = re.compile(r"""[\w.]+\("[^"]*".*\)\.Default\("(true|false)"\)\.Bool\(\)""")
_FALLBACK = re.compile(
    r"""(?i)[\w.]+\.get\w*\((?:["'][\w.-]+["'],){1,2}fallback=["']?(true|false)["']?\)"""
)
"""What configparser gives where a file says nothing."""
_HELPER = re.compile(
    r"""(?:\w+\.)*(?:\w*(?:get|read|parse|load|fetch|env|conf|config|cfg|setting|option)_?"""
    r"""[bB]ool\w*|bool_(?:env|config|setting|option)\w*)\(["'][\w.-]+["'],"""
    r"""(?:[\w.]+,|["'][\w.-]+["'],){0,3}(?:default=)?([tT]rue|[fF]alse)\)"""
)
"""What a program's own function gives for a setting that is not there."""
_UNWRAPPED = re.compile(
    r"""[\w.:&*]+(?:\(["'][\w.-]+["']\)|\[["'][\w.-]+["']\])"""
    r"""(?:\.\w+\((?:\|[&\w]+\|[\w.:!=&*"']+(?:\(\))?|[\w:]*)\))*\.unwrap_or\((true|false)\)"""
)
"""What Rust takes a setting for that is not there."""
_OF_RUST = re.compile(
    r"""(?:\w+::)*env::var\("\w+"\)(?:\.(?:map|and_then|ok)\([^()]*(?:\([^()]*\))?[^()]*\))*"""
    r"""\.unwrap_or(?:_else)?\((?:\|_?\w*\|)?"?(true|false|1|0)"?(?:\.\w+\(\))*\)"""
    r"""(?:\.as_str\(\))?(?:==(?P<with>"(?:true|1)")|!=(?P<other>"(?:false|0)"))?"""
)
"""What Rust takes a variable for that is not there."""
_FORMS = (
    _OF_RUST, _OPTION, _FLAG, _FILTER, _SCHEMA, _KINGPIN, _FALLBACK, _HELPER, _UNWRAPPED
)  # fmt: skip
_PARSED = frozenset({"args", "opts", "options", "arguments", "parsed", "ns"})
"""What programs call the options they were given."""
_LONGEST = 160


def default_of(text: str) -> bool | None:
    """What an expression is by its own default, or None if it has none.

    Args:
        text: The expression without spaces.
    """
    if len(text) > _LONGEST:
        return None
    flag = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if flag:
        return flag[1].lower() in _TRUE
    found = _CALL.fullmatch(text) or _FALLING_BACK.fullmatch(text)
    if found is None:
        return None
    default = found[1].lower()
    if found["op"] is None:
        return _plain(text, default)
    among = set(re.findall(r"\w+", found["with"].lower()))
    same = default in among
    if not among <= _TRUE | _FALSE:
        return None
    return same != found["op"].strip().startswith(("!", "not"))


def unset(text: str) -> bool | None:
    """What a comparison of an environment's variable is where nobody sets that.

    None if it is none, or compares with what production is called: what depends on
    that is as it should be where it matters.

    Args:
        text: The expression without spaces.
    """
    if len(text) > _LONGEST:
        return None
    if _CAST.fullmatch(text):
        return False
    if there := _THERE.fullmatch(text):
        return "not" in there["no"]
    found = _EQUAL.fullmatch(text)
    if found is None:
        return None
    if found["left"]:
        words = {found["left"].lower()}
    else:
        wanted = re.findall(r"""["']([\w.-]*)["']|(\w+)""", found["with"])
        words = {(quoted or word).lower() for quoted, word in wanted}
    if words & _PRODUCTION:
        return None
    op = (found["op"] or found["op2"] or "==").strip()
    same = bool(words & _NOTHING) or not words
    return same != (op.startswith(("!", "not")) != bool(found["no"]))


def is_set(text: str) -> bool | None:
    """Whether a condition holds that is an environment's variable and no more: where
    nobody sets it, it does not. None if the condition is another.
    """
    return False if len(text) <= _LONGEST and _GIVEN.fullmatch(text) else None


def _plain(text: str, default: str) -> bool | None:
    """A default by itself; a text in quotes is only one where a cast reads it."""
    cast = re.match(
        r"(?i)\(*(?:\w+\.)*(?:\w*bool\w*\((?:int\()?|int\()|env\.bool", text
    )
    quoted = re.search(r"""["'](?:true|false|yes|no|on|off|[01])["']\)*""", text, re.I)
    if quoted and not cast:
        return None
    if quoted and re.match(r"\(*bool\((?!int)", text):
        return None  # any text that is not empty is true to Python
    return default in _TRUE


_DEFINING = ("option(", "add_argument(", ".boolvar")
"""Of which every definition of an option that is read here holds one."""


def option_default(source: Source, name: Sequence[str]) -> bool | None:
    """What an option of the command line is if it is not given, or None."""
    if not source.holds_one(_DEFINING):  # most texts define no options
        return None
    pattern = _defining(source.language.name, name)
    found = re.search(pattern, source.text) if pattern else None
    return found[1].lower() == "true" if found else None


def _defining(language: str, name: Sequence[str]) -> str:
    """What finds the definition of the option that fills a name, or nothing."""
    if language == "go" and len(name) == 1:
        return (
            rf"""\.BoolVarP?\(\s*&{re.escape(name[0])},\s*"[^"]*","""
            r"""\s*(?:"[^"]*",\s*)?(true|false)\b"""
        )
    if language != "python":
        return ""
    long = re.escape(name[-1]).replace("_", "[-_]")
    if len(name) == 1:  # a parameter that click, or what is like it, fills
        return (
            rf"""\boption\([^()]{{0,80}}["'](?:--{long}\b[^"']*)["'][^()]{{0,300}}"""
            r"\bdefault\s*=\s*(True|False)\b"
        )
    if len(name) == 2 and name[0] in _PARSED:
        return (
            r"""add_(?:argument|option)\([^()]{0,200}["']"""
            rf"""(?:--{long}["']|[^()]{{0,120}}dest=["']{long}["'])"""
            r"[^()]{0,300}\bdefault\s*=\s*(True|False)\b"
        )
    return ""
