"""PEM (RFC 7468) as it is found in the wild: with text around it, and with mistakes."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest

from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING, Finding
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.labels import kind_of

# Two dashes at least, so that a boundary that lost some is still seen as one.
_BOUNDARY = re.compile(
    rb"-{2,5}+[ \t]*+(BEGIN|END)[ \t]+"
    rb"([A-Za-z0-9][A-Za-z0-9 #._/-]{0,63}?)[ \t]*-{2,5}"
)
_EXACT = re.compile(rb"-----(BEGIN|END) [A-Z0-9#._/-]+( [A-Z0-9#._/-]+)*-----")
MOST_BLOCKS = 5000
_FOUR_DASHES = ("SSH2 PUBLIC KEY",)  # RFC 4716 section 3.3.1
_HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_BLANK = re.compile(rb"\s+")


@dataclass(frozen=True, slots=True)
class _Boundary:
    start: int
    stop: int
    begins: bool
    label: str
    exact: bool
    line: int


def scan_pem(data: bytes) -> list[Found]:
    """Return every PEM block of a text, those that are broken included."""
    found: list[Found] = []
    if b"BEGIN" not in data:
        return found
    boundaries = list(islice(_boundaries(data), 2 * MOST_BLOCKS))
    for boundary, following in zip_longest(boundaries, boundaries[1:]):
        if boundary.begins and len(found) < MOST_BLOCKS:
            found.append(_block(data, boundary, following))
    return found


def _boundaries(data: bytes) -> Iterator[_Boundary]:
    line, counted = 1, 0
    for match in _BOUNDARY.finditer(data):
        line += data.count(b"\n", counted, match.start())
        counted = match.start()
        yield _Boundary(
            match.start(),
            match.end(),
            match[1] == b"BEGIN",
            match[2].decode("ascii"),
            _EXACT.fullmatch(match[0]) is not None,
            line,
        )


def _block(data: bytes, begin: _Boundary, following: _Boundary | None) -> Found:
    findings = []
    stop = following.start if following else len(data)
    body = data[begin.stop : stop]
    if not begin.exact and begin.label not in _FOUR_DASHES:
        line = data[begin.start : begin.stop].decode("ascii", "replace")
        findings.append(_at(begin, "bad-boundary", f"{line!r} is not exact"))
    if following is None or following.begins:
        message = f"the block has no END {begin.label} line: it may be cut short"
        findings.append(_at(begin, "missing-end", message))
    elif following.label != begin.label:
        message = f"begins as {begin.label} and ends as {following.label}"
        findings.append(_at(begin, "label-mismatch", message))
    if b"\\n" in body and b"\n" not in body.strip(b"\n"):
        findings.append(
            Finding(NOTE, "escaped-newlines", "line ends are written as \\n")
        )
        body = body.replace(b"\\r", b"").replace(b"\\n", b"\n")
    headers, text = _split_headers(body)
    skipped = body.count(b"\n") - text.count(b"\n")
    content, broken = _decode(text, begin, skipped)
    kind, form, wrong = kind_of(begin.label, content, headers)
    if wrong:
        findings.append(_at(begin, *wrong))
    return Found(
        kind,
        form,
        content,
        encoding="pem",
        offset=begin.start,
        label=begin.label,
        headers=headers,
        block=data[begin.start : following.stop] if following else b"",
        findings=(*findings, *broken),
    )


def _at(begin: _Boundary, code: str, message: str) -> Finding:
    level = WARNING if code == "unusual-label" else PROBLEM
    return Finding(level, code, f"line {begin.line}: {message}", offset=begin.start)


def _split_headers(body: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Take the headers of RFC 1421 off, which a blank line ends."""
    lines = body.lstrip().splitlines(keepends=True)
    if not lines or not _HEADER.match(lines[0].strip()):
        return (), body
    headers: list[tuple[str, str]] = []
    for index, line in enumerate(lines):
        match = _HEADER.fullmatch(line.strip())
        if match:
            headers.append((match[1].decode(), match[2].decode("utf-8", "replace")))
        elif line[:1] in b" \t" and line.strip():
            headers[-1] = (headers[-1][0], headers[-1][1] + line.strip().decode())
        else:
            return tuple(headers), b"".join(lines[index:])
    return tuple(headers), b""


def _decode(
    text: bytes, begin: _Boundary, skipped: int
) -> tuple[bytes, tuple[Finding, ...]]:
    """Decode the base64 of a block as far as it goes.

    Args:
        skipped: how many lines of headers stood before it.
    """
    bad = _NOT_BASE64.search(text)
    findings: list[Finding] = []
    if bad:
        line = begin.line + skipped + text.count(b"\n", 0, bad.start())
        shown = ascii(bad[0].decode("latin-1"))
        message = f"line {line}: {shown} is no character of base64"
        findings.append(Finding(PROBLEM, "bad-base64", message, offset=begin.start))
        text = text[: bad.start()]
    packed = _BLANK.sub(b"", text)
    if not packed and not findings:
        return b"", (_at(begin, "empty-block", "there is nothing in the block"),)
    content, fault = decode_packed(packed)
    if fault and not findings:
        findings.append(_at(begin, "bad-base64", fault))
    return content, tuple(findings)


def decode_packed(packed: bytes) -> tuple[bytes, str | None]:
    """Decode base64 without blanks as far as it goes; also say what is wrong."""
    body, _, behind = packed.partition(b"=")
    fault = None
    if behind.strip(b"="):
        fault = f"base64 goes on behind its padding, after {len(body)} characters"
    elif len(body) % 4 == 1:
        fault = f"base64 of {len(body)} characters: one is missing, or more"
    elif len(packed) % 4:
        fault = "the base64 lacks its padding: it may be cut short"
    bad = _NOT_BASE64.search(body)
    if bad:
        fault = f"{bad[0].decode('latin-1')!a} is no character of base64"
        body = body[: bad.start()]
    body = body[: len(body) - (len(body) % 4 == 1)]
    return binascii.a2b_base64(body + b"=" * (-len(body) % 4)), fault
