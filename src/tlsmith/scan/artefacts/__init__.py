"""Keys, certificates and keystores that lie in a tree."""

from tlsmith.scan.artefacts.facts import Fact, facts_of
from tlsmith.scan.artefacts.inspect import asked, concerned, inspect
from tlsmith.scan.artefacts.joining import joined

__all__ = ["Fact", "asked", "concerned", "facts_of", "inspect", "joined"]
