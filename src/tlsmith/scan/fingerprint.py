"""What a finding is recognised by when the lines around it have moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

from tlsmith.scan.finding import Finding


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """A fingerprint for each finding: of its rule, its file and what stands there.

    Numbers of lines and the space between words do not count. Where a file says the
    same thing twice, the second is told from the first by being second.
    """
    seen: Counter[str] = Counter()
    result = []
    for one in findings:
        words = " ".join(one.snippet.split())
        text = "\0".join((one.rule, one.path.removeprefix("./"), words))
        seen[text] += 1
        text = f"{text}\0{seen[text]}"
        result.append(sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32])
    return result
