"""Names of tests that do not change from run to run, as keys and signatures do."""

from __future__ import annotations

import pytest


def pytest_make_parametrize_id(
    config: pytest.Config, val: object, argname: str
) -> str | None:
    """Name a parameter of octets by its argument: processes have to agree on it."""
    return argname if isinstance(val, bytes) else None
