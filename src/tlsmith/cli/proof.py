"""Have every client on the machine say whether it accepts the local CA."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tlsmith.cli.output import warn
from tlsmith.errors import TLSmithError
from tlsmith.truststores import Host, Outcome
from tlsmith.truststores.registry import STORES

if TYPE_CHECKING:
    from tlsmith.local import LocalAuthority

_FAMILIES = {store.name: store.family for store in STORES}


def proof_facts(
    authority: LocalAuthority, now: datetime, host: Host, stores: Iterable[Outcome]
) -> list[dict[str, Any]] | None:
    """Return what each client made of it; None, with a warning, where none was asked.

    Args:
        now: in UTC.
        stores: what is in every store of this machine.
    """
    from tlsmith.local.proof import Surroundings, clients_here, prove

    issuer = authority.issuer()
    around = Surroundings(authority.root, host.environment, _trusted(stores))
    try:
        with _signals_heard_once():
            clients = clients_here(host)
            proofs = prove(issuer, now, around, clients, progress=_progress)
    except TLSmithError as error:
        # The stores are worth telling all the same.
        warn(f"no proof could be had: {error.message}")
        return None
    return [asdict(proof) | {"good": proof.is_good} for proof in proofs]


@contextlib.contextmanager
def _signals_heard_once() -> Iterator[None]:
    """Have whatever ends us interrupt us, once: what follows must end the clients."""
    numbers = [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)]

    def interrupt(_number: int, _frame: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    try:
        # What is ignored stays so: a program in the background, or below nohup.
        before = {n: signal.getsignal(n) for n in numbers}
        for number, handler in before.items():
            if handler != signal.SIG_IGN:
                signal.signal(number, interrupt)
    except ValueError:  # not in the main thread, which alone hears signals
        before = {}
    try:
        yield
    except KeyboardInterrupt:
        before = {}  # we are about to end: one more signal is to change nothing
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _trusted(stores: Iterable[Outcome]) -> dict[str, bool]:
    """Return by family, and by place, whether a store has the root."""
    found: dict[str, bool] = {}
    for one in stores:
        is_in = one.state == "trusted"
        family = _FAMILIES.get(one.store, one.store)
        found[family] = found.get(family, False) or is_in
        found[one.place] = is_in
    return found


def _progress(done: int, all_: int) -> None:
    """Tell a person at a terminal how far it is."""
    if not sys.stderr.isatty():
        return
    end = "\r" + " " * 40 + "\r" if done == all_ else ""
    sys.stderr.write(f"\rasking clients: {done} of {all_}{end}")
    sys.stderr.flush()
