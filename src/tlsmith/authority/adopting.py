"""Going on with a CA that another tool made: which of its parts does what here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from tlsmith.authority.adoption import AdoptedAuthority, AdoptedCA
from tlsmith.authority.creation import NewSigner
from tlsmith.authority.intermediates import (
    Terms,
    ca_name,
    issue_intermediate,
    next_issuing_name,
)
from tlsmith.authority.plan import CAPlan
from tlsmith.authority.records import common_name, new_record
from tlsmith.authority.root_file import RootFile
from tlsmith.core.formats import encode_private_key
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import InputError
from tlsmith.storage.authorities import (
    INTERMEDIATE,
    RETIRED,
    ROOT,
    AuthorityRecord,
)


class Wishes(NamedTuple):
    """How a CA is to go on here.

    Args:
        plan: for what is new: name, kinds, days, addresses, shards.
        signer: where its issuing key goes.
        passphrase: what keys in the store are encrypted with.
    """

    plan: CAPlan
    signer: str
    passphrase: bytes


class Heir(NamedTuple):
    """A CA as it goes on here.

    Args:
        record: its parent is told by `parent`, the index of another heir.
        root_file: where its key is to be carried away, and not kept here.
    """

    record: AuthorityRecord
    parent: int | None
    root_file: RootFile | None = None


class Succession(NamedTuple):
    """All CAs of an adopted one, issuers first, and what a person should know.

    Args:
        certificates: further ones of a CA that is among them: (index, DER).
        root: with its key, where that was there and the key does not issue.
    """

    heirs: tuple[Heir, ...]
    certificates: tuple[tuple[int, bytes], ...]
    root: RootFile | None
    notes: tuple[str, ...]


def succeed(adopted: AdoptedCA, wishes: Wishes, now: datetime) -> Succession:
    """Return how a CA goes on; keys that issue are brought to the signer.

    An intermediate with a key issues on. Where there is only a root with its key, a new
    issuing CA is made below it; a root that allows none below (path length 0, as
    mkcert makes them) has to issue itself.

    Raises:
        InputError: nothing of it can issue here.
        SignerError, PassphraseError: the key cannot be brought there.
    """
    succession = _Succession(wishes, now)
    for one in adopted.certificates:
        succession.add(one)
    if not succession.issues:
        succession.make_issuer()
    return succession.result()


class _Succession:
    """The heirs of one CA, while they are found."""

    def __init__(self, wishes: Wishes, now: datetime) -> None:
        self._wishes = wishes
        self._now = now
        self._heirs: list[Heir] = []
        self._views: list[CertificateView] = []
        self._certificates: list[tuple[int, bytes]] = []
        self._root: RootFile | None = None
        self._notes: list[str] = []
        self.issues = False

    def result(self) -> Succession:
        return Succession(
            tuple(self._heirs),
            tuple(self._certificates),
            self._root,
            tuple(self._notes),
        )

    def add(self, one: AdoptedAuthority) -> None:
        """Have a CA go on here, with its key where it is one that issues."""
        view = view_certificate(one.certificate)
        for index, other in enumerate(self._views):
            if other.public_key_info == view.public_key_info:
                self._certificates.append((index, one.certificate))
                return
        role = ROOT if one.role == "root" else INTERMEDIATE
        record = new_record(
            one.certificate, common_name(view), role, self._wishes.plan.urls, self._now
        )
        heir = Heir(record, self._parent_of(view))
        if role == ROOT and one.private_key is not None:
            self._root = RootFile(one.certificate, one.private_key)
        elif one.private_key is not None and self._can_issue(record.name, view):
            heir = heir._replace(record=self._with_key(record, one))
        self._put(heir, view)

    def _put(self, heir: Heir, view: CertificateView) -> None:
        self._heirs.append(heir)
        self._views.append(view)

    def _parent_of(self, view: CertificateView) -> int | None:
        """Return the index of its issuer among the heirs: by name, then by its key."""
        named = [
            index
            for index, other in enumerate(self._views)
            if other.subject == view.issuer
        ]
        wanted = view.authority_key_identifier
        fitting = [
            index
            for index in named
            if wanted is None or self._views[index].subject_key_identifier == wanted
        ]
        return next(iter(fitting or named), None)

    def _can_issue(self, name: str, view: CertificateView) -> bool:
        if view.not_after <= self._now:
            self._notes.append(f"{name!r} has expired: its key was left where it is")
            return False
        if not view.may_sign_crls:
            self._notes.append(
                f"{name!r} may not sign CRLs (keyUsage), so that nothing it issues "
                "could be revoked: its key was left where it is"
            )
            return False
        return True

    def _with_key(
        self, record: AuthorityRecord, one: AdoptedAuthority
    ) -> AuthorityRecord:
        """Return the record of a CA that issues, its key brought to the signer."""
        from tlsmith.signers import import_key

        assert one.private_key is not None  # noqa: S101 -- whoever calls has looked
        # One file holds one key: what issued before the last goes into the store.
        uri = self._wishes.signer if not self.issues else "store:"
        made = import_key(
            uri, encode_private_key(one.private_key), self._wishes.passphrase
        )
        self.issues = True
        return record._replace(
            signer=made.signer.uri,
            material=made.material,
            shards=self._wishes.plan.shards,
        )

    def make_issuer(self) -> None:
        """Have something issue where no intermediate does: a new one, or the root."""
        root = self._root
        if root is None:
            raise InputError(
                "nothing of this CA can issue here: no key of a CA in force is there",
                code="no-issuing-key",
                hint="bring its key; or have its root sign a new issuing CA: tlsmith "
                "ca init --offline-root",
            )
        view = view_certificate(root.certificate)
        index = next(
            at
            for at, one in enumerate(self._views)
            if one.public_key_info == view.public_key_info
        )
        name = self._heirs[index].record.name
        if view.not_after <= self._now:
            raise InputError(
                f"the root {name!r} expired {view.not_after:%Y-%m-%d}",
                code="issuer-expired",
                hint="make a new one: tlsmith ca init",
            )
        if view.path_length == 0:
            self._have_root_issue(index, root)
        else:
            self._issue_below(index, root)

    def _have_root_issue(self, index: int, root: RootFile) -> None:
        record = self._heirs[index].record
        if not root.issuer.view.may_sign_crls:
            record = record._replace(crl_url="")
            self._notes.append(
                f"{record.name!r} may not sign CRLs (keyUsage): what it issues is "
                "revoked by OCSP alone"
            )
        one = AdoptedAuthority(root.certificate, root.key, "root", "")
        self._heirs[index] = Heir(self._with_key(record, one), None)
        self._root = None
        self._notes.append(
            f"{record.name!r} allows no CA below it (path length 0): it issues itself, "
            "so that its key is with this CA and cannot be kept offline; a new root is "
            "safer, once clients trust it"
        )

    def _issue_below(self, index: int, root: RootFile) -> None:
        from tlsmith.signers import create_key

        plan = self._wishes.plan
        records = [one.record for one in self._heirs]
        wanted = plan.name or records[index].name
        organisation, number = next_issuing_name(wanted, records)
        made = create_key(self._wishes.signer, plan.kind, self._wishes.passphrase)
        signer = NewSigner(made.signer.uri, made.signer, made.material)
        role = f"Issuing CA {number}"
        certificate = issue_intermediate(
            root.issuer,
            signer.key.public_key_info,
            ca_name(organisation, role),
            Terms(plan.days, None, plan.name_constraints, plan.urls),
            self._now,
        )
        name = f"{organisation} {role}"
        record = new_record(certificate, name, INTERMEDIATE, plan.urls, self._now)
        record = record._replace(
            signer=signer.uri, material=signer.material, shards=plan.shards
        )
        self._put(Heir(record, index), view_certificate(certificate))
        self.issues = True
        self._notes.append(
            f"a new issuing CA was made below {records[index].name!r}, whose key can "
            "go offline now; what the root itself issued is known here, and revoked "
            "by its own CRL: tlsmith ca sign-crl"
        )


def issuing_states(heirs: Sequence[Heir]) -> list[AuthorityRecord]:
    """Return the records, those with a key but not the last of them retired."""
    able = [at for at, one in enumerate(heirs) if one.record.signer]
    return [
        one.record._replace(state=RETIRED)
        if one.record.signer and at != able[-1]
        else one.record
        for at, one in enumerate(heirs)
    ]
