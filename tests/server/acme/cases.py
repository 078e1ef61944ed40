"""Cases of the torture suite: what is sent, and the one right answer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from acme_account import Account
from acme_wire import Answer

Send = Callable[[Account], Answer]


class Case(NamedTuple):
    """A request, and what must be answered.

    Attributes:
        section: of RFC 8555, or of the document that is named.
        type: of the problem; None where it is none.
    """

    name: str
    section: str
    status: int
    type: str | None
    send: Send

    def check(self, account: Account) -> Answer:
        """Send it from an account of its own, and judge the answer."""
        answer = self.send(account)
        got = answer.status, answer.type
        assert got == (self.status, self.type), f"section {self.section}: {answer}"
        return answer


class Cases(list[Case]):
    """The cases of a file."""

    def of(
        self, section: str, status: int, type: str | None = None
    ) -> Callable[[Send], Send]:
        """Take a function as a case of its name."""

        def take(send: Send) -> Send:
            self.add(send.__name__, section, status, type, send)
            return send

        return take

    def each(
        self,
        values: Mapping[str, Any],
        section: str,
        status: int,
        type: str | None,
        send: Callable[[Account, Any], Answer],
    ) -> None:
        """Take one case a value, which `send` gets beside the account."""
        for name, value in values.items():
            self.add(name, section, status, type, functools.partial(_sent, send, value))

    def add(
        self, name: str, section: str, status: int, type: str | None, send: Send
    ) -> None:
        """Take one case; names are unique, so that a report says which it was."""
        assert name not in self.ids, name
        self.append(Case(name, section, status, type, send))

    @property
    def ids(self) -> list[str]:
        return [case.name for case in self]


def _sent(
    send: Callable[[Account, Any], Answer], value: Any, account: Account
) -> Answer:
    return send(account, value)


def new_order(account: Account, payload: Any = None, **bend: Any) -> Answer:
    """Send a request for an order that would be right, were it not for `bend`."""
    payload = ORDER if payload is None else payload
    return account.post(account.wire.url("newOrder"), payload, **bend)


ORDER = {"identifiers": [{"type": "dns", "value": "torture.test"}]}
