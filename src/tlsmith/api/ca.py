"""CAs for tests and scripts: in memory, theirs alone."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tlsmith.api import contexts
from tlsmith.api.ca_shape import (
    Wanted,
    check_order,
    intermediate_parameters,
    root_parameters,
)
from tlsmith.api.certificate import USUAL_PASSPHRASE, Certificate, as_bytes
from tlsmith.api.encoded import Encoded
from tlsmith.api.moments import in_utc, present, span
from tlsmith.api.revocation import RevocationReason, Revoked, check_reason, encode_crl
from tlsmith.core.csr import parse_request
from tlsmith.core.formats import (
    encode_chain,
    encode_java_truststore,
    load_private_key,
    split_pem,
)
from tlsmith.core.issuer import Issuer, check_names, self_issue
from tlsmith.core.keys import (
    DEFAULT_KIND,
    KINDS,
    KeyKind,
    generate_private_key,
    key_identifier,
    kind_of,
)
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import (
    BACKDATE,
    CertificateParameters,
    end_entity,
)
from tlsmith.core.subject import parse_subject
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.api.bad import BadCertificates
    from tlsmith.core.keys import PrivateKey, PublicKey


class CA:
    """A certificate authority in memory, which nothing trusts until told to.

    It may sign for every name unless `permit` says otherwise, and lasts from the year
    2000 to 2999, so that what it issues may have expired, or begin, at any time.

    Args:
        key: the kind of its key, and of those it makes for others.
        subject: such as "CN=Our CA,O=Acme"; by default one of its own.
        permit: domains ("test") and networks ("127.0.0.0/8"): its critical name
            constraints, and nothing outside them can be signed.
        path_length: how many CAs may stand below it in a chain; None for any number.
        now: the time it takes for the present, in place of the clock.

    Raises:
        InputError: one of these is not what it should be.
    """

    def __init__(
        self,
        *,
        key: KeyKind = "p256",
        subject: str | None = None,
        permit: Sequence[str] = (),
        path_length: int | None = None,
        now: datetime | None = None,
    ) -> None:
        private = generate_private_key(key)
        parameters = root_parameters(Wanted(subject, permit, path_length), private)
        self._begin((self_issue(parameters, private).der,), private, now)

    @classmethod
    def load(
        cls,
        certificate: bytes,
        key: bytes,
        *,
        passphrase: str | bytes | None = None,
        now: datetime | None = None,
    ) -> CA:
        """Return the CA of a certificate and a key that exist already.

        Args:
            certificate: PEM (of an intermediate: itself first, its root last) or DER.
            key: its private key, in PEM or DER.

        Raises:
            InputError: they cannot be read.
            KeyMismatchError: they do not belong together.
            NotACAError: the certificate is not a CA's.
        """
        chain = [
            data for label, data in split_pem(certificate) if label == "CERTIFICATE"
        ]
        secret = None if passphrase is None else as_bytes(passphrase)
        ca = cls.__new__(cls)
        ca._begin(chain or [bytes(certificate)], load_private_key(key, secret), now)
        return ca

    def _begin(
        self, path: Sequence[bytes], key: PrivateKey, now: datetime | None
    ) -> None:
        """Take a CA's certificates, its own first and the root last, and its key."""
        self._path = tuple(path)
        self.issuer = Issuer(path[0], key)
        check_order(self._path)
        self._key = key
        self._now = None if now is None else in_utc(now)
        self._revoked: dict[int, Revoked] = {}

    def __repr__(self) -> str:
        role = "root" if len(self._path) == 1 else "intermediate"
        return f"<CA, {role}, SHA-256 {self.certificate.fingerprint[:16]}>"

    @property
    def now(self) -> datetime:
        """What it takes for the present, in UTC."""
        return present() if self._now is None else self._now

    @property
    def certificate(self) -> Certificate:
        """Its own certificate, with its key and its chain."""
        return Certificate((self._path[0], *self._path[1:-1]), self._key)

    @property
    def pem(self) -> Encoded:
        """Its own certificate, PEM."""
        return self.certificate.pem

    @property
    def key_pem(self) -> Encoded:
        """Its private key, PKCS#8, PEM."""
        return self.certificate.key_pem

    @property
    def root_pem(self) -> Encoded:
        """The root's certificate, PEM: what clients are to trust."""
        return Encoded(encode_chain(self._path[-1:]))

    @property
    def crl_pem(self) -> Encoded:
        """The list of what it has revoked so far, PEM, of use for a week."""
        revoked = list(self._revoked.values())
        data = encode_crl(self.issuer.view, self._key, revoked, self.now)
        return Encoded(data)

    @property
    def bad(self) -> BadCertificates:
        """What clients must refuse: `ca.bad.expired()`, `ca.bad.wrong_host()`..."""
        from tlsmith.api.bad import BadCertificates

        return BadCertificates(self)

    def write_root(self, path: str | os.PathLike[str]) -> Path:
        """Write the root's certificate (PEM) to `path`, and return `path`.

        Raises:
            FileError: the folder is missing, full, or not ours to write.
        """
        return self.root_pem.write(path)

    def truststore(
        self, passphrase: str | bytes = USUAL_PASSPHRASE, *, legacy: bool = False
    ) -> Encoded:
        """Return a truststore with the root as Java reads it, in PKCS#12.

        Args:
            legacy: encrypted with 3DES and SHA-1, for Java before 8u301.
        """
        data = encode_java_truststore(
            self._path[-1:], as_bytes(passphrase), legacy=legacy
        )
        return Encoded(data, ending=".p12")

    def issue(
        self,
        *names: str,
        key: KeyKind | None = None,
        client: bool = False,
        subject: str | None = None,
        days: int | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Certificate:
        """Return a new certificate, with a new key, for a server.

        Args:
            names: DNS names, wildcards, IP addresses, e-mail addresses or URIs; none
                where there is a `subject` and the certificate is to have no other name.
            key: the kind of its key; by default that of the CA's own.
            client: for the authentication of clients as well.
            subject: such as "CN=alice,O=Acme"; by default the first DNS name.
            days: its validity; 199 by default, the most a public CA should give.
            not_before: its first second; by default an hour ago. A time without a zone
                is in UTC.
            not_after: its last second.

        Raises:
            InputError: a name, the kind of key or the subject is none.
            NameNotPermittedError: a name outside what the CA may sign for.
            ValidityError: a validity that is none, or outside the CA's own.
        """
        parsed = parse_names(names) if names or subject is None else ()
        private = generate_private_key(key or self.key_kind)
        parameters = end_entity(
            parsed,
            kind_of(private),
            self._span(days, not_before, not_after),
            client=client,
            subject=None if subject is None else parse_subject(subject, None),
        )
        return self.certify(parameters, private)

    def sign(
        self,
        request: bytes,
        *,
        client: bool = False,
        subject: str | None = None,
        days: int | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Certificate:
        """Return a certificate for the names and the key of a request (PEM or DER).

        The private key is not in it, and nothing but names and key is taken from the
        request. The other arguments are those of `issue`.

        Raises:
            InputError: it is no certification request.
            ProfileError: its signature, key or names are not acceptable.
            NameNotPermittedError, ValidityError: as for `issue`.
        """
        wanted = parse_request(request)
        parameters = end_entity(
            wanted.names,
            kind_of(wanted.public_key),
            self._span(days, not_before, not_after),
            client=client,
            subject=None if subject is None else parse_subject(subject, None),
        )
        return Certificate(self._signed(parameters, wanted.public_key), None)

    def intermediate(
        self,
        *,
        key: KeyKind | None = None,
        subject: str | None = None,
        permit: Sequence[str] = (),
        path_length: int | None = None,
    ) -> CA:
        """Return a new CA below this one; its certificates come with their chain.

        Args:
            path_length: by default one less than this one's.

        Raises:
            InputError: one of these is not what it should be.
            PathLengthError: no CA, or none of that path length, may stand below.
        """
        private = generate_private_key(key or self.key_kind)
        wanted = Wanted(subject, permit, path_length)
        parameters = intermediate_parameters(wanted, private, self.issuer.view)
        issued = self.issuer.issue(parameters, private.public_key())
        ca = CA.__new__(CA)
        ca._begin((issued.der, *self._path), private, self._now)
        return ca

    def revoke(
        self, certificate: Certificate, reason: RevocationReason = "unspecified"
    ) -> None:
        """Put a certificate on the CA's list; again does nothing.

        Contexts made with `check_revocation` from now on refuse it.

        Raises:
            InputError: another CA issued it, or there is no such reason.
        """
        check_reason(reason)
        view = view_certificate(certificate.der)
        own = self.issuer.view
        identifier = own.subject_key_identifier or key_identifier(own.public_key_info)
        if (view.issuer, view.authority_key_identifier) != (own.subject, identifier):
            raise InputError(
                f"{certificate!r} was issued by another CA",
                hint="revoke it where it was issued",
            )
        entry = Revoked(view.serial_number, self.now - BACKDATE, reason)
        # In one step: threads may revoke the same one.
        self._revoked.setdefault(view.serial_number, entry)

    def client_context(
        self, certificate: Certificate | None = None, *, check_revocation: bool = False
    ) -> ssl.SSLContext:
        """Return a new context for a client that trusts the root, and nothing else.

        Args:
            certificate: what the client presents to servers that ask.
            check_revocation: refuse what this CA has revoked by now.

        Raises:
            InputError: Python's OpenSSL cannot use the certificate's key.
        """
        context = contexts.client_context(self._path[-1])
        if certificate is not None:
            certificate.configure(context)
        if check_revocation:
            contexts.check_revocation(context, self.crl_pem)
        return context

    def trust(
        self, context: contexts.Context, *, check_revocation: bool = False
    ) -> None:
        """Have a context, Python's or pyOpenSSL's, trust the root as well.

        Args:
            check_revocation: refuse what this CA has revoked by now, and end entities
                of every other CA, since their lists are not there.

        Raises:
            InputError: it is no TLS context.
        """
        contexts.trust(context, self._path[-1])
        if check_revocation:
            contexts.check_revocation(context, self.crl_pem)

    def certify(
        self, parameters: CertificateParameters, key: PrivateKey
    ) -> Certificate:
        """Return a certificate that says what `parameters` of `core` say.

        Raises:
            NameNotPermittedError, PathLengthError, ValidityError: as `issue` has them.
        """
        return Certificate(self._signed(parameters, key.public_key()), key)

    def _signed(
        self, parameters: CertificateParameters, public_key: PublicKey
    ) -> tuple[bytes, ...]:
        """Return a new certificate with its chain, without the root."""
        for above in self._path[1:]:
            check_names(view_certificate(above).name_constraints, parameters.names)
        issued = self.issuer.issue(parameters, public_key)
        return (issued.der, *self._path[:-1])

    def _span(
        self,
        days: int | None,
        not_before: datetime | None,
        not_after: datetime | None,
    ) -> tuple[datetime, datetime]:
        return span(
            self.now,
            self.issuer.view,
            days=days,
            not_before=not_before,
            not_after=not_after,
        )

    @property
    def key_kind(self) -> str:
        """The kind of key it makes for others, where none is asked for."""
        kind = kind_of(self._key)
        return kind if kind in KINDS else DEFAULT_KIND
