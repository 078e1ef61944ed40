"""Putting an adopted CA into a store: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from tlsmith.authority.actor import Actor
from tlsmith.authority.adopted_certificates import CertificateSorter, Issuer, Sorted
from tlsmith.authority.adopting import Succession, issuing_states
from tlsmith.authority.adoption import AdoptedCA
from tlsmith.authority.creation import creation_act, refuse_second
from tlsmith.authority.records import reason_name
from tlsmith.authority.requests import CROSS_SIGNED
from tlsmith.authority.root_crl import keep_root_crl, sign_root_crl
from tlsmith.core.crl import RevokedEntry
from tlsmith.core.keys import fingerprint
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError, NotCRLSignerError
from tlsmith.storage import Storage, Transaction
from tlsmith.storage.audit import Act, append
from tlsmith.storage.authorities import (
    AuthorityRecord,
    add_certificate,
    insert_authority,
)
from tlsmith.storage.certificates import insert_certificate
from tlsmith.storage.settings import add_policy
from tlsmith.storage.status import raise_crl_number

_BATCH = 5_000


class Adoption(NamedTuple):
    """What came into the store.

    Args:
        notes: what a person should know, in words.
    """

    records: tuple[AuthorityRecord, ...]
    counted: Sorted
    notes: tuple[str, ...]


class Adopter:
    """One CA on its way into a store.

    Args:
        policy: the text of the profiles and policy to begin with.
        progress: told how many certificates were taken so far.
    """

    def __init__(
        self,
        adopted: AdoptedCA,
        succession: Succession,
        policy: str,
        by: tuple[Actor, datetime],
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._adopted = adopted
        self._succession = succession
        self._policy = policy
        self._actor, self._now = by
        self._progress = progress
        self._notes = [*adopted.notes, *succession.notes]
        self._root_entries: list[RevokedEntry] = []

    def store(
        self,
        storage: Storage,
        before_commit: Callable[[Transaction], None] = lambda _: None,
    ) -> Adoption:
        """Put everything in.

        Raises:
            ConflictError: the store has a CA already.
        """
        with storage.write() as transaction:
            refuse_second(transaction, storage)
            records = self._put_authorities(transaction)
            add_policy(transaction, self._policy, self._now)
            counted = self._put_certificates(transaction, records)
            self._go_on_with_crls(transaction, records)
            self._note(transaction, records, counted)
            before_commit(transaction)
        self._notes += counted.notes()
        return Adoption(tuple(records), counted, tuple(dict.fromkeys(self._notes)))

    def _put_authorities(self, transaction: Transaction) -> list[AuthorityRecord]:
        kept: list[AuthorityRecord] = []
        heirs = self._succession.heirs
        for heir, record in zip(heirs, issuing_states(heirs), strict=True):
            parent = kept[heir.parent].id if heir.parent is not None else None
            put = record._replace(parent_id=parent)
            kept.append(put._replace(id=insert_authority(transaction, put)))
        for index, certificate in self._succession.certificates:
            digest = bytes.fromhex(fingerprint(certificate))
            number = kept[index].id
            add_certificate(transaction, number, CROSS_SIGNED, digest, certificate)
        return kept

    def _issuing(self, records: list[AuthorityRecord]) -> AuthorityRecord:
        """Return the CA that the records of the adopted one are of."""
        info = view_certificate(self._adopted.issuing.certificate).public_key_info
        return next(one for one in records if one.public_key_info == info)

    def _put_certificates(
        self, transaction: Transaction, records: list[AuthorityRecord]
    ) -> Sorted:
        issuers = [
            Issuer(one.id, view_certificate(one.certificate or b"")) for one in records
        ]
        last = self._issuing(records).id
        sorter = CertificateSorter(
            issuers,
            next(one for one in issuers if one.id == last),
            f"adopted:{self._adopted.kind}",
            self._now,
        )
        offline = {one.id for one in records if not one.signer}
        for one, row in sorter.rows(self._adopted.issued):
            insert_certificate(transaction, row)
            if row.authority_id in offline and row.revocation is not None:
                _, moment, reason = row.revocation
                self._root_entries.append(
                    RevokedEntry(
                        row.serial_number,
                        moment,
                        reason_name(reason),
                        one.invalidity_date,
                    )
                )
            if sorter.counted.taken % _BATCH == 0:
                transaction.flush()
                self._progress(sorter.counted.taken)
        transaction.flush()
        return sorter.counted

    def _go_on_with_crls(
        self, transaction: Transaction, records: list[AuthorityRecord]
    ) -> None:
        issuing = self._issuing(records)
        number = self._adopted.crl_number or 0
        if number:
            raise_crl_number(transaction, issuing.id, 0, number)
        root = self._succession.root
        if root is not None:
            info = root.issuer.view.public_key_info
            record = next(one for one in records if one.public_key_info == info)
            before = number if record.id == issuing.id else 0
            try:
                crl = sign_root_crl(
                    root.issuer, before + 1, self._root_entries, self._now
                )
            except NotCRLSignerError:
                self._notes.append(
                    f"{record.name!r} may not sign CRLs (keyUsage): there is none of it"
                )
            else:
                keep_root_crl(transaction, record.id, crl)
        elif not issuing.signer and self._adopted.crl is not None:
            try:
                keep_root_crl(transaction, issuing.id, self._adopted.crl)
            except InputError as error:
                self._notes.append(f"its last CRL was left out: {error.message}")

    def _note(
        self, transaction: Transaction, records: list[AuthorityRecord], counted: Sorted
    ) -> None:
        for one in records:
            append(transaction, creation_act(one, self._actor), self._now)
        detail: dict[str, object] = {
            "kind": self._adopted.kind,
            "certificates": counted.taken,
            "revoked": counted.revoked,
        }
        act = Act(
            self._actor.name,
            "ca.adopt",
            records[-1].slug,
            detail,
            self._actor.request_id,
        )
        append(transaction, act, self._now)
