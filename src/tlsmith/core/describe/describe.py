"""From bytes to everything that can be said about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tlsmith.core.describe.certificate import read_certificate
from tlsmith.core.describe.described import Context
from tlsmith.core.describe.findings import WARNING, Finding
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.matching import match_keys
from tlsmith.core.describe.objects import describe_objects
from tlsmith.core.describe.recognise import MOST_OBJECTS, recognise
from tlsmith.core.describe.report import Report
from tlsmith.core.describe.together import (
    check_signers,
    judge_certificates,
    read_chains,
)


def describe(
    data: bytes,
    *,
    now: datetime,
    passphrases: Sequence[bytes] = (),
    anchors: Sequence[bytes] = (),
) -> Report:
    """Explain every object in `data`.

    Args:
        now: with a time zone; what is expired depends on it.
        passphrases: to try on what is encrypted.
        anchors: DER roots that are trusted here.

    Raises:
        InputError: there is nothing in it that we know; says what it seems to be.
    """
    return describe_found(recognise_known(data), Context(now, passphrases), anchors)


def recognise_known(data: bytes) -> list[Found]:
    """Return the objects in `data`, among them one at least of a kind we know.

    Raises:
        InputError: there is none; says what the input seems to be.
    """
    found = recognise(data)
    if all(one.kind == "unknown" and one.form != "entry" for one in found):
        from tlsmith.core.describe.unknown import nothing_known

        raise nothing_known(data, found)
    return found


def describe_found(
    found: Sequence[Found],
    context: Context,
    anchors: Sequence[bytes] = (),
    *,
    ordered: bool = True,
) -> Report:
    """Explain objects that were found already, such as what a server sent.

    Args:
        ordered: the order of the certificates matters.
    """
    report = Report(describe_objects(found, context, MOST_OBJECTS))
    if len(report.objects) >= MOST_OBJECTS:
        message = f"there is more: only the first {MOST_OBJECTS} objects are shown"
        report.add(Finding(WARNING, "too-many-objects", message))
    roots = [read_certificate(anchor) for anchor in anchors]
    match_keys(report)
    read_chains(report, roots, ordered=ordered)
    judge_certificates(report, context)
    check_signers(report, roots)
    for index, described in enumerate(report.objects):
        report.about(index, *described.findings)
    return report
