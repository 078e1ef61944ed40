"""Lengths of time as people type them: see `core.durations`."""

from tlsmith.core.durations import parse_duration

__all__ = ["parse_duration"]
