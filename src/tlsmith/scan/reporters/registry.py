"""Formats by name."""

from __future__ import annotations

from importlib import import_module

from tlsmith.scan.reporters.results import Results

FORMATS = (
    "human",
    "json",
    "sarif",
    "github",
    "gitlab",
    "junit",
    "markdown",
    "html",
)
"""Each is a file of this folder, with a function of its name."""


def report(form: str, results: Results) -> str:
    """The text of these results in a format, with a line break at its end."""
    module = import_module(f"tlsmith.scan.reporters.{form}")
    text: str = getattr(module, form)(results)
    return text
