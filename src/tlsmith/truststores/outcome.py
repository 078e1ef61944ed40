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
    # Root's own stores are others: it would not help with what is in a person's home.
    at_home = not store.machine_wide and store.host.is_at_home(store.place)
    helps = isinstance(error, PrivilegeError) and not at_home
    state: State = "needs-root" if helps else "failed"
    hint = error.hint
    if isinstance(error, PrivilegeError) and at_home:
        hint = hint or "it is in your home, and another account's: chown gives it back"
    return [
        Outcome(
            store.name,
            store.place,
            fingerprint,
            state,
            message=error.message,
            hint=hint,
            code=error.code,
        )
        for fingerprint in [root.fingerprint for root in roots] or [""]
    ]


def absent(name: str, root: Root) -> Outcome:
    """Return the outcome for a store that is not on this machine."""
    return Outcome(name, "", root.fingerprint, "absent", message="not on this machine")
