"""Find a command, run it, and say what went wrong."""

import errno
import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from tlsmith.cli.commands import PLACES, overview
from tlsmith.cli.entry import CLEAN, FAILURE, USAGE
from tlsmith.errors import ConfigError, InputError, ProfileError, TLSmithError

_USAGE_ERRORS = (InputError, ProfileError, ConfigError)
# Refused by the rules of certificates, for what was typed.
_USAGE_CODES = ("bad-days",)
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 88}


class _Commands(click.Group):
    """Every command of the table, imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in PLACES:
            return None
        module, _, name = PLACES[cmd_name].partition(":")
        command: click.Command = getattr(
            importlib.import_module(f"tlsmith.cli.{module}"), name
        )
        return command

    def get_help(self, ctx: click.Context) -> str:
        return overview().rstrip("\n")


tlsmith = _Commands(name="tlsmith", context_settings=CONTEXT)


def run(words: Sequence[str]) -> int:
    """Run the command `words` name and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    output = sys.stdout
    try:
        code: Any = tlsmith.main(
            args=list(words), prog_name="tlsmith", standalone_mode=False
        )
    except click.ClickException as error:
        _report_usage(error, words)
        return USAGE
    except click.Abort:
        _report(TLSmithError("interrupted", code="interrupted"), words)
        return FAILURE
    except TLSmithError as error:
        _report(error, words)
        return _exit_code(error)
    except SystemExit:
        # How click ends when the reader of our output has left: it calls that a
        # failure, and puts something quiet in the place of the stream.
        if sys.stdout is not output:
            raise BrokenPipeError from None
        raise
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:
        if _is_of_a_stream(error):
            raise
        if os.environ.get("TLSMITH_DEBUG"):
            raise
        _report(_unexpected(error), words)
        return FAILURE
    return code if isinstance(code, int) else CLEAN


def _exit_code(error: TLSmithError) -> int:
    typed = isinstance(error, _USAGE_ERRORS) or error.code in _USAGE_CODES
    return USAGE if typed else FAILURE


def _is_of_a_stream(error: Exception) -> bool:
    """Tell whether click could not print: errors of files name them."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
    return isinstance(error, OSError) and error.filename is None and error.errno in full


def _unexpected(error: Exception) -> TLSmithError:
    if isinstance(error, MemoryError):
        return TLSmithError(
            "there is not enough memory",
            code="out-of-memory",
            hint="end other programs, raise the limit, or give a smaller file",
        )
    # The message of an unforeseen error may quote its input, which may be a key: only
    # the kind of error is shown.
    return TLSmithError(
        f"this should not have happened: {type(error).__name__}",
        code="internal",
        hint="set TLSMITH_DEBUG=1, run it again, and report what it prints",
    )


def _report(error: TLSmithError, words: Sequence[str]) -> None:
    if "--json" in words:
        facts: dict[str, Any] = {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
        }
        reasons = getattr(error, "reasons", None) or getattr(error, "mistakes", None)
        if reasons:
            facts["reasons"] = list(reasons)
        sys.stderr.write(json.dumps({"error": facts}, ensure_ascii=False) + "\n")
        return
    lines = [f"tlsmith: {error.message}"]
    for reason in getattr(error, "reasons", ()) or getattr(error, "mistakes", ()):
        if reason != error.message:  # the only one
            lines.append(f"  - {reason}")
    if error.hint:
        lines.append(f"hint: {error.hint}")
    sys.stderr.write("\n".join(lines) + "\n")


def _report_usage(error: click.ClickException, words: Sequence[str]) -> None:
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    context = error.ctx if isinstance(error, click.UsageError) else None
    # click does not always say where it was.
    place = " ".join(["tlsmith", *(word for word in words[:1] if word in PLACES)])
    hint = f"see `{context.command_path if context else place} --help`"
    _report(InputError(message, code="usage", hint=hint), words)
