"""Calls into the cryptography library, which may refuse what it is given."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any


def attempt(call: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """Return what `call` returns, or the error it ends with.

    Its deprecation warnings are for programmers; what they are about is found here
    already. A panic of the library's Rust part is no Exception: it counts as a refusal.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call(), None
    except Exception as error:
        return None, error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return None, error
