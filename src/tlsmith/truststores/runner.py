"""Run the stores' own tools: no shell, no terminal, an end in time."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO

from tlsmith.errors import ToolMissingError, TrustStoreError
from tlsmith.truststores.base import Completed, Host

DEADLINE = 120.0  # seconds; refreshing a system's store takes one or two
# update-ca-certificates and its like are there, and not on an ordinary user's PATH.
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
# Which they need themselves, whatever ours is.
_PATH_OF_TOOLS = (*_SYSTEM_FOLDERS, "/usr/local/bin", "/usr/bin", "/bin")
# What these say is read by us; and they can change what a tool does.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "LANGUAGE": ""}
_DROPPED = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")


@dataclass(frozen=True)
class SystemRunner:
    """Runs commands of this machine.

    Args:
        scratch: where they keep temporary files; None for the system's place.
        lock: descriptor that they inherit; None for none.
        deadline: seconds that one command may take.
    """

    scratch: str | None = None
    lock: int | None = None
    deadline: float = DEADLINE

    def find(self, tool: str) -> str | None:
        """Return where a tool is: on PATH, or among the administrator's."""
        path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS))
        return shutil.which(tool, path=path)

    def within(self, folder: str, lock: int) -> SystemRunner:
        """Return a runner whose commands use `folder` and hold on to `lock`."""
        return replace(self, scratch=folder, lock=lock)

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Completed:
        """Run a command to its end, without a terminal.

        Its output goes to files, which have no name: were it a pipe, the command would
        die of writing to it after we were killed, with a store half changed.

        Raises:
            ToolMissingError: there is no such command.
            TrustStoreError: it did not end in time, and was ended.
        """
        with contextlib.ExitStack() as stack:
            given, out, err = (
                stack.enter_context(tempfile.TemporaryFile(dir=self.scratch))
                for _ in range(3)
            )
            given.write(stdin)
            given.seek(0)
            code = self._wait(
                command, self._surroundings(environment), (given, out, err)
            )
            out.seek(0)
            err.seek(0)
            stdout, stderr = out.read(), err.read()
            text = (stdout + stderr).decode(errors="replace")
            return Completed(code, text, stdout)

    def _surroundings(self, environment: Mapping[str, str] | None) -> dict[str, str]:
        ours = {k: v for k, v in os.environ.items() if k not in _DROPPED}
        if os.name != "nt":
            path = os.environ.get("PATH", os.defpath).split(os.pathsep)
            ours["PATH"] = os.pathsep.join(dict.fromkeys((*path, *_PATH_OF_TOOLS)))
        if self.scratch is not None:
            ours["TMPDIR"] = self.scratch
        return ours | _ENVIRONMENT | dict(environment or {})

    def _wait(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        streams: tuple[IO[bytes], IO[bytes], IO[bytes]],
    ) -> int:
        try:
            # A session of its own has no terminal: a tool that would ask a question
            # there gives up instead of waiting for an answer.
            process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=streams[0],
                stdout=streams[1],
                stderr=streams[2],
                start_new_session=True,
                # Windows hands on no descriptors.
                pass_fds=(
                    () if self.lock is None or sys.platform == "win32" else (self.lock,)
                ),
            )
        except OSError as error:
            raise ToolMissingError(
                f"cannot run {command[0]!r}: {(error.strerror or '').lower()}",
                store=os.path.basename(command[0]),
            ) from error
        try:
            _wait_for_end(process, self.deadline)
            return process.wait(0)
        except subprocess.TimeoutExpired as error:
            raise TrustStoreError(
                f"{command[0]!r} did not end within {self.deadline:g} seconds",
                store=os.path.basename(command[0]),
                code="tool-deadline",
            ) from error
        finally:
            _end(process)


def _wait_for_end(process: subprocess.Popen[bytes], deadline: float) -> None:
    """Wait for the end of a command, or for as long as it may take.

    Python would look for it every 50 ms, which is a third of what a quick tool takes.
    """
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, an old one, or a sandbox
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(deadline)
        return
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            selector.select(deadline)
    finally:
        os.close(descriptor)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command and everything it started, if it is still running."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def current_host() -> Host:
    """Return this machine and person."""
    environment = dict(os.environ)
    home = os.path.abspath(os.path.expanduser("~"))
    return Host(SystemRunner(), home, environment=environment)
