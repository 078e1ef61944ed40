"""Readiness: what the service depends on, asked regularly and told at once."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from tlsmith.server.logs import event
from tlsmith.server.reply import Reply

EVERY = 2.0
# A check that takes longer than this has failed, whatever it says later.
LONGEST = 5.0

Checks = Callable[[], Mapping[str, str | None]]

_LOG = logging.getLogger("tlsmith.server.readiness")
_FIELDS = b"content-type: application/json\r\ncache-control: no-store\r\n"


class Readiness:
    """The last answer of every check.

    The checks run in a thread of their own, in between requests: whoever asks /readyz
    often costs nothing, and one that hangs is seen as failed.
    """

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._failures: dict[str, str | None] = {"start": "not checked yet"}
        self.is_stopping = False

    async def run(self) -> None:
        """Check, again and again, until cancelled."""
        pending: asyncio.Future[Mapping[str, str | None]] | None = None
        while True:
            if pending is None:
                pending = self._ask()
            done, _ = await asyncio.wait([pending], timeout=LONGEST)
            if done:
                self._take(pending)
                pending = None
                await asyncio.sleep(EVERY)
            else:
                self._note({"checks": f"no answer within {LONGEST:.0f} seconds"})

    async def check(self) -> None:
        """Check once, now."""
        future = self._ask()
        await asyncio.wait([future], timeout=LONGEST)
        if future.done():
            self._take(future)

    def states(self) -> dict[str, bool]:
        """Return every check with whether it holds."""
        found = {name: wrong is None for name, wrong in self._failures.items()}
        return {**found, "running": False} if self.is_stopping else found

    def reply(self) -> Reply:
        """Return the reply to /readyz: which check fails, and not why.

        Why is in the log, since it may name hosts and files.
        """
        states = self.states()
        ready = all(states.values())
        words = {name: "ok" if holds else "failed" for name, holds in states.items()}
        body = json.dumps({"ready": ready, "checks": words}).encode() + b"\n"
        return Reply(200 if ready else 503, _FIELDS, body, "/readyz")

    def _ask(self) -> asyncio.Future[Mapping[str, str | None]]:
        """Start the checks, in a thread that does not keep the process alive."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Mapping[str, str | None]] = loop.create_future()

        def settle(found: Mapping[str, str | None]) -> None:
            if not future.done():
                future.set_result(found)

        def run() -> None:
            try:
                found = self._checks()
            except Exception as error:
                found = {"checks": str(error) or type(error).__name__}
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, found)

        threading.Thread(target=run, name="readiness", daemon=True).start()
        return future

    def _take(self, future: asyncio.Future[Mapping[str, str | None]]) -> None:
        self._note(dict(future.result()))

    def _note(self, found: dict[str, str | None]) -> None:
        for name, wrong in found.items():
            before = self._failures.get(name)
            if wrong is not None and wrong != before:
                event(_LOG, logging.WARNING, "not-ready", check=name, reason=wrong)
            elif wrong is None and before is not None:
                event(_LOG, logging.INFO, "ready-again", check=name)
        self._failures = found
