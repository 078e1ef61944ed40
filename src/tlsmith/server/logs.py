"""Logs: one event a line, as words or as a JSON object, whatever names hold.

An event has a name and facts. Every value is encoded, so that nothing that came from
outside can begin a line of its own, and none is longer than a kilobyte.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

from tlsmith.server.settings import LogSettings

request_id: ContextVar[str] = ContextVar("request_id", default="")

_LONGEST = 1024
_encode = json.JSONEncoder(default=str).encode  # json.dumps would make one each time
# Facts that are never to be written, should one be handed over by mistake.
_SECRET = ("passphrase", "password", "secret", "token", "authorization", "private_key")
_TOKEN = re.compile(r"tlsmith_[A-Za-z0-9_-]{20,}")
_PLAIN = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/-+"
)


def event(logger: logging.Logger, level: int, name: str, /, **facts: Any) -> None:
    """Log an event.

    Args:
        name: kebab-case, stable: what people search for.
        facts: JSON values; `error` may be an exception.
    """
    if logger.isEnabledFor(level):
        # By hand, since Logger.log walks the stack to find out who called: half the
        # time of a line, for what the event's name says already.
        record = logging.LogRecord(logger.name, level, "", 0, name, None, None)
        record.facts = facts
        logger.handle(record)


def set_up_logs(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Have everything logged to standard error, in the form asked for."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JSONLines() if settings.format == "json" else Words())
    for name in ("tlsmith", "uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
    logging.getLogger("tlsmith").setLevel(settings.level.upper())
    # Their own words on each connection are not worth a line.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(logging.ERROR)


class JSONLines(logging.Formatter):
    """A JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return _encode(_facts(record))


class Words(logging.Formatter):
    """A line of words: time, level, event, and the facts as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        facts = _facts(record)
        head = f"{facts.pop('time')} {facts.pop('level'):<7} {facts.pop('event')}"
        return " ".join([head, *(f"{name}={_word(facts[name])}" for name in facts)])


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    moment = datetime.fromtimestamp(record.created, UTC)
    found: dict[str, Any] = {
        "time": f"{moment.isoformat(timespec='milliseconds')[:-6]}Z",
        "level": record.levelname.lower(),
        "event": _cut(record.getMessage()),
    }
    if identifier := request_id.get():
        found["request_id"] = identifier
    for name, value in getattr(record, "facts", {}).items():
        found[name] = _fact(name, value)
    if record.exc_info and record.exc_info[1] is not None:
        found["error"] = _error(record.exc_info[1])
    return found


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
    if isinstance(value, str) and value and _PLAIN.issuperset(value):
        return value
    return _encode(value).replace("\x7f", "\\u007f")
