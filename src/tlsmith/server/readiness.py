"""Readiness: what the service depends on, asked regularly and told at once."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

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
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self.is_stopping = False

    async def run(self) -> None:
        """Check, again and again, until cancelled."""
        pending: asyncio.Future[Mapping[str, str | None]] | None = None
        while True:
            if pending is None:
                loop = asyncio.get_running_loop()
                pending = loop.run_in_executor(self._executor, self._checks)
            done, _ = await asyncio.wait([pending], timeout=LONGEST)
            if done:
                self._take(pending)
                pending = None
                await asyncio.sleep(EVERY)
            else:
                self._note({"checks": f"no answer within {LONGEST:.0f} seconds"})

    async def check(self) -> None:
        """Check once, now."""
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._executor, self._checks)
        await asyncio.wait([future])
        self._take(future)

    def close(self) -> None:
        """Let go of the thread."""
        self._executor.shutdown(wait=False, cancel_futures=True)

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

    def _take(self, future: asyncio.Future[Mapping[str, str | None]]) -> None:
        error = future.exception()
        if error is not None:
            self._note({"checks": str(error) or type(error).__name__})
        else:
            self._note(dict(future.result()))

    def _note(self, found: dict[str, str | None]) -> None:
        for name, wrong in found.items():
            before = self._failures.get(name)
            if wrong is not None and wrong != before:
                event(_LOG, logging.WARNING, "not-ready", check=name, reason=wrong)
            elif wrong is None and before is not None:
                event(_LOG, logging.INFO, "ready-again", check=name)
        self._failures = found
