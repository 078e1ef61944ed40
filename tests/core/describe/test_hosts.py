from __future__ import annotations

import pytest

from core.describe.forge import SAN, dns_names, with_extension
from tlsmith.core import der
from tlsmith.core.describe.certificate import read_certificate
from tlsmith.core.describe.hosts import is_for_host


def certificate(*names: str, address: bytes = b"\x7f\0\0\1") -> bytes:
    inside = dns_names(*names)[2:] + der.context(7, address)
    return with_extension(SAN, der.sequence(inside))


@pytest.mark.parametrize(
    ("names", "host", "expected"),
    [
        (["app.test"], "app.test", True),
        (["app.test"], "APP.test.", True),
        (["App.Test."], "app.test", True),
        (["app.test"], "www.app.test", False),
        (["app.test"], "127.0.0.1", True),
        (["app.test"], "127.0.0.2", False),
        (["127.0.0.2"], "127.0.0.2", False),
        (["*.app.test"], "www.app.test", True),
        (["*.app.test"], "app.test", False),
        (["*.app.test"], "a.b.app.test", False),
        (["*.app.test"], ".app.test", False),
        (["*.test"], "app.test", False),
        (["a*.app.test"], "ab.app.test", False),
        ([""], "", False),
    ],
)
def test_a_certificate_is_for_the_hosts_it_names(
    names: list[str], host: str, expected: bool
) -> None:
    assert is_for_host(read_certificate(certificate(*names)), host) == expected


def test_an_address_of_version_6_is_compared_as_an_address() -> None:
    data = certificate("a.test", address=bytes(15) + b"\1")
    assert is_for_host(read_certificate(data), "0:0:0:0:0:0:0:1")
