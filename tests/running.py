"""Running `tlsmith`: as people do, in a process of its own, or in ours where many."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tlsmith.cli import main

TLSMITH = str(Path(sys.executable).with_name("tlsmith"))


class Done(NamedTuple):
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """What it printed with --json."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error it printed with --json, on the last line."""
        error: dict[str, Any] = json.loads(self.err.splitlines()[-1])["error"]
        return error


def environment_of(home: Path, **more: str) -> dict[str, str]:
    """Return an environment with nothing of this machine but the way to its tools.

    Bytecode is cached, as it is where pip installs: without that, a start takes twice
    as long.
    """
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TLSMITH_HOME": str(home / "tlsmith"),
        "LC_ALL": "C.UTF-8",
        **more,
    }


def tlsmith(
    *words: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    typed: bytes = b"",
    timeout: float = 60,
    **more: Any,
) -> Done:
    """Run the real command, and return what came of it."""
    environment = dict(os.environ if environment is None else environment)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [TLSMITH, *words],
        cwd=folder,
        env=environment,
        input=typed,
        capture_output=True,
        timeout=timeout,
        check=False,
        **more,
    )
    err = done.stderr.decode("utf-8", "surrogateescape")
    assert "Traceback" not in err, err
    return Done(done.returncode, done.stdout.decode("utf-8", "surrogateescape"), err)


def tlsmith_here(*words: str, typed: bytes = b"") -> Done:
    """Run the command in this process: a fiftieth of the time, and coverage sees it."""
    out, err = _stream(), _stream()
    kept, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(typed))
    code: Any = None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main(words)
    except SystemExit as done:
        code = done.code
    finally:
        sys.stdin = kept
    assert isinstance(code, int)
    return Done(code, _written(out), _written(err))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8", "surrogateescape")
