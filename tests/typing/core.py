"""Core and files under mypy, as a user writes it; never run, only read by it."""

from datetime import UTC, datetime, timedelta
from typing import assert_type

from tlsmith.core import oid
from tlsmith.core.constraints import NameConstraints, Subtree, development_constraints
from tlsmith.core.crl import (
    CRLParameters,
    CRLView,
    RevokedEntry,
    encode_entry,
    joined_entries,
    sign_crl,
    view_crl,
)
from tlsmith.core.csr import CertificationRequest, encode_request, parse_request
from tlsmith.core.extension_values import (
    Extension,
    authority_information_access,
    crl_distribution_points,
    tls_feature,
)
from tlsmith.core.issuer import IssuedCertificate, Issuer, self_issue
from tlsmith.core.keys import check_public_key, generate_private_key, kind_of
from tlsmith.core.names import GeneralName, parse_name, parse_names
from tlsmith.core.ocsp import (
    CertID,
    OCSPResponder,
    SingleResponse,
    error_response,
    issuer_hashes,
    parse_ocsp_request,
    responder_parameters,
)
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.profiles import certificate_authority, end_entity, validity
from tlsmith.core.signing import SigningKey, signing_key
from tlsmith.core.subject import distinguished_name, parse_subject, subject_for
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import (
    FileError,
    InputError,
    NameNotPermittedError,
    ProfileError,
    TLSmithError,
)
from tlsmith.files import (
    NewFile,
    data_home,
    exclusive_lock,
    read_file,
    write_file,
    write_together,
)


def issue_one(now: datetime) -> bytes:
    """A CA of one's own, and a certificate from it."""
    root_key = generate_private_key("p384")
    constraints: NameConstraints = development_constraints(["test"], ["10.0.0.0/8"])
    root = self_issue(
        certificate_authority(
            distinguished_name((COMMON_NAME, "My CA")),
            validity(now, 3650, longest=3650),
            path_length=0,
            name_constraints=constraints,
        ),
        root_key,
    )
    assert_type(root, IssuedCertificate)
    issuer = Issuer(root.der, root_key)
    names = parse_names(["app.test", "10.0.0.1"])
    assert_type(names, tuple[GeneralName, ...])
    key = generate_private_key()
    parameters = end_entity(
        names,
        kind_of(key),
        validity(now, 90, longest=397, within=issuer.view),
        client=True,
        subject=parse_subject("/O=Acme/CN=app.test", names),
    )
    return issuer.issue(parameters, key.public_key()).der


def read_one(data: bytes) -> timedelta:
    """What a certificate says."""
    view = view_certificate(data)
    assert_type(view, CertificateView)
    assert_type(view.path_length, int | None)
    assert_type(view.name_constraints, NameConstraints | None)
    for name in view.names:
        assert_type(name.host, str | None)
    return view.not_after - datetime.now(UTC)


def sign_request(data: bytes, issuer: Issuer, now: datetime) -> bytes:
    """A request of someone else, judged and signed."""
    try:
        request = parse_request(data)
    except ProfileError as error:
        assert_type(error.reasons, tuple[str, ...])
        raise
    assert_type(request, CertificationRequest)
    check_public_key(request.public_key)
    days = validity(now, 30, longest=397, within=issuer.view)
    parameters = end_entity(request.names, kind_of(request.public_key), days)
    try:
        return issuer.issue(parameters, request.public_key).der
    except NameNotPermittedError as error:
        assert_type(error.names, tuple[str, ...])
        raise


def make_request(text: str) -> bytes:
    """A request of one's own."""
    name = parse_name(text)
    return encode_request([name], generate_private_key(), subject=subject_for([name]))


class FarKey:
    """A key in a device of one's own: any class with these three will do."""

    def __init__(self, near: SigningKey) -> None:
        self._near = near
        self.public_key_info = near.public_key_info
        self.algorithm = near.algorithm

    def sign(self, data: bytes) -> bytes:
        return self._near.sign(data)


def issue_for_a_service(root: bytes, serial_number: int, info: bytes) -> bytes:
    """Sign with a key elsewhere, say where revocation is published, choose a number."""
    key = FarKey(signing_key(generate_private_key()))
    issuer = Issuer(root, key)
    assert_type(issuer.signing_key, SigningKey)
    further: tuple[Extension, ...] = (
        crl_distribution_points(["http://ca.example/1.crl"]),
        authority_information_access(ocsp=["http://ca.example/ocsp"]),
        tls_feature(),
        Extension("1.3.6.1.4.1.99999.1", critical=False, value=b"\5\0"),
    )
    days = validity(datetime.now(UTC), 30, longest=397, within=issuer.view)
    parameters = end_entity(parse_names(["a.example"]), "p256", days)
    parameters = parameters._replace(extensions=further)
    return issuer.issue(parameters, info, serial_number=serial_number).der


def revoke(issuer: Issuer, kept: bytes, serial_number: int, now: datetime) -> bytes:
    """Put one more certificate on a list, and return the next."""
    view = view_crl(kept)
    assert_type(view, CRLView)
    assert_type(view.number, int | None)
    entry = encode_entry(RevokedEntry(serial_number, now, "keyCompromise"))
    parameters = CRLParameters((view.number or 0) + 1, now, now + timedelta(days=7))
    return sign_crl(issuer, parameters, joined_entries(kept) + entry)


def answer(issuer: Issuer, request: bytes, now: datetime) -> bytes:
    """Answer an OCSP request, with a responder made for it."""
    try:
        asked = parse_ocsp_request(request)
    except InputError:
        return error_response("malformedRequest")
    assert_type(asked.cert_ids, tuple[CertID, ...])
    assert_type(issuer_hashes(issuer.view), dict[str, tuple[bytes, bytes]])
    key = generate_private_key()
    parameters = responder_parameters("OCSP", (now, now + timedelta(days=30)))
    assert parameters.extended_key_usage == (oid.OCSP_SIGNING,)
    responder = OCSPResponder(issuer.issue(parameters, key.public_key()).der, key)
    until = now + timedelta(days=1)
    responses = [
        SingleResponse(one.der, "revoked", now, until, now, "superseded")
        for one in asked.cert_ids
    ]
    return responder.sign(responses, now, asked.nonce)


def permitted(name: GeneralName) -> bool:
    """Whether a CA for one domain may sign a name."""
    return NameConstraints((Subtree("dns", "test"),)).permits(name.kind, name.host)


def keep(key: bytes, certificate: bytes) -> str | None:
    """Two files that belong together; the hint where they cannot be written."""
    home = data_home()
    try:
        with exclusive_lock(f"{home}/.lock", patience=5):
            write_together(
                [
                    NewFile(f"{home}/key.pem", key, secret=True),
                    NewFile(f"{home}/cert.pem", certificate),
                ]
            )
            write_file(f"{home}/note", read_file(f"{home}/cert.pem"), exclusive=True)
    except FileError as error:
        assert_type(error.path, str)
        return error.hint
    except (InputError, TLSmithError) as error:
        assert_type(error.code, str)
    return None
