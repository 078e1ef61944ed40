"""OCSP responders: a certificate and its key, and the responses they sign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tlsmith.core import der, oid
from tlsmith.core.extension_values import ocsp_no_check
from tlsmith.core.keys import key_identifier
from tlsmith.core.ocsp.request import nonce_extension
from tlsmith.core.ocsp.response import SingleResponse
from tlsmith.core.profiles import DIGITAL_SIGNATURE, CertificateParameters
from tlsmith.core.signing import signing_key
from tlsmith.core.subject import distinguished_name
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import IssuanceError, KeyMismatchError

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey
    from tlsmith.core.signing import SigningKey

_SUCCESSFUL = der.encode(der.ENUMERATED, b"\0")
_BASIC = der.object_identifier(oid.OCSP_BASIC)


class OCSPResponder:
    """A responder's certificate together with its key (RFC 6960 section 4.2.2.2).

    Args:
        certificate: of a CA that answers for what it issued, or one that the CA issued
            for this; DER.
        chain: further certificates that clients need to get to the CA.

    Raises:
        KeyMismatchError: the key is not the certificate's.
        IssuanceError: the certificate is neither a CA's nor for signing OCSP responses.
    """

    def __init__(
        self,
        certificate: bytes,
        key: PrivateKey | SigningKey,
        *,
        chain: Sequence[bytes] = (),
    ) -> None:
        self.view = view_certificate(certificate)
        self.signing_key = signing_key(key)
        if self.signing_key.public_key_info != self.view.public_key_info:
            raise KeyMismatchError(
                "the OCSP responder's key does not belong to its certificate",
                hint="give the two that were made together",
            )
        if not self.view.is_ca and not _is_delegated(self.view):
            raise IssuanceError(
                "the certificate is not for signing OCSP responses",
                code="not-an-ocsp-signer",
                hint="give one whose extendedKeyUsage is OCSPSigning",
            )
        identifier = der.octet_string(key_identifier(self.view.public_key_info))
        self._by_key = der.context(2, identifier, constructed=True)
        # Who asks has the CA's own certificate already.
        shown = chain if self.view.is_ca else (certificate, *chain)
        certificates = der.context(0, der.sequence(*shown), constructed=True)
        self._certificates = certificates if shown else b""

    def sign(
        self,
        responses: Sequence[SingleResponse],
        produced_at: datetime,
        nonce: bytes | None = None,
    ) -> bytes:
        """Return a DER OCSPResponse.

        Args:
            nonce: of the request, where it has one.

        Raises:
            InputError: a response that contradicts itself.
        """
        data = der.sequence(
            self._by_key,
            der.generalized_time(produced_at),
            der.sequence(*(one.encode() for one in responses)),
            _extensions(nonce) if nonce is not None else b"",
        )
        basic = der.sequence(
            data,
            self.signing_key.algorithm,
            der.bit_string(self.signing_key.sign(data)),
            self._certificates,
        )
        answer = der.sequence(_BASIC, der.octet_string(basic))
        return der.sequence(_SUCCESSFUL, der.context(0, answer, constructed=True))


def responder_parameters(
    common_name: str, validity: tuple[datetime, datetime]
) -> CertificateParameters:
    """Return the parameters of a delegated responder's certificate.

    It cannot be revoked, since nobody asks about it: it is to live for weeks only
    (RFC 6960 section 4.2.2.2.1).

    Args:
        validity: first and last second, in UTC.
    """
    return CertificateParameters(
        distinguished_name((oid.COMMON_NAME, common_name)),
        (),
        *validity,
        DIGITAL_SIGNATURE,
        (oid.OCSP_SIGNING,),
        extensions=(ocsp_no_check(),),
    )


def _is_delegated(view: CertificateView) -> bool:
    found = view.extensions.get(der.object_identifier(oid.EXTENDED_KEY_USAGE))
    if found is None:
        return False
    usages = der.children(der.only(found[1], der.SEQUENCE).content)
    wanted = der.object_identifier(oid.OCSP_SIGNING)
    return any(usage.whole == wanted for usage in usages)


def _extensions(nonce: bytes) -> bytes:
    listing = der.sequence(nonce_extension(nonce))
    return der.context(1, listing, constructed=True)
