"""Configuration files read as trees of settings, whatever they are written in."""

from tlsmith.scan.config.node import ITEM, Document, Node
from tlsmith.scan.config.reading import documents

__all__ = ["ITEM", "Document", "Node", "documents"]
