"""`tlsmith ca init --adopt`: a CA that another tool made goes on here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tlsmith.cli.ca_init import (
    InitOptions,
    carry_away_lines,
    clear_root_place,
    finish_init,
    plan_of,
    written_root,
)
from tlsmith.cli.fingerprints import ca_lines
from tlsmith.cli.new_store import new_store
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.store import person, read_passphrase, store_url
from tlsmith.core.keys import fingerprint
from tlsmith.errors import PassphraseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tlsmith.authority.adoption_store import Adoption
    from tlsmith.authority.plan import CAPlan

# Whatever is adopted has a name of its own.
_ANY_NAME = "adopted"


def init_adopted(options: InitOptions) -> None:
    """Take over a CA: its roots, its keys, what it issued and what it revoked.

    Raises:
        InputError: there is no CA, or nothing of it can issue here.
        ConflictError: the store has a CA already.
    """
    from tlsmith.authority.adopting import Wishes, succeed
    from tlsmith.authority.adoption import read_ca
    from tlsmith.authority.adoption_store import Adopter
    from tlsmith.authority.interrupted import (
        Beginning,
        forget_beginning,
        note_beginning,
    )

    assert options.adopt is not None  # noqa: S101 -- this is what was asked for
    plan = _plan(options)
    policy = options.policy
    url = store_url(options.store)
    now = datetime.now(UTC)
    try:
        adopted = read_ca(options.adopt, passphrase=_ask(options), now=now)
    except PassphraseError as error:
        raise PassphraseError(
            error.message,
            code=error.code,
            hint="give it with --adopt-passphrase-file FILE; a damaged file looks "
            "the same",
        ) from error
    passphrase, root_passphrase = options.passphrases()
    place = options.root_key_file
    with new_store(url) as new:
        if place is not None:
            clear_root_place(place, new.earlier)
        digest = fingerprint(adopted.certificates[0].certificate)
        note_beginning(new.storage, Beginning(digest, options.signer))
        succession = succeed(adopted, Wishes(plan, options.signer, passphrase), now)
        root = succession.root
        data = b""
        if place is not None and root is not None:
            data = root.encode(root_passphrase)
        adopter = Adopter(adopted, succession, policy, (person(), now), _progress)
        with written_root(place or "", data) as write:

            def finish(transaction: Any) -> None:
                forget_beginning(transaction)
                if data:
                    write()

            adoption = adopter.store(new.storage, finish)
            new.has_ca = True
        finish_init(new.storage, passphrase)
    _report(adoption, place if data else None, options)
    if place is not None and not data:
        say(f"\nNothing was written to {place}: no key of a root can be kept apart.")
    if root is not None and not data:
        source = adopted.certificates[0].source
        say(
            f"\nThe root's key stays where it was, with {source}; no copy was made. "
            "Carry it away\nfrom here, or adopt with --root-key-file FILE."
        )


def _plan(options: InitOptions) -> CAPlan:
    """Return the plan for what is new; its name may be left to the CA there is."""
    plan = plan_of(options._replace(name=options.name or _ANY_NAME))
    plan.check()
    return plan if options.name else plan._replace(name="")


def _ask(options: InitOptions) -> Callable[[str], bytes]:
    def ask(what: str) -> bytes:
        chosen = options.adopt_passphrase_file or options.passphrase_file
        return read_passphrase(what, chosen)

    return ask


def _progress(number: int) -> None:
    say(f"{number:,} certificates taken")


def _report(adoption: Adoption, place: str | None, options: InitOptions) -> None:
    from tlsmith.authority.records import authority_facts

    counted = adoption.counted
    if options.as_json:
        facts = {
            "authorities": [authority_facts(one) for one in adoption.records],
            "certificates": counted.taken,
            "revoked": counted.revoked,
            "left_out": counted.foreign + counted.refused,
            "notes": list(adoption.notes),
            "root_key_file": place,
        }
        emit_json(facts)
        return
    lines = []
    for one in adoption.records:
        lines += ca_lines(one.name, one.certificate or b"")
        lines.append(f"  key         {_where(one.signer)}")
    lines.append(
        f"\n{counted.taken:,} certificates taken, {counted.revoked:,} of them revoked"
    )
    if place is not None:
        lines += ["", *carry_away_lines(place)]
    emit("\n".join(lines))
    if adoption.notes:
        say("\nWhat to know:")
        for note in adoption.notes:
            say(f"- {note}")


def _where(signer: str) -> str:
    return signer.partition("?")[0] or "not here"
