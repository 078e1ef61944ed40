"""Name constraints of CAs for tests, as OpenSSL and ours read them."""

from __future__ import annotations

import ssl
from datetime import timedelta

import pytest
from cryptography import x509

from handshakes import handshake
from tlsmith.api import CA, Certificate
from tlsmith.core.issuer import Issuer
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import end_entity
from tlsmith.errors import InputError, NameNotPermittedError

PERMITTED_SUBTREE_VIOLATION, EXCLUDED_SUBTREE_VIOLATION = 47, 48
DOMAINS, NETWORKS = CA(permit=["a.test"]), CA(permit=["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("ca", "name", "permitted"),
    [
        (DOMAINS, "a.test", True),
        (DOMAINS, "x.a.test", True),
        (DOMAINS, "*.a.test", True),
        (DOMAINS, "me@a.test", True),
        (DOMAINS, "https://x.a.test/", True),
        (DOMAINS, "b.test", False),
        (DOMAINS, "me@b.test", False),
        (DOMAINS, "https://b.test/", False),
        (DOMAINS, "127.0.0.1", False),
        (DOMAINS, "::1", False),
        (NETWORKS, "10.1.2.3", True),
        (NETWORKS, "::1", True),
        (NETWORKS, "11.0.0.1", False),
        (NETWORKS, "::2", False),
        (NETWORKS, "localhost", False),
        (NETWORKS, "me@a.test", False),
        (NETWORKS, "https://a.test/", False),
    ],
)
def test_every_kind_of_name_is_constrained(ca: CA, name: str, permitted: bool) -> None:
    if permitted:
        assert ca.issue(name).names
    else:
        with pytest.raises(NameNotPermittedError):
            ca.issue(name)


@pytest.mark.parametrize(
    ("ca", "name"), [(DOMAINS, "b.test"), (DOMAINS, "10.0.0.1"), (NETWORKS, "a.test")]
)
def test_clients_refuse_what_a_thief_of_the_key_would_sign(ca: CA, name: str) -> None:
    """The constraints are in the certificate, not in our good will."""
    key = generate_private_key()
    times = ca.now, ca.now + timedelta(days=1)
    parameters = end_entity(parse_names([name]), "p256", times)
    thief = Issuer(ca.certificate.der, ca.certificate.private_key)
    thief.name_constraints = None
    issued = thief.issue(parameters, key.public_key())
    stolen = Certificate((issued.der,), key)
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        handshake(ca.client_context(), stolen.server_context(), name)
    assert caught.value.verify_code in (
        PERMITTED_SUBTREE_VIOLATION,
        EXCLUDED_SUBTREE_VIOLATION,
    )


def test_the_constraints_are_critical() -> None:
    certificate = x509.load_der_x509_certificate(DOMAINS.certificate.der)
    found = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert found.critical


def test_one_domain_is_one_and_not_its_letters() -> None:
    assert CA(permit="test").issue("a.test")


def test_by_default_there_are_none() -> None:
    assert CA().issuer.name_constraints is None
    assert DOMAINS.intermediate().issuer.name_constraints is None


@pytest.mark.parametrize("text", ["", "a b", "me@a.test", "0.0.0.0/0", "a.test:443"])
def test_what_is_no_domain_or_network_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        CA(permit=[text])


def test_a_path_length_is_not_negative() -> None:
    with pytest.raises(InputError, match="a path length of -1"):
        CA(path_length=-1)


def test_a_subject_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="not a subject"):
        CA(subject="Acme")
