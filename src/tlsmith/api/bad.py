"""Certificates that clients must refuse, each for one reason."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Literal, get_args

from tlsmith.api.ca import CA
from tlsmith.api.certificate import Certificate
from tlsmith.api.moments import span
from tlsmith.core.issuer import self_issue
from tlsmith.core.keys import generate_private_key, kind_of
from tlsmith.core.names import GeneralName, parse_names
from tlsmith.core.oid import CLIENT_AUTH, COMMON_NAME, SERVER_AUTH
from tlsmith.core.profiles import DAY, end_entity
from tlsmith.core.subject import distinguished_name
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

BadKind = Literal[
    "expired",
    "not_yet_valid",
    "wrong_host",
    "untrusted",
    "self_signed",
    "revoked",
    "missing_intermediate",
    "wrong_usage",
    "bad_signature",
    "common_name_only",
]
BAD_KINDS: tuple[BadKind, ...] = get_args(BadKind)
USUAL_HOSTS = ("localhost", "127.0.0.1", "::1")

# OpenSSL's X509_V_ERR numbers: Python has them as SSLCertVerificationError.verify_code.
_VERIFY_CODES: dict[BadKind, tuple[int, ...]] = {
    "expired": (10,),
    "not_yet_valid": (9,),
    "wrong_host": (62, 64),  # a host name, an address
    "untrusted": (20,),
    "self_signed": (18,),
    "revoked": (23,),
    "missing_intermediate": (20,),
    "wrong_usage": (26,),
    "bad_signature": (7,),
    "common_name_only": (62, 64),
}


class BadCertificate(Certificate):
    """A certificate that must be refused.

    Args:
        kind: one of `BAD_KINDS`.
        ca: whose root the client trusts that must refuse it.
    """

    def __init__(
        self, chain: Sequence[bytes], key: PrivateKey, kind: BadKind, ca: CA
    ) -> None:
        super().__init__(chain, key)
        self.kind: BadKind = kind
        self._ca = ca

    @property
    def verify_codes(self) -> tuple[int, ...]:
        """OpenSSL's numbers for the reason: one of them is `error.verify_code`."""
        return _VERIFY_CODES[self.kind]

    def client_context(self) -> ssl.SSLContext:
        """Return a new context that trusts the CA, and must refuse this certificate.

        It checks revocation where the certificate is revoked: by default Python, as
        most clients, does not.
        """
        return self._ca.client_context(check_revocation=self.kind == "revoked")


class BadCertificates:
    """What clients of a CA must refuse: `ca.bad.expired("localhost")` and its kin.

    The names are those of the host that the client asks for: `localhost`, `127.0.0.1`
    and `::1` by default. With `client=True` it is a client's certificate, which a
    server must refuse.
    """

    def __init__(self, ca: CA) -> None:
        self._ca = ca

    def __iter__(self) -> Iterator[BadCertificate]:
        """Yield one of each kind, for a server at `localhost`."""
        return (self.make(kind) for kind in BAD_KINDS)

    def make(self, kind: BadKind, *names: str, client: bool = False) -> BadCertificate:
        """Return a bad certificate of a kind of `BAD_KINDS`.

        Raises:
            InputError: there is no such kind, or a name is none.
            NameNotPermittedError, ValidityError: as `CA.issue` has them.
        """
        if kind not in BAD_KINDS:
            raise InputError(
                f"no kind of bad certificate is called {kind!r}",
                hint=f"choose from {', '.join(BAD_KINDS)}",
            )
        make: Callable[..., BadCertificate] = getattr(self, kind)
        return make(*names, client=client)

    def expired(self, *names: str, client: bool = False) -> BadCertificate:
        """Return one that expired a day ago."""
        not_after = self._ca.now - DAY
        return self._bad("expired", self._issue(names, client, not_after=not_after))

    def not_yet_valid(self, *names: str, client: bool = False) -> BadCertificate:
        """Return one whose validity begins tomorrow."""
        not_before = self._ca.now + DAY
        issued = self._issue(names, client, not_before=not_before)
        return self._bad("not_yet_valid", issued)

    def wrong_host(self, *names: str, client: bool = False) -> BadCertificate:
        """Return one for another host than the names, such as `wrong.host.localhost`.

        A wildcard that covers one label does not cover it either.
        """
        other = _other_host(parse_names(names or USUAL_HOSTS))
        return self._bad("wrong_host", self._ca.issue(other, client=client))

    def untrusted(self, *names: str, client: bool = False) -> BadCertificate:
        """Return one of a CA that the client knows nothing of."""
        issued = BadCertificates(CA(now=self._ca.now))._issue(names, client)
        return self._bad("untrusted", issued)

    def self_signed(self, *names: str, client: bool = False) -> BadCertificate:
        """Return one signed by its own key."""
        parsed = parse_names(names or USUAL_HOSTS)
        key = generate_private_key(self._ca.key_kind)
        times = span(self._ca.now, None)
        parameters = end_entity(parsed, kind_of(key), times, client=client)
        issued = Certificate((self_issue(parameters, key).der,), key)
        return self._bad("self_signed", issued)

    def revoked(self, *names: str, client: bool = False) -> BadCertificate:
        """Return one that is on the CA's list, for its key was compromised."""
        issued = self._issue(names, client)
        self._ca.revoke(issued, "keyCompromise")
        return self._bad("revoked", issued)

    def missing_intermediate(self, *names: str, client: bool = False) -> BadCertificate:
        """Return one without the intermediate that signed it."""
        below = BadCertificates(self._ca.intermediate())
        issued = below._issue(names, client)
        return self._bad("missing_intermediate", issued, chain=issued.chain[:1])

    def wrong_usage(self, *names: str, client: bool = False) -> BadCertificate:
        """Return one for clients alone, or, with `client`, for servers alone."""
        usage = SERVER_AUTH if client else CLIENT_AUTH
        parsed = parse_names(names or USUAL_HOSTS)
        return self._bad("wrong_usage", self._of_usage(parsed, usage))

    def bad_signature(self, *names: str, client: bool = False) -> BadCertificate:
        """Return one whose signature is not the issuer's, by one bit."""
        issued = self._issue(names, client)
        first, *rest = issued.chain
        altered = first[:-1] + bytes((first[-1] ^ 1,))
        return self._bad("bad_signature", issued, chain=(altered, *rest))

    def common_name_only(self, *names: str, client: bool = False) -> BadCertificate:
        """Return one with its host in the common name, and no subjectAltName."""
        host = parse_names(names or USUAL_HOSTS)[0].value
        usage = CLIENT_AUTH if client else SERVER_AUTH
        subject = distinguished_name((COMMON_NAME, host))
        return self._bad("common_name_only", self._of_usage((), usage, subject))

    def _issue(
        self,
        names: Sequence[str],
        client: bool,
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Certificate:
        return self._ca.issue(
            *(names or USUAL_HOSTS),
            client=client,
            not_before=not_before,
            not_after=not_after,
        )

    def _of_usage(
        self, names: Sequence[GeneralName], usage: str, subject: bytes | None = None
    ) -> Certificate:
        key = generate_private_key(self._ca.key_kind)
        parameters = end_entity(names, kind_of(key), self._span(), subject=subject)
        return self._ca.certify(parameters._replace(extended_key_usage=(usage,)), key)

    def _span(self) -> tuple[datetime, datetime]:
        return span(self._ca.now, self._ca.issuer.view)

    def _bad(
        self,
        kind: BadKind,
        issued: Certificate,
        *,
        chain: Sequence[bytes] | None = None,
    ) -> BadCertificate:
        chain = issued.chain if chain is None else chain
        return BadCertificate(chain, issued.private_key, kind, self._ca)


def _other_host(names: Sequence[GeneralName]) -> str:
    """Return a host that is none of `names`, and within reach of the same CAs.

    A CA with name constraints may sign what lies below a name that it may sign, and
    most often the address next to one.
    """
    for name in names:
        if name.kind == "dns":
            return f"wrong.host.{name.value.removeprefix('*.')}"
    taken = {name.value for name in names}
    for name in names:
        if name.kind == "ip":
            address = ipaddress.ip_address(name.value)
            near = (type(address)(int(address) ^ number) for number in count(1))
            return next(str(one) for one in near if str(one) not in taken)
    return "wrong.host.invalid"
