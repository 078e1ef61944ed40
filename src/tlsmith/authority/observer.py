"""Who is told of what an authority does."""

from __future__ import annotations


class Observer:
    """What is told of everything that happens; this one lets it pass."""

    def committed(self, number: int) -> None:
        """A commit made so many acts durable."""

    def issued(self, profile: str) -> None:
        """A certificate was issued."""

    def revoked(self, reason: str) -> None:
        """A certificate was revoked."""

    def signer_failed(self, code: str) -> None:
        """A CA's key could not be reached, or would not sign."""
