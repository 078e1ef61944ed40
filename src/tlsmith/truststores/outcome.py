"""What became of one root in one store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tlsmith.errors import PrivilegeError, TLSmithError
from tlsmith.truststores.base import Root, TrustStore

State = Literal["trusted", "not-trusted", "absent", "needs-root", "failed"]


@dataclass(frozen=True)
class Outcome:
    """One root in one store, as it is now.

    Args:
        store: its name, as `--store` has it.
        place: the file or folder it is; empty where it is not on this machine.
        fingerprint: of the root; empty where the journal that knows it is not ours.
        state: "absent" says that there is no such store here.
        changed: whether the store was changed, or by a plan would be.
        code: of the error, where there was one.
    """

    store: str
    place: str
    fingerprint: str
    state: State
    changed: bool = False
    message: str = ""
    hint: str | None = None
    code: str | None = None

    @property
    def is_failure(self) -> bool:
        return self.state in ("needs-root", "failed")


def outcome(
    store: TrustStore,
    root: Root,
    state: State,
    message: str = "",
    *,
    changed: bool = False,
) -> Outcome:
    """Return the outcome for a root in a store."""
    return Outcome(store.name, store.place, root.fingerprint, state, changed, message)


def failures(
    store: TrustStore, roots: Sequence[Root], error: TLSmithError
) -> list[Outcome]:
    """Return the outcomes where an error stopped us: one for each root, or for none."""
    state: State = "needs-root" if isinstance(error, PrivilegeError) else "failed"
    return [
        Outcome(
            store.name,
            store.place,
            fingerprint,
            state,
            message=error.message,
            hint=error.hint,
            code=error.code,
        )
        for fingerprint in [root.fingerprint for root in roots] or [""]
    ]


def absent(name: str, root: Root) -> Outcome:
    """Return the outcome for a store that is not on this machine."""
    return Outcome(name, "", root.fingerprint, "absent", message="not on this machine")
