"""Logs: what is written, what never is, and lines that stay lines."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tlsmith.server.logs import event, request_id, set_up_logs
from tlsmith.server.settings import LogSettings

LOG = logging.getLogger("tlsmith.test")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave the loggers as they were."""
    names = ("tlsmith", "uvicorn", "asyncio")
    loggers = [logging.getLogger(name) for name in names]
    before = [(one, one.handlers, one.propagate, one.level) for one in loggers]
    yield
    for logger, handlers, propagate, level in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def logged(**facts: Any) -> dict[str, Any]:
    stream = io.StringIO()
    set_up_logs(LogSettings(format="json"), stream)
    event(LOG, logging.INFO, "happened", **facts)
    (line,) = stream.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def worded(**facts: Any) -> str:
    stream = io.StringIO()
    set_up_logs(LogSettings(), stream)
    event(LOG, logging.INFO, "happened", **facts)
    return stream.getvalue()


def test_an_event_has_a_time_a_level_and_its_facts() -> None:
    found = logged(serial_number=17, names=["a.test"], ok=True, note=None)
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "info",
        "event": "happened",
        "serial_number": 17,
        "names": ["a.test"],
        "ok": True,
        "note": None,
    }


def test_it_has_the_request_it_happened_in() -> None:
    token = request_id.set("abc")
    try:
        assert logged()["request_id"] == "abc"
        assert "request_id=abc" in worded()
    finally:
        request_id.reset(token)


@pytest.mark.parametrize(
    "nasty",
    ["a\nforged line", "a\r\nb", "\x1b[31m", "\u2028", "\x85", "\x7f\x00", 'a" b="c'],
)
def test_no_value_begins_a_line_or_an_escape_sequence(nasty: str) -> None:
    assert logged(name=nasty)["name"] == nasty
    line = worded(name=nasty)
    assert line.count("\n") == 1
    assert len(line.splitlines()) == 1
    assert line.rstrip("\n").isprintable()
    assert logged(names=[nasty])["names"] == [nasty]
    assert worded(names=[nasty]).rstrip("\n").isprintable()


@pytest.mark.parametrize(
    "name", ["passphrase", "token", "api_token", "Authorization", "private_key"]
)
def test_what_is_secret_is_hidden_should_it_come_here(name: str) -> None:
    assert logged(**{name: "hunter2"})[name] == "[hidden]"
    assert "hunter2" not in worded(**{name: ["hunter2"]})


def test_long_values_are_cut() -> None:
    assert len(logged(name="x" * 5000)["name"]) == 1027
    assert len(logged(names=["x"] * 5000)["names"]) == 100


def fails(passphrase: str) -> None:
    raise ValueError(f"not {len(passphrase)} long")


def test_an_error_says_where_and_not_with_what() -> None:
    try:
        fails("hunter2")
    except ValueError as error:
        found = logged(error=error)["error"]
    assert found["type"] == "ValueError"
    assert found["message"] == "not 7 long"
    assert found["at"][-1].startswith("fails:")
    assert "hunter2" not in json.dumps(found)


def test_an_error_of_a_library_is_written_in_the_same_way() -> None:
    stream = io.StringIO()
    set_up_logs(LogSettings(format="json"), stream)
    try:
        fails("hunter2")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("it broke")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["error"]["type"] == "ValueError"


def test_the_level_is_the_one_asked_for() -> None:
    stream = io.StringIO()
    set_up_logs(LogSettings(level="warning"), stream)
    event(LOG, logging.INFO, "quiet")
    event(LOG, logging.WARNING, "loud")
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()


def test_a_token_that_was_put_into_a_path_is_hidden() -> None:
    token = "tlsmith_" + "Ab-_9" * 8
    for path in (f"/api/v1/certificates/{token}", f"/x/{token}/y"):
        assert token[8:] not in worded(path=path)
        assert token[8:] not in json.dumps(logged(error=ValueError(path)))
    assert "tlsmith_store.db" in worded(path="/srv/tlsmith_store.db")
