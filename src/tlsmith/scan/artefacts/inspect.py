"""Which files are keys, certificates or keystores, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tlsmith.scan.artefacts.artefact import Artefact
from tlsmith.scan.artefacts.facts import Fact, facts_of_artefacts, match_of
from tlsmith.scan.artefacts.shape import is_whole
from tlsmith.scan.finding import Finding
from tlsmith.scan.grading import distinct
from tlsmith.scan.judge import finding_of
from tlsmith.scan.language import languages
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_KIND = "artefact"
_MAGIC = (
    b"\xfe\xed\xfe\xed\0\0\0", b"\xce\xce\xce\xce\0\0\0",  # JKS, JCEKS
    b"\0\0\0\1\0\0\0\x14", b"\0\0\0\2\0\0\0\x14",  # BKS
)  # fmt: skip
_BER = b"\x30\x80\x02\x01\x03"
"""How PKCS#12 begins that Firefox writes."""
_LEAST = 40


def concerned(data: bytes) -> bool:
    """Whether a file is DER or a keystore, going by how it begins."""
    if data[:1] == b"0":
        return len(data) >= _LEAST and (is_whole(data) or data.startswith(_BER))
    return data.startswith(_MAGIC)


def asked(rules: Iterable[Rule]) -> list[Rule]:
    """The rules about keys, certificates and keystores."""
    return [rule for rule in rules if rule.match.get("kind") == _KIND]


def inspect(
    path: str, inside: str, data: bytes, rules: Sequence[Rule]
) -> tuple[list[Finding], list[Fact]]:
    """What these rules say of a file that is no text, and what it has for others."""
    artefact = artefact_of(data)
    if artefact is None:
        return [], []
    source = Source(path, f"({artefact.mark})", languages()["text"], inside=inside)
    match = match_of(artefact, end=len(source.text))
    found = [
        finding_of(rule, match, source)
        for rule in rules
        if rule.match["is"] in artefact.is_
    ]
    return distinct(found), facts_of_artefacts([artefact], source, rules)


def artefact_of(data: bytes) -> Artefact | None:
    """The key, certificate or keystore that bytes are; None if they are none."""
    from tlsmith.scan.artefacts.certificates import certificate_of
    from tlsmith.scan.artefacts.keys import key_of
    from tlsmith.scan.artefacts.objects import of_certificate, of_key
    from tlsmith.scan.artefacts.stores import store_of

    store = store_of(data)
    if store is not None:
        return store
    certificate = certificate_of(data)
    if certificate is not None:
        return of_certificate(certificate, 0, 0)
    key = key_of(data)
    return of_key(key, 0, 0) if key else None
