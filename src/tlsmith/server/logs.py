"""Logs: one event a line, as words or as a JSON object, whatever names hold.

An event has a name and facts. Every value is encoded, so that nothing that came from
outside can begin a line of its own, and none is longer than a kilobyte.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TextIO

from tlsmith.server.request_lines import (
    RequestLine,
    Told,
    facts_of,
    json_object,
    stamp,
    words,
)
from tlsmith.server.settings import LogSettings

request_id: ContextVar[str] = ContextVar("request_id", default="")

_LONGEST = 1024
_encode = json.JSONEncoder(default=str).encode  # json.dumps would make one each time
# Of lines that are held back together.
_MOST_HELD = 256
# Facts that are never to be written, should one be handed over by mistake.
_SECRET = ("passphrase", "password", "secret", "token", "authorization", "private_key")
# Of those that never are, what every request has.
_HARMLESS = frozenset(("client", "method", "path", "request_id"))
_TOKEN = re.compile(r"tlsmith_[A-Za-z0-9_-]{20,}")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9._:/+-]+")


def event(logger: logging.Logger, level: int, name: str, /, **facts: Any) -> None:
    """Log an event.

    Args:
        name: kebab-case, stable: what people search for.
        facts: JSON values; `error` may be an exception.
    """
    if not logger.isEnabledFor(level):
        return
    if _sink is not None:
        _sink(time.time(), level, name, facts)
    else:
        # By hand, since Logger.log walks the stack to find out who called: half the
        # time of a line, for what the event's name says already.
        record = logging.LogRecord(logger.name, level, "", 0, name, None, None)
        record.facts = facts
        logger.handle(record)


def request_event(
    logger: logging.Logger,
    level: int,
    told: Told,
    status: int,
    milliseconds: float,
    soon: Callable[[Callable[[], None]], object],
) -> None:
    """Log that a request was answered.

    Args:
        soon: calls what writes the lines of several requests, in a moment.
    """
    if not logger.isEnabledFor(level):
        return
    if _sink is None:
        event(logger, level, "request", **facts_of(told, status, milliseconds))
    elif _sink.hold(time.time(), level, told, status, milliseconds):
        soon(_sink.flush)


def flush_logs() -> None:
    """Write what is held back."""
    if _sink is not None:
        _sink.flush()


def set_up_logs(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Have everything logged to standard error, in the form asked for."""
    global _sink  # noqa: PLW0603 -- as logging's own set-up is
    handler = logging.StreamHandler(stream or sys.stderr)
    is_json = settings.format == "json"
    line = json_line if is_json else words_line
    handler.setFormatter(Lines(line))
    flush_logs()
    _sink = Sink(handler, line, json_object if is_json else words)
    for name in ("tlsmith", "uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
    logging.getLogger("tlsmith").setLevel(settings.level.upper())
    # Their own words on each connection are not worth a line.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(logging.ERROR)


class Sink:
    """Where our own events go: to the same stream, without what logging does for
    everybody's.

    Args:
        line: makes a line of facts.
        request: makes one of a request.
    """

    def __init__(
        self,
        handler: logging.StreamHandler[TextIO],
        line: Callable[[dict[str, Any]], str],
        request: RequestLine,
    ) -> None:
        self._handler = handler
        self._line = line
        self._request = request
        # Requests' lines that are still to be written: a system call for each would
        # cost as much as to make it.
        self._held: list[str] = []

    def __call__(
        self, moment: float, level: int, name: str, facts: dict[str, Any]
    ) -> None:
        self._write(self._line(_facts(moment, level, name, facts)))

    def hold(
        self, moment: float, level: int, told: Told, status: int, milliseconds: float
    ) -> bool:
        """Have a request's line written later; tell whether it is the first such."""
        line = self._request(moment, _level(level), told, status, milliseconds)
        if line is None:
            facts = facts_of(told, status, milliseconds)
            line = self._line(_facts(moment, level, "request", facts))
        held = self._held
        held.append(line)
        if len(held) > _MOST_HELD:
            self.flush()
        return len(held) == 1

    def flush(self) -> None:
        """Write what is held back."""
        if self._held:
            self._write()

    def _write(self, *lines: str) -> None:
        """Write lines, behind those that were held back before."""
        handler = self._handler
        with handler.lock or nullcontext(), suppress(OSError, ValueError):
            # Another thread may add to it meanwhile.
            count = len(self._held)
            text = "".join([f"{line}\n" for line in (*self._held[:count], *lines)])
            del self._held[:count]
            handler.stream.write(text)
            handler.stream.flush()


_sink: Sink | None = None


class Lines(logging.Formatter):
    """Records of others, in the form that events have."""

    def __init__(self, line: Callable[[dict[str, Any]], str]) -> None:
        super().__init__()
        self._line = line

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        facts = dict(getattr(record, "facts", {}))
        if record.exc_info and record.exc_info[1] is not None:
            facts["error"] = record.exc_info[1]
        message = record.getMessage()
        return self._line(_facts(record.created, record.levelno, message, facts))


def json_line(facts: dict[str, Any]) -> str:
    """Return facts as a JSON object."""
    return _encode(facts)


def words_line(facts: dict[str, Any]) -> str:
    """Return facts as words: time, level, event, and the others as name=value."""
    head = f"{facts.pop('time')} {facts.pop('level'):<7} {facts.pop('event')}"
    return " ".join([head, *(f"{name}={_word(facts[name])}" for name in facts)])


def _facts(
    moment: float, level: int, name: str, facts: dict[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "time": stamp(moment),
        "level": _level(level),
        "event": _cut(name),
    }
    if identifier := request_id.get():
        found["request_id"] = identifier
    for key, value in facts.items():
        # Nearly all of them, at no more cost than that.
        kind = type(value)
        if kind is int or kind is float:
            found[key] = value
        elif kind is str and len(value) < _LONGEST and key in _HARMLESS:
            found[key] = value if "tlsmith_" not in value else _cut(value)
        else:
            found[key] = _fact(key, value)
    return found


@lru_cache(maxsize=16)
def _level(level: int) -> str:
    return logging.getLevelName(level).lower()


def _fact(name: str, value: Any) -> Any:
    if _is_secret(name):
        return "[hidden]"
    if isinstance(value, BaseException):
        return _error(value)
    if isinstance(value, list | tuple):
        return [_fact(name, each) for each in value[:100]]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _cut(str(value))


@lru_cache(maxsize=512)
def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET)


def _error(error: BaseException) -> dict[str, Any]:
    """Return what an error says, and where it happened: not what it was called with."""
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_qualname}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    found = {"type": type(error).__name__, "message": _cut(str(error))}
    return {**found, "at": frames[-5:]}


def _cut(text: str) -> str:
    if "tlsmith_" in text:  # a token in a path, where somebody put it by mistake
        text = _TOKEN.sub("tlsmith_[hidden]", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _word(value: Any) -> str:
    if isinstance(value, str):
        if _PLAIN_WORD.fullmatch(value):
            return value
    elif type(value) is int or type(value) is float:
        return repr(value)
    return _encode(value).replace("\x7f", "\\u007f")
