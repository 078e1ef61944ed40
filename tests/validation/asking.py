"""One validation, as the server would ask for it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Collection
from ipaddress import ip_network
from typing import Any

import pytest

from dns_server import DNSServer
from tlsmith.acme.challenges import key_authorization
from tlsmith.acme.identifiers import Identifier
from tlsmith.errors import ACMEProblem
from tlsmith.validation import Outcome, ValidationSettings, Validator
from validation.conftest import Run

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
THUMBPRINT = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
AUTHORIZATION = key_authorization(TOKEN, THUMBPRINT)
ACCOUNT = "https://ca.test/acme/account/ab12"


def binds(address: str) -> bool:
    """Tell whether this machine has an address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family) as one:
        one.bind((address, 0))
        return True
    return False


needs_ipv6 = pytest.mark.skipif(not binds("::1"), reason="this machine has no IPv6")


class Asking:
    """Asks for validations of names with a DNS server's records.

    Args:
        settings: beside the resolver and that this machine may be asked.
    """

    def __init__(self, run: Run, dns: DNSServer | None, **settings: Any) -> None:
        self._run = run
        resolvers = () if dns is None else (dns.address,)
        defaults = {"resolvers": resolvers, "allow": LOOPBACK, "timeout": 5}
        self.settings = ValidationSettings(**defaults | settings)

    def validate(
        self,
        type: str,
        name: str = "www.test",
        *,
        wildcard: bool = False,
        earlier_thumbprints: Collection[str] = (),
    ) -> Outcome:
        kind = "ip" if ":" in name or name[-1].isdigit() else "dns"

        async def validated() -> Outcome:
            validator = Validator(self.settings)
            try:
                return await validator.validate(
                    type,
                    Identifier(kind, name),
                    wildcard,
                    TOKEN,
                    THUMBPRINT,
                    ACCOUNT,
                    earlier_thumbprints=earlier_thumbprints,
                )
            finally:
                await validator.close()

        outcome: Outcome = self._run(validated())
        return outcome

    def problem(
        self, type: str, name: str = "www.test", *, wildcard: bool = False
    ) -> ACMEProblem:
        """Return the problem a validation ends with."""
        with pytest.raises(ACMEProblem) as raised:
            self.validate(type, name, wildcard=wildcard)
        return raised.value
