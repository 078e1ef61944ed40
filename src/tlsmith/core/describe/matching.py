"""Which keys, certificates and requests belong together."""

from __future__ import annotations

from dataclasses import dataclass, field

from tlsmith.core.describe.described import Described
from tlsmith.core.describe.findings import NOTE, PROBLEM, Finding
from tlsmith.core.describe.report import Report

_PUBLIC = ("certificate", "certificate-signing-request", "public-key")


@dataclass
class _Group:
    """What came together: in one container, or side by side in a file."""

    keys: list[int] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)


def match_keys(report: Report) -> None:
    """Say of each private key which certificates and requests it fits."""
    by_key: dict[bytes, list[int]] = {}
    groups: dict[int | None, _Group] = {}
    for index, described in enumerate(report.objects):
        group = groups.setdefault(described.inside, _Group())
        if described.found.kind in _PUBLIC and described.spki:
            by_key.setdefault(described.spki, []).append(index)
            if _wants_key(described):
                group.owners.append(index)
        elif described.found.kind == "private-key":
            group.keys.append(index)
    for group in groups.values():
        for index in group.keys:
            described = report.objects[index]
            matches = by_key.get(described.spki, []) if described.spki else []
            described.facts["matches"] = matches
            if group.owners and not matches:
                _judge_mismatch(report, index, group.owners)


def _wants_key(described: Described) -> bool:
    return described.found.kind != "public-key"


def _judge_mismatch(report: Report, index: int, owners: list[int]) -> None:
    if not report.objects[index].spki:
        message = "whether it fits a certificate here cannot be told"
        report.about(index, Finding(NOTE, "key-not-compared", message))
        return
    kinds = {report.objects[owner].found.kind for owner in owners}
    what = "certificate" if "certificate" in kinds else "request"
    message = f"the private key fits no {what} here"
    report.about(index, Finding(PROBLEM, "key-mismatch", message))
