"""Where `openssl.cnf` says that a CA keeps its files (see ca(1) and config(5))."""

from __future__ import annotations

import os
import re

from tlsmith.authority.adoption.source import SourceFolder

_SECTION = re.compile(r"\[\s*([^\]]*?)\s*\]")
_VARIABLE = re.compile(
    r"\$(?:\{([\w:.]+)\}|\(([\w:.]+)\)|([\w.]+(?:::[\w.]+)?))", re.ASCII
)
_MOST_EXPANDED = 65536  # characters, as OpenSSL's own bound
_PLACES = (
    "database",
    "serial",
    "crlnumber",
    "new_certs_dir",
    "certificate",
    "private_key",
    "crl",
)

Sections = dict[str, dict[str, str]]


def parse_openssl_config(data: bytes) -> Sections:
    """Return the sections of a configuration, its variables put in.

    Values that need the environment are left out: whose it was is not known.
    """
    sections: Sections = {"default": {}}
    name = "default"
    for line in _lines(data.decode("utf-8", "replace")):
        if heading := _SECTION.match(line):
            name = heading[1]
            sections.setdefault(name, {})
            continue
        key, sign, text = line.partition("=")
        if not sign:
            continue
        owner, _, inner = key.strip().rpartition("::")
        section = sections.setdefault(owner or name, {})
        value = _expand(_unquote(text.strip()), section, sections)
        if value is None:
            section.pop(inner, None)
        else:
            section[inner] = value
    return sections


def ca_places(sections: Sections, folder: SourceFolder) -> dict[str, str]:
    """Return where the section of `default_ca` puts each file of the CA.

    Args:
        folder: that of the configuration. Relative paths were relative to where
            `openssl` was run, most often there or one above.
    """
    name = sections.get("ca", {}).get("default_ca") or sections["default"].get(
        "default_ca", ""
    )
    section = sections.get(name, {})
    return {
        key: _found(section[key], folder) for key in _PLACES if section.get(key, "")
    }


def _found(path: str, folder: SourceFolder) -> str:
    for start in (folder.path, os.path.dirname(folder.path)):
        candidate = os.path.normpath(os.path.join(start, path))
        if os.path.exists(candidate):
            return candidate
    return os.path.normpath(os.path.join(folder.path, path))


def _lines(text: str) -> list[str]:
    """Return the lines without comments, those that go on joined."""
    joined = re.sub(r"\\\r?\n", "", text)
    return [re.sub(r"(?<!\\)#.*", "", line).strip() for line in joined.splitlines()]


def _unquote(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        text = text[1:-1]
    return re.sub(r"\\(.)", r"\1", text)


def _expand(text: str, section: dict[str, str], sections: Sections) -> str | None:
    parts, offset = [], 0
    for found in _VARIABLE.finditer(text):
        owner, _, name = (found[1] or found[2] or found[3]).rpartition("::")
        known = sections.get(owner, {}) if owner else section
        value = known.get(name, sections["default"].get(name) if not owner else None)
        if value is None:
            return None
        parts += [text[offset : found.start()], value]
        offset = found.end()
    whole = "".join([*parts, text[offset:]])
    return whole if len(whole) < _MOST_EXPANDED else None
