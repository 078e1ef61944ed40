"""Extensions: which are there, in what order, which critical (RFC 5280 section 4.2)."""

import pytest
from cryptography import x509

from strategies import NOW
from tlsmith.core import der, oid
from tlsmith.core.constraints import NameConstraints, Subtree
from tlsmith.core.extension_values import Extension, crl_distribution_points
from tlsmith.core.extensions import encode_extensions, extension
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import (
    CertificateParameters,
    certificate_authority,
    end_entity,
)
from tlsmith.core.subject import EMPTY, distinguished_name
from tlsmith.errors import InputError

NAMES = parse_names(["a.test", "10.0.0.1"])
CA_NAME = distinguished_name((oid.COMMON_NAME, "CA"))
SERVER = end_entity(NAMES, "p256", (NOW, NOW))


def of(
    parameters: CertificateParameters, above: bytes | None = b"above"
) -> list[tuple[str, bool]]:
    """The OIDs and what of them is critical, in order."""
    encoded = encode_extensions(parameters, b"own", above)
    listing = der.only(der.only(encoded, 0xA3).content, der.SEQUENCE)
    known = ((name, value) for name, value in vars(oid).items() if name.isupper())
    names = {der.object_identifier(value): name for name, value in known}
    found = []
    for part in der.children(listing.content):
        identifier, *critical, _ = der.children(part.content)
        found.append((names[identifier.whole], bool(critical)))
    return found


def test_those_of_an_end_entity() -> None:
    assert of(SERVER) == [
        ("BASIC_CONSTRAINTS", True),
        ("KEY_USAGE", True),
        ("EXTENDED_KEY_USAGE", False),
        ("SUBJECT_ALT_NAME", False),
        ("SUBJECT_KEY_IDENTIFIER", False),
        ("AUTHORITY_KEY_IDENTIFIER", False),
    ]


def test_those_of_a_ca() -> None:
    constraints = NameConstraints((Subtree("dns", "test"),))
    ca = certificate_authority(CA_NAME, (NOW, NOW), name_constraints=constraints)
    assert of(ca) == [
        ("BASIC_CONSTRAINTS", True),
        ("KEY_USAGE", True),
        ("NAME_CONSTRAINTS", True),
        ("SUBJECT_KEY_IDENTIFIER", False),
        ("AUTHORITY_KEY_IDENTIFIER", False),
    ]


def test_what_is_not_asked_for_is_not_there() -> None:
    bare = SERVER._replace(key_usage=0, extended_key_usage=())
    names = [name for name, _ in of(bare, None)]
    assert names == ["BASIC_CONSTRAINTS", "SUBJECT_ALT_NAME", "SUBJECT_KEY_IDENTIFIER"]


def test_names_are_critical_where_there_is_nothing_else_to_go_by() -> None:
    """RFC 5280 4.2.1.6, and nowhere else: some clients refuse a critical one."""
    assert ("SUBJECT_ALT_NAME", True) in of(SERVER._replace(subject=EMPTY))
    assert ("SUBJECT_ALT_NAME", False) in of(SERVER)


@pytest.mark.parametrize("path_length", [None, 0, 1, 200])
def test_basic_constraints_are_what_another_library_writes(
    path_length: int | None,
) -> None:
    ca = certificate_authority(CA_NAME, (NOW, NOW), path_length=path_length)
    value = x509.BasicConstraints(True, path_length).public_bytes()
    whole = extension(oid.BASIC_CONSTRAINTS, value, critical=True)
    assert whole in encode_extensions(ca, b"own", None)


def test_an_end_entity_has_no_path_length_whatever_is_asked() -> None:
    odd = SERVER._replace(path_length=3)
    assert encode_extensions(odd, b"a", None) == encode_extensions(SERVER, b"a", None)


def test_a_certificate_of_nobody_is_not_written() -> None:
    with pytest.raises(InputError, match="neither a subject nor a name"):
        encode_extensions(SERVER._replace(subject=EMPTY, names=()), b"own", None)
    with pytest.raises(InputError, match="neither a subject nor a name"):
        encode_extensions(SERVER._replace(subject=EMPTY, is_ca=True), b"own", None)


def test_an_extension_leaves_its_default_out() -> None:
    assert der.TRUE not in extension("1.2.3", b"x")
    assert der.TRUE in extension("1.2.3", b"x", critical=True)


FURTHER = (
    crl_distribution_points(["http://ca.test/crl/7"]),
    Extension("1.3.6.1.4.1.99999.1", True, der.integer(7)),
)


def test_further_ones_come_last_in_their_order() -> None:
    encoded = encode_extensions(SERVER._replace(extensions=FURTHER), b"own", b"above")
    assert encoded.endswith(FURTHER[0].encode() + FURTHER[1].encode())
    bare = encode_extensions(SERVER, b"own", b"above")
    listing = der.only(der.only(encoded, 0xA3).content, der.SEQUENCE).content
    of_bare = der.only(der.only(bare, 0xA3).content, der.SEQUENCE).content
    assert listing == of_bare + FURTHER[0].encode() + FURTHER[1].encode()


def test_no_extension_is_written_twice() -> None:
    """RFC 5280 4.2; nor may one say other than the parameters do."""
    twice = SERVER._replace(extensions=(*FURTHER, FURTHER[0]))
    with pytest.raises(InputError, match=r"extension 2\.5\.29\.31 twice"):
        encode_extensions(twice, b"own", None)


@pytest.mark.parametrize(
    "identifier",
    [
        oid.BASIC_CONSTRAINTS,
        oid.KEY_USAGE,
        oid.EXTENDED_KEY_USAGE,
        oid.SUBJECT_ALT_NAME,
        oid.NAME_CONSTRAINTS,
        oid.SUBJECT_KEY_IDENTIFIER,
        oid.AUTHORITY_KEY_IDENTIFIER,
    ],
)
def test_no_further_one_can_say_what_the_parameters_say(identifier: str) -> None:
    further = (Extension(identifier, True, der.sequence(der.TRUE)),)
    with pytest.raises(InputError, match="is written from") as caught:
        encode_extensions(SERVER._replace(extensions=further), b"own", None)
    assert caught.value.code == "extension-twice"
