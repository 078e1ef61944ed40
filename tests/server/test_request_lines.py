"""The lines of requests are those that any event with their facts has."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tlsmith.server import logs
from tlsmith.server.logs import event, flush_logs, request_event, set_up_logs
from tlsmith.server.request_lines import Told, facts_of, json_object, stamp, words
from tlsmith.server.settings import LogSettings

LOG = logging.getLogger("tlsmith.test")
TOLD = Told("127.0.0.1", "POST", "/acme/new-order", "5b04f82c00000001")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave the loggers as they were."""
    loggers = [logging.getLogger(name) for name in ("tlsmith", "uvicorn", "asyncio")]
    before = [(one, one.handlers, one.propagate, one.level) for one in loggers]
    sink = logs._sink
    yield
    logs._sink = sink
    for logger, handlers, propagate, level in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


class Later:
    """What is to be called in a moment."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def __call__(self, call: Callable[[], None]) -> None:
        self.calls.append(call)


@pytest.mark.parametrize("form", ["words", "json"])
@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"client": "fd00::7"},
        {"path": "/acme/a b"},
        {"path": '/acme/"\\'},
        {"path": "/acme/\u2028"},
        {"path": "/acme/" + "a" * 2000},
        {"path": "/acme/tlsmith_" + "a" * 30},
        {"client": ""},
    ],
    ids=str,
)
def test_they_are_those_of_an_event(form: str, odd: dict[str, str]) -> None:
    told = TOLD._replace(**odd)
    lines = []
    for quick in (True, False):
        stream = io.StringIO()
        set_up_logs(LogSettings(format=form), stream)
        if quick:
            request_event(LOG, logging.INFO, told, 201, 1.5, Later())
            flush_logs()
        else:
            event(LOG, logging.INFO, "request", **facts_of(told, 201, 1.5))
        lines.append(_timeless(stream.getvalue(), form))
    assert lines[0] == lines[1]


def _timeless(line: str, form: str) -> Any:
    if form == "json":
        assert json.loads(line).keys() >= {"time"}
        return [pair for pair in json.loads(line).items() if pair[0] != "time"]
    return line.partition(" ")[2]


def test_what_is_odd_is_made_the_general_way() -> None:
    for make in (words, json_object):
        assert make(0.0, "info", TOLD, 200, 1.0) is not None
        assert make(0.0, "info", TOLD._replace(path='"'), 200, 1.0) is None


def test_several_are_written_at_once_and_in_order() -> None:
    stream, later = io.StringIO(), Later()
    set_up_logs(LogSettings(), stream)
    for status in (200, 201):
        request_event(LOG, logging.INFO, TOLD, status, 1.0, later)
    assert stream.getvalue() == ""
    (write,) = later.calls
    write()
    first, second = stream.getvalue().splitlines()
    assert "status=200" in first
    assert "status=201" in second


def test_another_event_comes_behind_them() -> None:
    stream = io.StringIO()
    set_up_logs(LogSettings(), stream)
    request_event(LOG, logging.INFO, TOLD, 200, 1.0, Later())
    event(LOG, logging.ERROR, "failed")
    first, second = stream.getvalue().splitlines()
    assert " request " in first
    assert " failed" in second


def test_those_of_a_level_that_is_off_are_not_kept() -> None:
    stream, later = io.StringIO(), Later()
    set_up_logs(LogSettings(level="error"), stream)
    request_event(LOG, logging.INFO, TOLD, 200, 1.0, later)
    flush_logs()
    assert (stream.getvalue(), later.calls) == ("", [])


def test_many_do_not_wait() -> None:
    stream = io.StringIO()
    set_up_logs(LogSettings(), stream)
    for _ in range(300):
        request_event(LOG, logging.INFO, TOLD, 200, 1.0, Later())
    assert stream.getvalue().count("\n") > 200


def test_a_moment_is_cut_to_milliseconds() -> None:
    assert stamp(1_700_000_000.0019) == "2023-11-14T22:13:20.001Z"
