"""Keys whose private half the world has seen: test suites, examples, standards."""

from __future__ import annotations

from tlsmith.core.seen_keys.lookup import is_seen

__all__ = ["is_seen"]
