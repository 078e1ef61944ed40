"""The ways from a certificate to a root (RFC 8555 section 7.4.2)."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from acme_life import Life, refused
from authorities import ADMINISTRATOR, PASSPHRASE, Clock, TestCA
from tlsmith.authority.creation import NewSigner, create_ca
from tlsmith.authority.cross_signing import cross_sign
from tlsmith.authority.intermediates import Terms
from tlsmith.authority.plan import CAPlan
from tlsmith.authority.requests import CROSS_SIGNED
from tlsmith.authority.root_file import RootFile
from tlsmith.authority.rotation import new_intermediate, rotate
from tlsmith.core.keys import generate_private_key
from tlsmith.signers import create_key
from tlsmith.storage.acme.orders import OrderRecord
from tlsmith.storage.authorities import add_certificate, authorities


def loaded(pem: bytes) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem)


def verify(leaf: bytes, way: bytes, root: bytes, clock: Clock, name: str) -> None:
    """Have another implementation build the path with nothing but what was given."""
    store = Store([x509.load_der_x509_certificate(root)])
    verifier = (
        PolicyBuilder()
        .store(store)
        .time(clock() + timedelta(minutes=1))
        .build_server_verifier(x509.DNSName(name))
    )
    verifier.verify(loaded(leaf)[0], loaded(way))


def test_a_certificate_comes_with_its_chain(
    life: Life, ca: TestCA, clock: Clock
) -> None:
    order = life.issued("a.test")
    leaf, ways = life.service.certificate(order)
    assert len(ways) == 1
    verify(leaf, ways[0], ca.root, clock, "a.test")
    # The root is left out.
    assert len(loaded(ways[0])) == 1


def test_an_order_without_one_has_none(life: Life) -> None:
    problem = refused(life.service.certificate, life.ready("a.test"))
    assert (problem.type, problem.status) == ("malformed", 404)


def test_a_certificate_that_was_deleted_is_gone(life: Life) -> None:
    order = life.issued("a.test")._replace(certificate_id=99_999_999)
    assert refused(life.service.certificate, order).status == 404


def test_a_cross_signed_root_makes_another_way(
    small_life: Life, small_ca: TestCA, clock: Clock
) -> None:
    """To each root its own, whichever the client trusts."""
    plan = CAPlan("Older", path_length=2)
    made = create_key("store:", plan.kind, PASSPHRASE)
    older_key = generate_private_key("p256")
    signer = NewSigner(made.signer.uri, made.signer, made.material)
    older = create_ca(plan, older_key, signer, clock())
    issuer = RootFile(older.root.certificate or b"", older_key).issuer
    crossed = cross_sign(issuer, small_ca.root, Terms(), clock())
    storage = small_ca.authority.storage
    with storage.read() as connection:
        (root,) = [one for one in authorities(connection) if one.parent_id is None]
    before = small_life.issued("a.test")
    assert len(small_life.service.certificate(before)[1]) == 1
    with storage.write() as transaction:
        digest = sha256(crossed).digest()
        add_certificate(transaction, root.id, CROSS_SIGNED, digest, crossed)
    small_ca.authority.issuers.forget()
    leaf, ways = small_life.service.certificate(before)
    assert [len(loaded(way)) for way in ways] == [1, 2]
    verify(leaf, ways[0], small_ca.root, clock, "a.test")
    verify(leaf, ways[1], older.root.certificate or b"", clock, "a.test")


def test_a_replica_gives_out_what_another_issued_by_a_new_ca_at_once(
    life: Life, ca: TestCA, clock: Clock
) -> None:
    """It has not looked at the CAs since: they are read anew."""
    issuing = life.beside(ca.again())
    life.service.certificate(life.issued("a.test"))
    made = create_key("store:", "p256", PASSPHRASE)
    signer = NewSigner(made.signer.uri, made.signer, made.material)
    root = RootFile(ca.root, ca.root_key)
    storage = ca.authority.storage
    record = new_intermediate(storage, root, signer, None, clock())
    rotate(storage, record, ADMINISTRATOR, clock())
    issuing.authority.issuers.forget()
    # A fresh look here, from before it knew: as where both came within a moment.
    order: OrderRecord = issuing.issued("b.test")
    leaf, ways = life.service.certificate(order)
    assert loaded(ways[0])[0] == x509.load_der_x509_certificate(
        record.certificate or b""
    )
    verify(leaf, ways[0], ca.root, clock, "b.test")
    issuing.service.close()
    issuing.authority.close()
