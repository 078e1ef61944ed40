"""The command line: one file per command or group of commands."""

from tlsmith.cli.entry import main

__all__ = ["main"]
