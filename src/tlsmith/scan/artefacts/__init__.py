"""Keys, certificates and keystores that lie in a tree."""

from tlsmith.scan.artefacts.inspect import concerned, inspect

__all__ = ["concerned", "inspect"]
