"""Runners that fail, in the ways tools do."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tlsmith.truststores import Completed, SystemRunner
from tlsmith.truststores.firefox import FIREFOXES
from tlsmith.truststores.nss import CHROMIUMS

# What only looks may go on working.
_LOOKING = ("-L",)


@dataclass(frozen=True)
class WorldRunner(SystemRunner):
    """Finds a world's own tools before this machine's, and no browser of this machine.

    Args:
        tools: the folder they are in.
        browser: one that is found, whether it is here or not; it is never run.
    """

    tools: str = ""
    browser: str = ""

    def find(self, tool: str) -> str | None:
        if tool in (*CHROMIUMS, *FIREFOXES):
            return f"/usr/bin/{tool}" if tool == self.browser else None
        own = os.path.join(self.tools, tool)
        return own if os.access(own, os.X_OK) else super().find(tool)


@dataclass(frozen=True)
class FailingRunner(WorldRunner):
    """Runs nothing that changes anything and reports failure, or runs it first."""

    after: bool = False

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Completed:
        if any(word in command for word in _LOOKING):
            return super().run(command, environment, stdin)
        if self.after:
            super().run(command, environment, stdin)
        return Completed(1, "error: the tool is broken")

    def within(self, folder: str, lock: int) -> FailingRunner:
        return replace(self, scratch=folder, lock=lock)


class EmptyHandedRunner(SystemRunner):
    """Finds no tool but those that look."""

    def find(self, tool: str) -> str | None:
        return None
