"""`tlsmith ca init` with a store: an offline root, and a CA that issues."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tlsmith.cli.fingerprints import ca_lines
from tlsmith.cli.new_store import issuing_key, new_store
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.root_key import (
    constraints_of,
    new_root_place,
    refuse_existing,
    urls_of,
)
from tlsmith.cli.store import person, read_passphrase, store_url
from tlsmith.core.keys import DEFAULT_KIND, fingerprint, generate_private_key
from tlsmith.errors import InputError, StorageError

if TYPE_CHECKING:
    from tlsmith.authority.creation import CreatedCA
    from tlsmith.authority.interrupted import Beginning
    from tlsmith.authority.plan import CAPlan
    from tlsmith.storage import Storage


class InitOptions(NamedTuple):
    """What was typed; see the options of `ca init`."""

    name: str | None
    store: str | None
    root_key_file: str | None
    root_cert: str | None
    passphrase_file: str | None
    root_passphrase_file: str | None
    adopt: str | None
    adopt_passphrase_file: str | None
    kind: str | None
    root_kind: str | None
    signer: str
    path_length: int
    permit: tuple[str, ...]
    exclude: tuple[str, ...]
    days: int | None
    root_days: int | None
    base_url: str | None
    cdp: str | None
    ocsp: str | None
    aia: str | None
    crl_shards: int
    profiles: str | None
    as_json: bool

    @classmethod
    def of(cls, options: dict[str, Any]) -> InitOptions:
        """Return the options of a command."""
        return cls(**{name: options[name] for name in cls._fields})

    @property
    def policy(self) -> str:
        """The text of the profiles and policy to begin with, checked.

        Raises:
            ConfigError: it has mistakes; all are listed.
        """
        from tlsmith.authority.policy import load_policy
        from tlsmith.files import read_file

        text = read_file(self.profiles).decode() if self.profiles else ""
        load_policy(text)
        return text

    def passphrases(self) -> tuple[bytes, bytes]:
        """Return the passphrase of the issuing key, and that of the root's."""
        both = read_passphrase("the CA's key", self.passphrase_file, confirm=True)
        if not self.root_passphrase_file:
            return both, both
        return both, read_passphrase("the root's key", self.root_passphrase_file)


def init_store(options: InitOptions) -> None:
    """Make a CA in a store that has none; nothing is left half made.

    Raises:
        ConfigError: the plan has mistakes; all are listed.
        ConflictError: the store has a CA already.
    """
    from tlsmith.authority.creation import create_below, create_root, store_ca
    from tlsmith.authority.interrupted import (
        Beginning,
        forget_beginning,
        note_beginning,
    )

    plan = plan_of(options)
    plan.check()
    policy = options.policy
    url = store_url(options.store)
    place = new_root_place(options.root_key_file)
    passphrase, root_passphrase = options.passphrases()
    now = datetime.now(UTC)
    with new_store(url) as new:
        clear_root_place(place, new.earlier)
        root = create_root(plan, generate_private_key(plan.root_kind), now)
        data = root._replace(crl=None).encode(root_passphrase)
        digest = fingerprint(root.certificate)
        note_beginning(new.storage, Beginning(digest, options.signer))
        signer = issuing_key(options.signer, plan.kind, passphrase, new.earlier)
        created = create_below(plan, root, signer, now)
        with written_root(place, data) as write:

            def finish(transaction: Any) -> None:
                forget_beginning(transaction)
                write()

            store_ca(new.storage, created, policy, person(), now, finish)
            new.has_ca = True
        finish_init(new.storage, passphrase)
    report_init(created, place, url, options.as_json)


def plan_of(options: InitOptions) -> CAPlan:
    """Return the plan of a CA."""
    from tlsmith.authority.plan import CAPlan

    if not options.name:
        raise InputError(
            "the CA has no name", hint='give --name, such as --name "Acme"'
        )
    kind = options.kind or DEFAULT_KIND
    plan = CAPlan(
        options.name,
        kind=kind,
        root_kind=options.root_kind or kind,
        path_length=options.path_length,
        name_constraints=constraints_of(options.permit, options.exclude),
        urls=urls_of(options._asdict()),
        shards=options.crl_shards,
    )
    if options.root_days is not None:
        plan = plan._replace(root_days=options.root_days)
    if options.days is not None:
        plan = plan._replace(days=options.days)
    return plan


def clear_root_place(place: str, earlier: Beginning | None) -> None:
    """Have the place of a root's file free: of what a killed run left, alone.

    Raises:
        InputError: another file is there.
    """
    from tlsmith.files import finish_interrupted, read_file

    finish_interrupted(place)
    is_there = earlier is not None and os.path.isfile(place)
    if is_there and earlier is not None and earlier.left(read_file(place)):
        os.unlink(place)
    refuse_existing(place)


@contextlib.contextmanager
def written_root(place: str, data: bytes) -> Iterator[Any]:
    """Give what writes a root's file; it is taken back where the block fails.

    Not so where nobody knows whether the store has the CA.
    """
    from tlsmith.files import write_file

    def write() -> None:
        write_file(place, data, mode=0o600, exclusive=True)

    try:
        yield write
    except BaseException as error:
        unknown = isinstance(error, StorageError) and error.code == "commit-unknown"
        if not unknown and _holds(place, data):
            os.unlink(place)
        raise


def _holds(place: str, data: bytes) -> bool:
    from tlsmith.files import read_file

    return bool(data) and os.path.isfile(place) and read_file(place) == data


def finish_init(storage: Storage, passphrase: bytes) -> None:
    """Issue the first CRL, so that the CA is whole from the start."""
    from tlsmith.authority.service import Authority

    authority = Authority(storage, lambda: passphrase)
    authority.refresh_crls()
    authority.writer.close()


def report_init(created: CreatedCA, root_file: str, url: str, as_json: bool) -> None:
    """Say what was made, and what is to be done with the root's key."""
    from tlsmith.authority.records import authority_facts

    root, issuing = created.root, created.intermediate
    if as_json:
        facts = {
            "root": authority_facts(root),
            "intermediate": authority_facts(issuing),
            "root_key_file": root_file,
            "store": url,
        }
        emit_json(facts)
        return
    emit(
        "\n".join(
            [
                *ca_lines(root.name, root.certificate or b""),
                *ca_lines(issuing.name, issuing.certificate or b""),
                "",
                *carry_away_lines(root_file),
            ]
        )
    )
    if not issuing.crl_url:
        say(
            "\nno --base-url was given: certificates will not say where to ask whether "
            "they are revoked"
        )
    say(
        "\nNext, what every client is to trust, and the service:\n"
        f"  tlsmith ca export --root --store {url} > root.pem\n"
        f"  tlsmith serve --store {url}"
    )


def carry_away_lines(root_file: str) -> list[str]:
    """Return what is to be done with a root's key."""
    return [
        f"The root's key is in {root_file}, encrypted; the store has no copy.",
        "Carry it away now, to a place that is never on a network, and keep a",
        "second copy elsewhere. To check that a copy is whole and opens:",
        f"  tlsmith show {root_file} --passphrase-prompt",
    ]
