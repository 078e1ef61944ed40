"""Findings as text: one file a format. Findings in, text out."""

from tlsmith.scan.reporters.registry import FORMATS, report
from tlsmith.scan.reporters.results import Results

__all__ = ["FORMATS", "Results", "report"]
