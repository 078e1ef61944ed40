"""`tlsmith ca init` with a store: an offline root, and a CA that issues."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.store import person, read_passphrase, store_url
from tlsmith.core.keys import DEFAULT_KIND, fingerprint, generate_private_key
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.authority.creation import CreatedCA
    from tlsmith.authority.plan import CAPlan
    from tlsmith.core.constraints import NameConstraints


class InitOptions(NamedTuple):
    """What was typed; see the options of `ca init`."""

    name: str | None
    store: str | None
    root_key_file: str | None
    passphrase_file: str | None
    root_passphrase_file: str | None
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


def init_store(options: InitOptions) -> None:
    """Make a CA in a store that has none; nothing is left half made.

    Raises:
        ConfigError: the plan has mistakes; all are listed.
        ConflictError: the store has a CA already.
    """
    from tlsmith.authority.creation import NewSigner, create_ca, store_ca
    from tlsmith.authority.policy import load_policy
    from tlsmith.files import NewFile, read_file, write_together
    from tlsmith.signers import create_key
    from tlsmith.storage import open_storage

    plan = plan_of(options)
    plan.check()
    text = read_file(options.profiles).decode() if options.profiles else ""
    load_policy(text)
    url = store_url(options.store)
    root_file = _new_root_file(options.root_key_file)
    passphrase = read_passphrase("the CA's key", options.passphrase_file, confirm=True)
    root_passphrase = passphrase
    if options.root_passphrase_file:
        root_passphrase = read_passphrase(
            "the root's key", options.root_passphrase_file
        )
    now = datetime.now(UTC)
    storage = open_storage(url, create=True)
    try:
        refuse_second_ca(storage)
        root_key = generate_private_key(plan.root_kind)
        made = create_key(options.signer, plan.kind, passphrase)
        signer = NewSigner(made.signer.uri, made.signer, made.material)
        created = create_ca(plan, root_key, signer, now)
        data = root_file_contents(created.root.certificate, root_key, root_passphrase)

        def keep_root() -> None:
            write_together([NewFile(root_file, data, secret=True)])

        store_ca(storage, created, text, person(), now, keep_root)
        finish_init(storage, passphrase)
    finally:
        storage.close()
    report_init(created, root_file, url, options.as_json)


def plan_of(options: InitOptions) -> CAPlan:
    """Return the plan of a CA."""
    from tlsmith.authority.plan import CAPlan, PublicationURLs

    if not options.name:
        raise InputError(
            "the CA has no name", hint='give --name, such as --name "Acme"'
        )
    urls = PublicationURLs.below(options.base_url or "")
    if options.cdp is not None:
        urls = urls._replace(crl=options.cdp.rstrip("/"))
    if options.ocsp is not None:
        urls = urls._replace(ocsp=options.ocsp)
    if options.aia is not None:
        urls = urls._replace(ca=options.aia.rstrip("/"))
    kind = options.kind or DEFAULT_KIND
    plan = CAPlan(
        options.name,
        kind=kind,
        root_kind=options.root_kind or kind,
        path_length=options.path_length,
        name_constraints=constraints_of(options.permit, options.exclude),
        urls=urls,
        shards=options.crl_shards,
    )
    if options.root_days is not None:
        plan = plan._replace(root_days=options.root_days)
    if options.days is not None:
        plan = plan._replace(days=options.days)
    return plan


def constraints_of(
    permit: tuple[str, ...], exclude: tuple[str, ...]
) -> NameConstraints | None:
    """Return name constraints of all four kinds from what was typed.

    Raises:
        InputError: something is no name space.
    """
    from tlsmith.core.constraints import NameConstraints
    from tlsmith.core.name_spaces import parse_name_space

    if not permit and not exclude:
        return None
    return NameConstraints(
        tuple(one for text in permit for one in parse_name_space(text)),
        tuple(one for text in exclude for one in parse_name_space(text)),
    )


def refuse_second_ca(storage: Any) -> None:
    """Refuse a store that has a CA, before any key is made."""
    from tlsmith.authority.creation import refuse_second

    with storage.read() as connection:
        refuse_second(connection, storage)


def finish_init(storage: Any, passphrase: bytes) -> None:
    """Issue the first CRL, so that the CA is whole from the start."""
    from tlsmith.authority.service import Authority

    authority = Authority(storage, lambda: passphrase)
    authority.refresh_crls()
    authority.writer.close()


def _new_root_file(path: str | None) -> str:
    if path is None:
        raise InputError(
            "where is the root's key to go?",
            hint="give --root-key-file FILE: a file to be carried away, as on a USB "
            "stick; this machine keeps no copy",
        )
    if os.path.exists(path):
        raise InputError(
            f"{path!r} is there already",
            code="file-exists",
            hint="name a new file: a root's key is never replaced",
        )
    return path


def root_file_contents(certificate: bytes | None, key: Any, passphrase: bytes) -> bytes:
    """Return the file that is carried away: the encrypted key, and its certificate."""
    from tlsmith.core.formats import encode_chain
    from tlsmith.signers import encrypt_key

    return encrypt_key(key, passphrase) + encode_chain([certificate or b""])


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
                f"The root's key is in {root_file}, encrypted; the store has no copy.",
                "Carry it away now, to a place that is never on a network, and keep a",
                "second copy elsewhere. To check that a copy is whole and opens:",
                f"  tlsmith show {root_file} --in-passphrase-prompt",
            ]
        )
    )
    if not issuing.crl_url:
        say(
            "\nno --base-url was given: certificates will not say where to ask whether "
            "they are revoked"
        )
    say(f"\nNext:\n  tlsmith serve --store {url}")


def ca_lines(name: str, certificate: bytes) -> list[str]:
    """Return lines about a CA's certificate, its fingerprint to be read aloud."""
    from tlsmith.core.view import view_certificate

    view = view_certificate(certificate)
    digits = fingerprint(certificate).upper()
    pairs = [digits[at : at + 2] for at in range(0, 64, 2)]
    return [
        name,
        f"  good until  {view.not_after:%Y-%m-%d}",
        f"  SHA-256     {':'.join(pairs[:16])}:",
        f"              {':'.join(pairs[16:])}",
    ]
