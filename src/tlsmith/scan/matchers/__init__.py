"""What a rule's `match` may ask for: one file a kind."""

from tlsmith.scan.matchers.registry import matches

__all__ = ["matches"]
