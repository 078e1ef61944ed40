"""The two halves of `ca init` with an air gap: a root alone, and a request for it."""

from __future__ import annotations

from datetime import UTC, datetime
from shlex import quote

from tlsmith.cli.ca_init import InitOptions, carry_away_lines, plan_of
from tlsmith.cli.fingerprints import ca_lines, key_lines
from tlsmith.cli.new_store import issuing_key, new_store
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.root_key import new_root_place, refuse_existing
from tlsmith.cli.store import person, read_passphrase, store_url
from tlsmith.core.keys import fingerprint, generate_private_key
from tlsmith.errors import InputError


def init_root_only(options: InitOptions) -> None:
    """Make a root, its certificate and first CRL in one file, and nothing else.

    Raises:
        ConfigError: the plan has mistakes; all are listed.
        InputError: a file is there already.
    """
    from tlsmith.authority.creation import create_root
    from tlsmith.core.formats import encode_chain
    from tlsmith.files import NewFile, finish_interrupted, write_together

    if options.store:
        raise InputError(
            "a root that is made alone goes into no store",
            hint="leave out --store; for that there is tlsmith ca init --offline-root",
        )
    plan = plan_of(options)
    plan = plan._replace(days=min(plan.days, plan.root_days))
    plan.check()
    place = new_root_place(options.root_key_file)
    places = [one for one in (place, options.root_cert) if one]
    for one in places:
        finish_interrupted(one)
        refuse_existing(one)
    chosen = options.root_passphrase_file or options.passphrase_file
    passphrase = read_passphrase("the root's key", chosen, confirm=True)
    key = generate_private_key(plan.root_kind)
    root = create_root(plan, key, datetime.now(UTC))
    files = [NewFile(place, root.encode(passphrase), secret=True)]
    if options.root_cert:
        files.append(NewFile(options.root_cert, encode_chain([root.certificate])))
    write_together(files)
    if options.as_json:
        facts = {
            "root_key_file": place,
            "fingerprint_sha256": fingerprint(root.certificate),
        }
        emit_json(facts)
        return
    lines = ca_lines(f"{plan.name} Root CA", root.certificate)
    emit("\n".join([*lines, "", *carry_away_lines(place)]))
    say(
        "\nNext, where the CA is to work:\n"
        f"  tlsmith ca init --offline-root --name {quote(plan.name)} --store URL"
    )


def init_request(options: InitOptions) -> None:
    """Make an issuing key in a store, and a request that waits for its certificate.

    Raises:
        ConfigError: the plan has mistakes; all are listed.
        ConflictError: the store has a CA already.
    """
    from tlsmith.authority.interrupted import (
        Beginning,
        forget_beginning,
        note_beginning,
    )
    from tlsmith.authority.requests import store_request, waiting_record

    _refuse_root_options(options)
    plan = plan_of(options)
    plan.check()
    policy = options.policy
    url = store_url(options.store)
    passphrase, _ = options.passphrases()
    now = datetime.now(UTC)
    with new_store(url) as new:
        note_beginning(new.storage, Beginning("", options.signer))
        signer = issuing_key(options.signer, plan.kind, passphrase, new.earlier)
        record = waiting_record(plan, 1, signer, now)
        store_request(
            new.storage, record, person(), now, policy=policy, also=forget_beginning
        )
        new.has_ca = True
    if options.as_json:
        facts = {
            "slug": record.slug,
            "name": record.name,
            "key_sha256": fingerprint(record.public_key_info),
            "store": url,
        }
        emit_json(facts)
        return
    emit("\n".join([*key_lines(record.name, record.public_key_info), ""]))
    say(
        "It waits for its certificate. Carry the request to the root:\n"
        f"  tlsmith ca export --csr --store {url} > intermediate.csr\n"
        "There, with the root's file:\n"
        "  tlsmith ca sign-intermediate intermediate.csr --root-key-file root.key "
        "--out answer.pem\n"
        f"And back here:\n  tlsmith ca import answer.pem --store {url}"
    )


def _refuse_root_options(options: InitOptions) -> None:
    given = {
        "--root-key-file": options.root_key_file,
        "--root-cert": options.root_cert,
        "--root-days": options.root_days,
        "--root-key": options.root_kind,
        "--permit": options.permit,
        "--exclude": options.exclude,
        "--days": options.days,
    }
    wrong = [name for name, value in given.items() if value]
    if wrong:
        raise InputError(
            f"{', '.join(wrong)}: said where the root is, not with --offline-root",
            hint="give it to tlsmith ca init --root-only or tlsmith ca "
            "sign-intermediate, on the root's machine",
        )
