"""Each form and its reader."""

from __future__ import annotations

from tlsmith.scan.config.braces import read_braces
from tlsmith.scan.config.flow import read_flow
from tlsmith.scan.config.node import Document, Node
from tlsmith.scan.config.sections import read_sections
from tlsmith.scan.config.xml import read_xml
from tlsmith.scan.config.yaml import read_yaml


def read(text: str, start: int, end: int, name: str, form: str) -> list[Document]:
    """The documents of a stretch of text."""
    if form == "yaml":
        return read_yaml(text, start, end, name)
    if form == "json":
        root = Node("", start, start, None)
        read_flow(text, start, end, root)
        return [Document(name, form, root)]
    if form == "xml":
        return [read_xml(text, start, end, name)]
    if form in ("toml", "ini", "properties", "lines"):
        return [read_sections(text, start, end, name, form)]
    return [read_braces(text, start, end, name, form)]
