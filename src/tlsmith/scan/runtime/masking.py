"""Text that may be told: without the passwords and tokens that stand in it."""

from __future__ import annotations

import re

_SECRETS = re.compile(
    r"""(?xi)
    (?<=://) [^\s/"'<>]+ (?= @ )                     # https://name:password@host
    | \b [\w.-]{1,64} : (?P<dsn>[^\s@]{1,200}) (?= @ (?:tcp|unix) \( )
    | (?: pass(?:word|wd|phrase)? | pwd | secret | token | api[-_]?key | credentials?
        | auth | private[-_]?key | key-data | access[-_]?key )
      [\w-]{0,24} ["']? \s? [=:] \s{0,4}
      (?: "(?P<double>[^"]*)" | '(?P<single>[^']*)'
        | (?: (?: bearer | basic | token ) \s+ )?
          (?! (?: true | false | yes | no | on | off | [01] | none | never )
              (?! [^\s"',;&|] ) )
          (?P<bare>[^\s"',;&|{\[][^\s"',;&|]*) )
    | (?<! [\w-] ) (?: -u | --(?:proxy-)?user ) (?: \s+ | = ) (?P<user>[^\s]+)
    | \b (?: bearer | basic ) \s+ (?P<header>[\w.~+/=-]{6,})
    """
)
_HERE = re.compile(r"(?:[\w-]+\.)*localhost|127(?:\.\d+){3}|\[?::1\]?|0\.0\.0\.0")
_GROUPS = ("dsn", "double", "single", "bare", "user", "header")


def masked(text: str) -> str:
    """The same text with a `*` for each character of a secret, so that places stay."""
    return _SECRETS.sub(_stars, text)


def reason_without_secrets(reason: str) -> str:
    """The reason of a finding, with the host alone of a URL in it."""
    return " ".join(map(_host, reason.split(" ")))


def _host(word: str) -> str:
    if "://" not in word and "@" not in word:
        return word
    found = _HERE.search(word)
    return found[0] if found else "its target"


def _stars(found: re.Match[str]) -> str:
    group = next((name for name in _GROUPS if found[name] is not None), None)
    start, end = found.span(group or 0)
    whole, first = found[0], found.start()
    stars = "*" * (end - start)
    return whole[: start - first] + stars + whole[end - first :]
