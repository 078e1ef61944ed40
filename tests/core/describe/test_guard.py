from __future__ import annotations

import warnings

import pytest

from tlsmith.core.describe.guard import attempt


def test_a_value_or_the_error_is_returned() -> None:
    assert attempt(lambda: 5) == (5, None)
    value, error = attempt(lambda: int("x"))
    assert value is None
    assert isinstance(error, ValueError)


def test_warnings_of_the_library_are_kept_quiet() -> None:
    assert attempt(lambda: warnings.warn("old", stacklevel=1)) == (None, None)


def test_a_panic_is_a_refusal_and_an_interrupt_is_not() -> None:
    class PanicException(BaseException):
        pass

    def panic() -> None:
        raise PanicException

    def interrupt() -> None:
        raise KeyboardInterrupt

    assert isinstance(attempt(panic)[1], PanicException)
    with pytest.raises(KeyboardInterrupt):
        attempt(interrupt)
