"""Issuers: a CA certificate with its key, and what they sign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from os import urandom
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core import der
from tlsmith.core.constraints import NameConstraints
from tlsmith.core.extensions import encode_extensions
from tlsmith.core.keys import key_identifier, public_key_info
from tlsmith.core.names import GeneralName
from tlsmith.core.profiles import CertificateParameters
from tlsmith.core.signing import signing_key
from tlsmith.core.subject import EMPTY, any_subject_for
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import (
    InputError,
    KeyMismatchError,
    NameNotPermittedError,
    NotACAError,
    PathLengthError,
    ValidityError,
)

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey, PublicKey
    from tlsmith.core.signing import SigningKey

_VERSION_3 = der.context(0, der.integer(2), constructed=True)


class IssuedCertificate(NamedTuple):
    """A certificate just signed.

    Args:
        der: the whole certificate.
        not_before: first second of its validity.
        not_after: last second of its validity.
    """

    der: bytes
    serial_number: int
    not_before: datetime
    not_after: datetime


class Issuer:
    """A CA certificate together with the key that signs for it.

    Args:
        certificate: the CA's own, DER.
        key: a private key, or what signs with one that lies elsewhere.

    Raises:
        NotACAError: the certificate is not a CA's, or may not sign certificates.
        KeyMismatchError: the key is not the certificate's.
    """

    def __init__(self, certificate: bytes, key: PrivateKey | SigningKey) -> None:
        self.view = view_certificate(certificate)
        if not self.view.is_ca or not self.view.may_sign_certificates:
            raise NotACAError(
                "the issuer's certificate is not a CA's",
                hint="give the certificate of a CA, and the key that belongs to it",
            )
        self.signing_key = signing_key(key)
        if self.signing_key.public_key_info != self.view.public_key_info:
            raise KeyMismatchError(
                "the issuer's key does not belong to its certificate",
                hint="give the two that were made together",
            )
        self.name_constraints = self.view.name_constraints
        identifier = self.view.subject_key_identifier or key_identifier(
            self.view.public_key_info
        )
        self.authority_key_identifier = identifier

    @property
    def certificate(self) -> bytes:
        """The issuer's own certificate, DER."""
        return self.view.der

    def issue(
        self,
        parameters: CertificateParameters,
        public_key: PublicKey | bytes,
        *,
        serial_number: int | None = None,
    ) -> IssuedCertificate:
        """Sign a certificate for `public_key`.

        Args:
            public_key: or its DER SubjectPublicKeyInfo.
            serial_number: by default a random one.

        Raises:
            InputError: the serial number is not one of RFC 5280 4.1.2.2, or the
                parameters contradict each other.
            NameNotPermittedError: names lie outside the issuer's name constraints.
            PathLengthError: a CA below an issuer that may have none.
            ValidityError: it would be valid before its issuer is, or longer.
        """
        check_names(self.name_constraints, parameters.names)
        _check_path_length(self.view, parameters)
        _check_validity(self.view, parameters)
        info = public_key
        if not isinstance(info, bytes):
            info = public_key_info(info)
        return _signed(
            parameters,
            info,
            serial_number=serial_number,
            issuer=self.view.subject,
            authority_key_identifier=self.authority_key_identifier,
            key=self.signing_key,
        )


def self_issue(
    parameters: CertificateParameters, key: PrivateKey | SigningKey
) -> IssuedCertificate:
    """Sign a certificate with its own key: a root, or a self-signed end entity.

    Where the subject is empty it gets one, since it is the issuer as well, and that
    must not be empty (RFC 5280 4.1.2.4).
    """
    if parameters.subject == EMPTY:
        parameters = parameters._replace(subject=any_subject_for(parameters.names))
    own = signing_key(key)
    return _signed(
        parameters,
        own.public_key_info,
        issuer=parameters.subject,
        authority_key_identifier=key_identifier(own.public_key_info),
        key=own,
    )


def random_serial_number() -> int:
    """Return 159 random bits: positive, and 20 octets at most (RFC 5280 4.1.2.2)."""
    return int.from_bytes(urandom(20)) >> 1 or 1


def check_names(
    constraints: NameConstraints | None, names: Sequence[GeneralName]
) -> None:
    """Refuse names outside name constraints, all of them named.

    Raises:
        NameNotPermittedError: names lie outside.
    """
    if constraints is None:
        return
    outside = [
        name.value for name in names if not constraints.permits(name.kind, name.host)
    ]
    if outside:
        raise NameNotPermittedError(
            f"outside the CA's name constraints: {', '.join(outside)}", names=outside
        )


def _check_path_length(
    issuer: CertificateView, parameters: CertificateParameters
) -> None:
    if not parameters.is_ca or issuer.path_length is None:
        return
    wanted = parameters.path_length
    if wanted is None or wanted >= issuer.path_length:
        raise PathLengthError(
            f"the issuer allows {issuer.path_length} CAs below it",
            hint="set a shorter path length, or sign with a CA further up",
        )


def _check_validity(issuer: CertificateView, parameters: CertificateParameters) -> None:
    if not (
        issuer.not_before <= parameters.not_before
        and parameters.not_before <= parameters.not_after <= issuer.not_after
    ):
        raise ValidityError(
            f"a validity from {_moment(parameters.not_before)} until "
            f"{_moment(parameters.not_after)}, and its issuer's is from "
            f"{_moment(issuer.not_before)} until {_moment(issuer.not_after)}",
            hint="ask for fewer days, within the issuer's own",
        )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


@lru_cache(maxsize=64)
def _issuer_and_validity(
    issuer: bytes, not_before: datetime, not_after: datetime
) -> bytes:
    return issuer + der.sequence(der.time(not_before), der.time(not_after))


def _signed(
    parameters: CertificateParameters,
    info: bytes,
    *,
    issuer: bytes,
    authority_key_identifier: bytes,
    key: SigningKey,
    serial_number: int | None = None,
) -> IssuedCertificate:
    if serial_number is None:
        serial_number = random_serial_number()
    elif not 0 < serial_number < 1 << 159:
        raise InputError(
            f"the serial number {serial_number} is not positive, or over 20 octets"
        )
    tbs = der.sequence(
        _VERSION_3,
        der.integer(serial_number),
        key.algorithm,
        _issuer_and_validity(issuer, parameters.not_before, parameters.not_after),
        parameters.subject,
        info,
        encode_extensions(parameters, key_identifier(info), authority_key_identifier),
    )
    whole = der.sequence(tbs, key.algorithm, der.bit_string(key.sign(tbs)))
    return IssuedCertificate(
        whole, serial_number, parameters.not_before, parameters.not_after
    )
