"""zlint: what it finds in certificates and CRLs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from interop.tools import debian_13


def zlint_findings(files: Sequence[Path]) -> list[set[str]]:
    """Return the names of the lints that found something, for each file."""
    done = subprocess.run(
        [*debian_13().program("zlint"), *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
    )
    return [_found(json.loads(line)) for line in done.stdout.splitlines()]


def _found(results: dict[str, Any]) -> set[str]:
    # NA: the lint is for other certificates. NE: its rule came later.
    fine = ("pass", "NA", "NE")
    return {lint for lint, found in results.items() if found["result"] not in fine}
