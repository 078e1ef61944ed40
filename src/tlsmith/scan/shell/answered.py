"""Whether anybody relies on what `openssl s_client` was told by the other end."""

from __future__ import annotations

import re

from tlsmith.scan.shell.command import Command

_NOTHING = re.compile(
    r"(?i)(?:echo|printf|true|yes|sleep)(?:\n(?:-[ne]+|[\"']*|\.|q|x|quit|\\n|\d+|%s))*"
)
_TRUSTED = re.compile(r"(?i)ca-certificates|anchors|trust|/etc/ssl|/pki/|cacerts")
_LOOKING = re.compile(
    r"(?im)^-(?:noout|enddate|dates|subject|issuer|fingerprint|text)$"
)


def is_answered(command: Command) -> bool:
    """Whether more is said than a greeting, or a certificate it shows is trusted."""
    reads = command.reads
    talks = reads is not None and not _NOTHING.fullmatch(_said(reads))
    told = any(document.end > document.start for document in command.documents)
    if talks or told or re.search(r"(?m)^-quiet$", _said(command)):
        return True
    return _is_trusted(command)


def _is_trusted(command: Command) -> bool:
    last = command
    for _ in range(8):
        if any(
            operator.startswith(">") and _TRUSTED.search(word.text)
            for operator, word in last.redirects
        ):
            return True
        if _LOOKING.search(_said(last)) and last is not command:
            return False
        if last.read_by is None:
            return False
        last = last.read_by
    return False


def _said(command: Command) -> str:
    return "\n".join(word.text for word in command.words)
