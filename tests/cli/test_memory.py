"""Too little memory is an error of the machine's, not of ours."""

from __future__ import annotations

import resource
import sys

import pytest

from running import tlsmith


def _little() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (160 << 20, 160 << 20))


@pytest.mark.skipif(sys.platform != "linux", reason="limits are Linux's")
def test_too_little_memory_is_said() -> None:
    done = tlsmith("show", "/dev/zero", preexec_fn=_little)
    assert done.code == 3
    assert done.err.startswith("tlsmith: there is not enough memory\nhint: ")
