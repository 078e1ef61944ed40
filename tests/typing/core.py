"""Core and files under mypy, as a user writes it; never run, only read by it."""

from datetime import UTC, datetime, timedelta
from typing import assert_type

from tlsmith.core.constraints import NameConstraints, Subtree, development_constraints
from tlsmith.core.csr import CertificationRequest, encode_request, parse_request
from tlsmith.core.issuer import IssuedCertificate, Issuer, self_issue
from tlsmith.core.keys import check_public_key, generate_private_key, kind_of
from tlsmith.core.names import GeneralName, parse_name, parse_names
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.profiles import certificate_authority, end_entity, validity
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
