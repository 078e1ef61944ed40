"""Requests of one turn of the event loop, whose nonces are used up at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from tlsmith.errors import StorageError
from tlsmith.server.acme.turn import Turn
from tlsmith.storage.acme.nonces import Nonces, Use, Used


class Came(NamedTuple):
    use: Use


class Listed(Nonces):
    """Nonces of which those that are listed are good, once."""

    def __init__(self, *good: str) -> None:
        self.good = [*good]
        self.batches: list[int] = []

    def give(self) -> str:
        return "given"

    def use(self, nonce: str) -> bool:
        if nonce in self.good:
            self.good.remove(nonce)
            return True
        return False

    def use_and_read(self, uses: Sequence[Use]) -> list[Used]:
        self.batches.append(len(uses))
        if any(one.nonce == "away" for one in uses):
            raise StorageError("the store does not answer")
        return super().use_and_read(uses)

    def close(self) -> None:
        pass


def told(nonces: Listed, *turns: Sequence[str]) -> list[tuple[int, object]]:
    """Return what each request was told, those of a turn having come together."""
    found: list[tuple[int, object]] = []

    async def main() -> None:
        turn: Turn[int, Came] = Turn(
            nonces,
            lambda number, _, used: found.append((number, used.is_good)),
            lambda number, error: found.append((number, str(error))),
        )
        for asked in turns:
            for number, nonce in enumerate(asked):
                turn.take(number, Came(Use(nonce)))
            await asyncio.sleep(0)

    asyncio.run(main())
    return found


def test_those_of_a_turn_share_an_exchange() -> None:
    nonces = Listed("a", "b", "c")
    found = told(nonces, ["a", "x", "b"], ["a", "c"])
    assert found == [(0, True), (1, False), (2, True), (0, False), (1, True)]
    assert nonces.batches == [3, 2]


def test_all_of_them_are_told_that_the_store_is_away() -> None:
    away = "the store does not answer"
    found = told(Listed("a", "b"), ["a", "away"], ["b"])
    assert found == [(0, away), (1, away), (0, True)]
