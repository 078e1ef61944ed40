"""What anybody may read: CA certificates, chains and CRLs, by path."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from tlsmith.authority.chains import chain_to_root
from tlsmith.authority.crl_entries import KeptEntries
from tlsmith.authority.issuers import Issuers, crl_path
from tlsmith.authority.watch import StoreWatch
from tlsmith.errors import TLSmithError
from tlsmith.storage import Storage
from tlsmith.storage.authorities import ROOT, AuthorityRecord, further_certificates
from tlsmith.storage.moments import to_seconds
from tlsmith.storage.status import COMPLETE, DELTA, CRLRecord, crl_bytes, latest_crls

CERTIFICATE, PEM = "application/pkix-cert", "application/x-pem-file"
PKCS7, CRL = "application/pkcs7-mime; smime-type=certs-only", "application/pkix-crl"


class Document(NamedTuple):
    """Something to be read over plain HTTP.

    Args:
        last_modified: in seconds of Unix time.
        expires: until when a cache may keep it, or None where it must ask again.
        etag: a hash of the body, without quotes.
    """

    body: bytes
    content_type: str
    last_modified: int
    expires: int | None
    etag: str


class Publication:
    """The documents of a store, kept in memory while they are the latest.

    Args:
        kept: entries of CRLs that were read already.
        watch: of the store.
    """

    def __init__(
        self,
        storage: Storage,
        issuers: Issuers,
        kept: KeptEntries,
        watch: StoreWatch,
    ) -> None:
        self._storage = storage
        self._kept = kept
        self._watch = watch
        self._issuers = issuers
        self._lock = threading.Lock()
        self._certificates: dict[str, Document] | None = None
        self._generation = -1
        self._crls: dict[str, CRLRecord] = {}
        self._bodies: dict[str, tuple[CRLRecord, Document]] = {}
        self._looked_at = 0.0

    def document(self, path: str) -> Document | None:
        """Return what is at a path such as "crl/SLUG.crl" or "ca/SLUG.crt", or None.

        Raises:
            StorageError: it cannot be read.
        """
        path = path.strip("/")
        if path.startswith("crl/"):
            return self._crl(path.removeprefix("crl/"))
        if path.startswith("ca/"):
            return self._ca().get(path.removeprefix("ca/"))
        return None

    def kept(self, path: str) -> Document | None:
        """Return what was last read of a path, without a look at the store."""
        path = path.strip("/")
        if path.startswith("ca/"):
            return (self._certificates or {}).get(path.removeprefix("ca/"))
        found = self._bodies.get(path.removeprefix("crl/"))
        return None if found is None else found[1]

    def latest_kept(self, path: str) -> Document | None:
        """Return a CRL that is kept and, by a look a moment ago, the latest."""
        if time.monotonic() - self._looked_at >= self._watch.patience:
            return None
        path = path.strip("/").removeprefix("crl/")
        found = self._bodies.get(path)
        if found is None or found[0] != self._crls.get(path):
            return None
        return found[1]

    def paths(self) -> Iterator[str]:
        """Yield the path of every document there is."""
        self._look()
        yield from (f"crl/{path}" for path in sorted(self._crls))
        yield from (f"ca/{path}" for path in sorted(self._ca()))

    def crls(self) -> dict[str, CRLRecord]:
        """Return the latest CRLs by their path below crl/."""
        self._look()
        return dict(self._crls)

    def forget(self) -> None:
        """Look at the store anew: something changed in this process."""
        with self._lock:
            self._certificates = None
            self._looked_at = 0.0

    def _ca(self) -> dict[str, Document]:
        with self._lock:
            generation = self._issuers.generation
            if self._certificates is None or generation != self._generation:
                self._generation = generation
                self._certificates = dict(_ca_documents(self._storage, self._issuers))
            return self._certificates

    def _crl(self, path: str) -> Document | None:
        self._look()
        record = self._crls.get(path)
        if record is None:
            return None
        kept = self._bodies.get(path)
        if kept is not None and kept[0] == record:
            return kept[1]
        found = self._read(record)
        if found is None:  # a newer one has just taken its place
            self._looked_at = 0.0
            self._look()
            record = self._crls[path]
            found = self._read(record)
        if found is not None:
            self._bodies[path] = (record, found)
        return found

    def _read(self, record: CRLRecord) -> Document | None:
        entries: bytes | None = b""
        with self._storage.read() as connection:
            around = crl_bytes(connection, record)
            if record.parts:
                entries = self._kept.entries(connection, record)
        if around is None or entries is None:
            return None
        body = b"".join((around.before, entries, around.after))
        # Any moment there may be a newer one: whoever keeps it asks again, and is told
        # in a few bytes that it is still the latest. Its end has the signature, which
        # is over all of it.
        etag = _etag(around.after or body)
        return Document(body, CRL, to_seconds(record.this_update), None, etag)

    def _look(self) -> None:
        """See which CRLs are the latest, unless that was just done."""
        now = time.monotonic()
        if now - self._looked_at < self._watch.patience and self._looked_at:
            return
        try:
            self._watch.require()
            with self._storage.read() as connection:
                records = latest_crls(connection)
        except TLSmithError:
            if self._crls:
                return  # those that are known hold for a while
            raise
        slugs = {one.id: one.slug for one in self._issuers.records()}
        self._crls = {
            crl_path(slugs[one.authority_id], one.shard, delta=one.kind == DELTA): one
            for one in records
            if one.kind in (COMPLETE, DELTA) and one.authority_id in slugs
        }
        self._looked_at = now


def _ca_documents(storage: Storage, issuers: Issuers) -> Iterator[tuple[str, Document]]:
    from tlsmith.core.formats import encode_chain

    records = [one for one in issuers.records() if one.certificate is not None]
    with storage.read() as connection:
        further = further_certificates(connection)
    roots = []
    for record in records:
        assert record.certificate is not None  # noqa: S101 -- chosen above
        chain = chain_to_root(record, records)
        yield from _forms(record.slug, [record.certificate], record)
        yield from _forms(f"{record.slug}-chain", chain, record)
        others = [der for number, _, der in further if number == record.id]
        if others:
            yield from _forms(f"{record.slug}-others", others, record)
        if record.role == ROOT:
            roots.append(record)
    if roots:
        certificates = [one.certificate for one in roots if one.certificate]
        body = encode_chain(certificates)
        yield "roots.pem", _document(body, PEM, roots[-1])


def _forms(
    name: str, certificates: list[bytes], record: AuthorityRecord
) -> Iterator[tuple[str, Document]]:
    """Yield certificates as DER where it is one, PEM and PKCS #7."""
    from tlsmith.authority.chains import encode_pkcs7
    from tlsmith.core.formats import encode_chain

    if len(certificates) == 1:
        yield f"{name}.crt", _document(certificates[0], CERTIFICATE, record)
    yield f"{name}.pem", _document(encode_chain(certificates), PEM, record)
    yield f"{name}.p7c", _document(encode_pkcs7(certificates), PKCS7, record)


def _document(body: bytes, content_type: str, record: AuthorityRecord) -> Document:
    return Document(
        body, content_type, to_seconds(record.created_at), None, _etag(body)
    )


def _etag(body: bytes) -> str:
    return sha256(body).hexdigest()[:32]
