"""CAs made once for all tests that only read them, as all of ours do."""

from __future__ import annotations

import pytest

from authority.adoption.worlds import OpenSSLCA, World, make_easy_rsa
from interop.tools import needs

REASONS = (
    "unspecified",
    "keyCompromise",
    "CACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "removeFromCRL",
)


@pytest.fixture(scope="session")
def openssl_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a CA by `openssl ca` with every kind of line an index can have."""
    needs("openssl")
    made = OpenSSLCA(tmp_path_factory.mktemp("openssl") / "ca")
    made.issue("/CN=good.test")
    made.issue("/CN=Zoë/O=Tab\tand, comma")
    made.issue("/CN=long.test", "-enddate", "20600101000000Z")
    made.issue(
        *("/CN=old.test", "-startdate", "20200101000000Z"),
        *("-enddate", "20200201000000Z"),
    )
    made.issue("/CN=version-one.test", "-extensions", "nothing")
    for reason in REASONS:
        made.revoke(made.issue(f"/CN={reason}"), "-crl_reason", reason)
    hold = made.issue("/CN=hold")
    made.revoke(hold, "-crl_hold", "holdInstructionReject")
    for option in ("-crl_compromise", "-crl_CA_compromise"):
        made.revoke(made.issue(f"/CN={option}"), option, "20240102030405Z")
    made.revoke(made.issue("/CN=plain"))
    made.update()
    made.generate_crl()
    return World("openssl", made.folder)


@pytest.fixture(scope="session")
def easy_rsa_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a CA by easy-rsa 3."""
    needs("/usr/share/easy-rsa/easyrsa", "openssl")
    return World("easy-rsa", make_easy_rsa(tmp_path_factory.mktemp("easy") / "ca"))
