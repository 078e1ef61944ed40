"""What a scan of the running machine finds: environment, configuration, processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tlsmith.scan.engine import Scan
from tlsmith.scan.examine import Examiner
from tlsmith.scan.rule import Rule
from tlsmith.scan.runtime.commands import Commands
from tlsmith.scan.runtime.environment import scan_environment
from tlsmith.scan.runtime.machine import Machine
from tlsmith.scan.runtime.places import scan_places
from tlsmith.scan.runtime.processes import Processes, scan_processes
from tlsmith.scan.runtime.variables import Variables


@dataclass(frozen=True)
class Look:
    """Where to look on a running machine, and by which rules.

    Args:
        rules: What to ask.
        largest: Bytes; larger files are left out.
        cache: A folder for compiled forms, or None.
        leaves_out: Says of a path whether the user leaves it out.
        root: What stands before the system's own paths; `/` but in tests.
    """

    rules: Sequence[Rule]
    largest: int = 1 << 20
    cache: str | None = None
    leaves_out: Callable[[str], bool] | None = None
    root: str = "/"

    def at_environment(self, environment: Mapping[str, str]) -> Scan:
        """Judge an environment, and what its owner's programs are configured with."""
        examiner = Examiner(self.rules, self.largest, self.cache)
        home = os.path.expanduser("~")
        machine = Machine(
            environment,
            home=home if os.path.isabs(home) else None,
            folder=_folder(),
            root=self.root,
        )
        done = scan_places(machine, examiner, self.largest, self.leaves_out)
        variables = Variables(self.rules, examiner)
        commands = Commands(examiner)
        for finding in scan_environment(machine, variables, commands):
            if self.leaves_out is None or not self.leaves_out(finding.path):
                done.findings.append(finding)
        done.beside["variables"] = len(environment)
        return done

    def at_processes(self) -> Scan:
        """Judge the environments and command lines of running processes."""
        examiner = Examiner(self.rules, self.largest, self.cache)
        processes = Processes(os.path.join(self.root, "proc"))
        found, looked_at = scan_processes(
            processes, Variables(self.rules, examiner), Commands(examiner)
        )
        done = Scan()
        done.findings += [
            one
            for one in found
            if self.leaves_out is None or not self.leaves_out(one.path)
        ]
        done.beside["processes"] = looked_at
        for closed in processes.closed:
            done.skipped.add(closed, "environment may not be read")
        return done


def _folder() -> str:
    """The folder at work; the topmost where that one is gone."""
    try:
        return os.getcwd()
    except OSError:
        return os.sep
