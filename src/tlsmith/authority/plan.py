"""What a new CA is to be, checked before any key is made."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from tlsmith.core.constraints import NameConstraints
from tlsmith.core.keys import DEFAULT_KIND, KINDS
from tlsmith.core.profiles import CA_DAYS
from tlsmith.errors import ConfigError

_LONGEST_NAME = 40
_LONGEST_DAYS = 36_500


class PublicationURLs(NamedTuple):
    """Where a CA's state is read; an empty one is not written into certificates.

    Args:
        crl: of the folder of CRLs (cRLDistributionPoints).
        ocsp: of the OCSP responder (authorityInfoAccess).
        ca: of the folder of CA certificates (authorityInfoAccess, caIssuers).
    """

    crl: str = ""
    ocsp: str = ""
    ca: str = ""

    @classmethod
    def below(cls, base: str) -> PublicationURLs:
        """Return the three as `tlsmith serve --http` has them."""
        base = base.rstrip("/")
        return cls(f"{base}/crl", f"{base}/ocsp", f"{base}/ca") if base else cls()


class CAPlan(NamedTuple):
    """A root and an issuing intermediate to be made.

    Args:
        name: of the organisation or the CA; both common names begin with it.
        kind: of the intermediate's key, `root_kind` of the root's.
        path_length: how many CAs may stand below the root.
        shards: how many CRLs the certificates are spread over; 0 for one complete.
    """

    name: str
    kind: str = DEFAULT_KIND
    root_kind: str = DEFAULT_KIND
    days: int = CA_DAYS // 2
    root_days: int = CA_DAYS * 2
    path_length: int = 1
    name_constraints: NameConstraints | None = None
    urls: PublicationURLs = PublicationURLs()
    shards: int = 0

    def check(self) -> None:
        """Refuse a plan that makes no CA, every mistake at once.

        Raises:
            ConfigError: it has mistakes.
        """
        mistakes = [*self._mistakes(), *url_mistakes(self.urls)]
        if mistakes:
            raise ConfigError(
                "this CA cannot be made", mistakes=mistakes, hint="mend each of these"
            )

    def _mistakes(self) -> list[str]:
        found = []
        name = self.name.strip()
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            found.append(f"name: {self.name!r}: 1 to {_LONGEST_NAME} characters")
        for what, kind in (("key", self.kind), ("root key", self.root_kind)):
            if kind not in KINDS:
                found.append(f"{what}: {kind!r} is none of {', '.join(KINDS)}")
        for what, days in (("days", self.days), ("root days", self.root_days)):
            if not 1 <= days <= _LONGEST_DAYS:
                found.append(f"{what}: {days}: there may be 1 to {_LONGEST_DAYS}")
        if self.days > self.root_days:
            found.append(f"days: {self.days}: more than the root's {self.root_days}")
        if not 1 <= self.path_length <= 10:
            found.append(f"path length: {self.path_length}: there may be 1 to 10")
        if not 0 <= self.shards <= 4096:
            found.append(f"shards: {self.shards}: there may be 0 to 4096")
        return found


def url_mistakes(urls: PublicationURLs) -> list[str]:
    """Return what is wrong with addresses; they are read before TLS can be trusted."""
    found = []
    for what, url in zip(urls._fields, urls, strict=True):
        if not url:
            continue
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            found.append(
                f"{what} URL: {url!r}: must begin with http://: clients read it to "
                "check certificates, and would need a certificate to read it by https"
            )
        elif parts.query or parts.fragment or "@" in parts.netloc or not url.isascii():
            found.append(f"{what} URL: {url!r}: a plain ASCII address, without ? or @")
    return found
