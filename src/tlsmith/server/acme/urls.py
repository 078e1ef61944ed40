"""Where everything is, as the client knows this server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from tlsmith.acme import problems
from tlsmith.authority.acme.ids import may_be_id
from tlsmith.server.acme.reply import link

PREFIX = "/acme"
_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


class URLs:
    """The URLs of one server.

    Args:
        base: such as "https://ca.example.com:8443".
    """

    def __init__(self, base: str) -> None:
        self.base = base
        at = base + PREFIX
        self.directory = f"{at}/directory"
        self.new_nonce = f"{at}/new-nonce"
        self.new_account = f"{at}/new-account"
        self.new_order = f"{at}/new-order"
        self.new_authz = f"{at}/new-authz"
        self.revoke_cert = f"{at}/revoke-cert"
        self.key_change = f"{at}/key-change"
        self.renewal_info = f"{at}/renewal-info"
        # The line that every response but the directory has (RFC 8555 section 7.1).
        self.index = b"%b: %b\r\n" % link(self.directory, "index")
        self._at = at
        self._accounts = f"{at}/account/"

    def account(self, account_id: str) -> str:
        """Return where an account is: its `kid`."""
        return self._accounts + account_id

    def account_id(self, url: str) -> str | None:
        """Return the id of the account that is at a URL, None for another URL."""
        if not url.startswith(self._accounts):
            return None
        found = url[len(self._accounts) :]
        return found if may_be_id(found) else None

    def orders(self, account_id: str) -> str:
        """Return where the list of an account's orders is."""
        return f"{self._accounts}{account_id}/orders"

    def order(self, order_id: str) -> str:
        """Return where an order is."""
        return f"{self._at}/order/{order_id}"

    def finalize(self, order_id: str) -> str:
        """Return where an order is finalized."""
        return f"{self._at}/order/{order_id}/finalize"

    def certificate(self, order_id: str, alternate: int = 0) -> str:
        """Return where an order's certificate is, with one of its chains."""
        more = f"/{alternate}" if alternate else ""
        return f"{self._at}/cert/{order_id}{more}"

    def authorization(self, authorization_id: str) -> str:
        """Return where an authorization is."""
        return f"{self._at}/authz/{authorization_id}"

    def challenge(self, authorization_id: str, type_: str) -> str:
        """Return where a challenge is."""
        return f"{self._at}/challenge/{authorization_id}/{type_}"


class Places:
    """Where clients reach this server.

    Args:
        base_url: the one that is given out; None for as each client reached us.
        names: of the server's own certificate: who verifies that can have used no
            other, and who signed for another did not mean us (RFC 8555 section 6.4).
    """

    def __init__(self, base_url: str | None, names: Iterable[str] = ()) -> None:
        self._given_out = None if base_url is None else URLs(base_url)
        self._names = frozenset(map(_plain, names))
        self.at = lru_cache(maxsize=64)(self._at)

    def for_client(self, host: str) -> URLs:
        """Return the URLs that are given to a client with a Host field.

        Raises:
            ACMEProblem: as `at`.
        """
        return self._given_out or self.at(host)

    def _at(self, host: str) -> URLs:
        """Return the URLs by which a client with a Host field may know us.

        Raises:
            ACMEProblem: malformed, where that is no host, or none of ours.
        """
        found = _HOST.fullmatch(host)
        if found is None:
            raise problems.malformed("the request has no Host field that is a host")
        name = _plain(found[1])
        if name not in self._names and "*." + name.partition(".")[2] not in self._names:
            raise problems.malformed(
                f"this server is not known as {name}: set base_url, or add it to "
                "tls.names",
                status=421,
            )
        return URLs(f"https://{host}")


def _plain(name: str) -> str:
    """Return a host in the one form of it that is compared."""
    name = name.strip("[]").lower()
    try:
        return str(ip_address(name))
    except ValueError:
        return name
