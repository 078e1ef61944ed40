"""CAs of the store, loaded: certificate, key, and where their state is read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tlsmith.authority.chains import chain_without_root
from tlsmith.authority.request import limits_of
from tlsmith.core.extension_values import (
    Extension,
    authority_information_access,
    crl_distribution_points,
)
from tlsmith.core.issuer import Issuer
from tlsmith.errors import NotFoundError, SignerError, StorageError
from tlsmith.storage.authorities import (
    ACTIVE,
    INTERMEDIATE,
    AuthorityRecord,
    authorities,
    further_certificates,
)
from tlsmith.storage.base import Storage
from tlsmith.storage.certificates import UNLISTED

if TYPE_CHECKING:
    from tlsmith.core.signing import SigningKey

Passphrase = Callable[[], bytes | None]
# Seconds in which a CA that another process added, retired or revoked is seen.
_PATIENCE = 1.0


class LoadedIssuer:
    """A CA of the store that signs.

    Args:
        record: as the store has it.
        key: what signs for it.
        above: DER, what stands above its certificates: its own first, no root.
    """

    def __init__(
        self, record: AuthorityRecord, key: SigningKey, above: tuple[bytes, ...]
    ) -> None:
        assert record.certificate is not None  # noqa: S101 -- only active ones
        self.record = record
        self.above = above
        self.issuer = Issuer(record.certificate, key)
        self.limits = limits_of(self.issuer.view)
        self._pointers: dict[int, tuple[Extension, ...]] = {}

    @property
    def id(self) -> int:
        """Its number in the store."""
        return self.record.id

    def shard_of(self, serial_number: int) -> int:
        """Return the CRL shard of a certificate, 0 where there is one CRL alone."""
        return 1 + serial_number % self.record.shards if self.record.shards else 0

    def pointers(self, shard: int) -> tuple[Extension, ...]:
        """Return the extensions that say where a certificate's status is read.

        Args:
            shard: UNLISTED for one without a status: where its issuer is, alone.
        """
        found = self._pointers.get(shard)
        if found is None:
            found = self._pointers[shard] = pointers_of(self.record, shard)
        return found


def pointers_of(record: AuthorityRecord, shard: int = 0) -> tuple[Extension, ...]:
    """Return the extensions for a certificate that this CA signs."""
    found = []
    if record.crl_url and shard != UNLISTED:
        found.append(crl_distribution_points([crl_address(record, shard)]))
    # Where the key is offline, nobody can answer; its CRL tells all.
    answers = record.role == INTERMEDIATE or bool(record.signer)
    answers = answers and shard != UNLISTED
    ocsp = (record.ocsp_url,) if record.ocsp_url and answers else ()
    issuers = (f"{record.ca_url}/{record.slug}.crt",) if record.ca_url else ()
    if ocsp or issuers:
        found.append(authority_information_access(ocsp=ocsp, ca_issuers=issuers))
    return tuple(found)


def crl_address(record: AuthorityRecord, shard: int, *, delta: bool = False) -> str:
    """Return where a CRL of a CA is read."""
    return f"{record.crl_url}/{crl_path(record.slug, shard, delta=delta)}"


def crl_path(slug: str, shard: int, *, delta: bool = False) -> str:
    """Return the path of a CRL below the folder of CRLs."""
    name = f"{slug}/{shard}" if shard else slug
    return f"{name}-delta.crl" if delta else f"{name}.crl"


class Issuers:
    """The CAs of a store whose keys can be reached, opened once.

    Args:
        passphrase: gives the one that keys are encrypted with; asked at first use.
    """

    def __init__(self, storage: Storage, passphrase: Passphrase) -> None:
        self._storage = storage
        self.passphrase = passphrase
        self._loaded: dict[int, LoadedIssuer] = {}
        self._records: list[AuthorityRecord] | None = None
        self._further: list[tuple[int, str, bytes]] = []
        self._looked_at = 0.0
        self._generation = 0
        self._lock = threading.RLock()

    def records(self) -> list[AuthorityRecord]:
        """Return every CA of the store.

        Raises:
            StorageError: they were never read, and cannot be.
        """
        with self._lock:
            now = time.monotonic()
            if self._records is None or now - self._looked_at > _PATIENCE:
                self._look(now)
            assert self._records is not None  # noqa: S101 -- or looking has raised
            return self._records

    def further(self) -> list[tuple[int, str, bytes]]:
        """Return further certificates of CAs: whose, of what kind, and the DER."""
        self.records()
        return self._further

    @property
    def generation(self) -> int:
        """What changes whenever a CA does: to know when to make things anew."""
        self.records()
        return self._generation

    def _look(self, now: float) -> None:
        try:
            with self._storage.read() as connection:
                found = authorities(connection), further_certificates(connection)
        except StorageError:
            if self._records is None:
                raise
            return  # what is known is still the best there is
        self._looked_at = now
        if found == (self._records, self._further):
            return
        self._records, self._further = found
        self._generation += 1
        # To open a key takes a while: those of CAs that did not change stay open.
        self._loaded = {
            number: one
            for number, one in self._loaded.items()
            if one.record in found[0]
            and one.above == chain_without_root(one.record, found[0])
        }

    def forget(self) -> None:
        """Read the CAs anew when next asked: one was added or changed."""
        with self._lock:
            self._looked_at = 0.0

    def issuing(self, slug: str | None = None) -> LoadedIssuer:
        """Return the CA that issues: the latest, or the one that is named.

        Raises:
            NotFoundError: there is none.
            SignerError: its key cannot be reached.
        """
        able = [one for one in self.records() if is_issuing(one)]
        named = [one for one in able if slug is None or slug in (one.slug, one.name)]
        if not named:
            what = "no CA that issues" if slug is None else f"no issuing CA {slug!r}"
            raise NotFoundError(
                f"{what} in the store {self._storage.url}",
                hint="see which there are: tlsmith ca show --store URL",
            )
        return self.load(named[-1])

    def with_keys(self) -> list[AuthorityRecord]:
        """Return the CAs that can sign CRLs and OCSP answers here."""
        return [one for one in self.records() if one.signer and one.certificate]

    def by_id(self, number: int) -> LoadedIssuer:
        """Return a CA by its number in the store, loaded."""
        for record in self.records():
            if record.id == number:
                return self.load(record)
        raise NotFoundError(f"no CA number {number} in the store")

    def load(self, record: AuthorityRecord) -> LoadedIssuer:
        """Return a CA with its key opened.

        Raises:
            SignerError: its key is elsewhere, or cannot be reached.
        """
        with self._lock:
            loaded = self._loaded.get(record.id)
            if loaded is None:
                above = chain_without_root(record, self.records())
                loaded = LoadedIssuer(record, self._open(record), above)
                self._loaded[record.id] = loaded
            return loaded

    def _open(self, record: AuthorityRecord) -> SigningKey:
        from tlsmith.signers import needs_passphrase, open_signer

        if not record.signer:
            raise SignerError(
                f"the key of {record.name!r} is not here",
                key=record.slug,
                code="key-elsewhere",
                hint="it was made to be kept offline: sign where it is, and bring the "
                "answer with tlsmith ca import",
            )
        needed = needs_passphrase(record.signer)
        return open_signer(
            record.signer,
            passphrase=self.passphrase() if needed else None,
            material=record.material,
        )


def is_issuing(record: AuthorityRecord) -> bool:
    """Tell whether certificates are issued by this CA."""
    return (
        record.state == ACTIVE
        and bool(record.signer)
        and record.certificate is not None
    )
