"""Name constraints: judged as other verifiers do, and never more loosely."""

from datetime import timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.x509 import verification
from hypothesis import example, given, settings
from hypothesis import strategies as st
from OpenSSL import crypto

from strategies import NOW, key_of_kind, name_constraints, subtrees
from tlsmith.core import constraints as judging
from tlsmith.core import der
from tlsmith.core.constraints import (
    NameConstraints,
    Subtree,
    decode_constraints,
    development_constraints,
    domain_or_network,
)
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.names import GeneralName, parse_name
from tlsmith.core.oid import COMMON_NAME, ORGANIZATION
from tlsmith.core.profiles import certificate_authority, end_entity
from tlsmith.core.subject import distinguished_name
from tlsmith.errors import InputError

SPAN = (NOW - timedelta(days=1), NOW + timedelta(days=1))
CA_NAME = distinguished_name((COMMON_NAME, "Test CA"))
LEAF_NAME = distinguished_name((ORGANIZATION, "leaf"))

# A few hosts and bases that often meet.
_TOPS = ["test", "lan", "xtest"]
_BELOW = ["a.test", "b.test", "x.a.test", "y.x.a.test", "ab.test", "b.a.test", "a.lan"]
_hosts = st.sampled_from(_TOPS + _BELOW)
_bases = _hosts | _hosts.map(".{}".format) | _hosts.map(str.upper)
_IPV4 = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "0.0.0.0/0"]
_networks = st.sampled_from([*_IPV4, "::/0", "fd00::/8", "::1/128"])
_IPV6 = ["::1", "fd00::1", "::2"]
_addresses = st.sampled_from(["10.1.2.3", "10.2.0.1", "11.0.0.1", *_IPV6])
_names = st.one_of(
    _hosts.map(parse_name),
    _hosts.map(lambda host: parse_name(f"*.{host}")),
    _hosts.map(lambda host: parse_name(f"{host.upper()}.")),
    _hosts.map(lambda host: parse_name(f"me@{host}")),
    _hosts.map(lambda host: parse_name(f"https://u@{host.upper()}.:80/@test/")),
    _addresses.map(parse_name),
    _addresses.filter(lambda text: ":" not in text).map(
        lambda text: parse_name(f"https://{text}/")
    ),
    st.just(parse_name("urn:test")),
)
_trees = st.one_of(
    st.builds(Subtree, st.just("dns"), _bases),
    st.builds(Subtree, st.sampled_from(["email", "uri"]), _bases),
    st.builds(Subtree, st.just("ip"), _networks),
)


def _constraints_of(trees: st.SearchStrategy[Subtree]) -> st.SearchStrategy:
    return st.builds(
        lambda permitted, excluded: NameConstraints(tuple(permitted), tuple(excluded)),
        st.lists(trees, min_size=1, max_size=4),
        st.lists(trees, max_size=2),
    )


_constraints = _constraints_of(_trees)
# cryptography judges no others, nor what begins with a dot.
_plain_constraints = _constraints_of(
    st.builds(Subtree, st.just("dns"), _hosts)
    | st.builds(Subtree, st.just("ip"), _networks)
)
_plain_names = st.one_of(
    _hosts.map(parse_name),
    _hosts.map(lambda host: parse_name(f"*.{host}")),
    _addresses.map(parse_name),
)


@cache
def free_issuer() -> Issuer:
    """An issuer without constraints, of the same name and key as those with some."""
    key = key_of_kind("p256")
    return Issuer(self_issue(certificate_authority(CA_NAME, SPAN), key).der, key)


def root_with(constraints: NameConstraints) -> bytes:
    parameters = certificate_authority(CA_NAME, SPAN, name_constraints=constraints)
    return self_issue(parameters, key_of_kind("p256")).der


def end_entity_for(name: GeneralName, subject: bytes | None = LEAF_NAME) -> bytes:
    parameters = end_entity([name], "p256", SPAN, client=True, subject=subject)
    public_key = key_of_kind("ed25519").public_key()
    return free_issuer().issue(parameters, public_key).der


def openssl_accepts(root: bytes, end_entity: bytes) -> bool:
    store = crypto.X509Store()
    store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, root))
    store.set_time(NOW)
    leaf = crypto.load_certificate(crypto.FILETYPE_ASN1, end_entity)
    try:
        crypto.X509StoreContext(store, leaf).verify_certificate()
    except crypto.X509StoreContextError as error:
        assert "subtree" in str(error) or "name syntax" in str(error)  # noqa: PT017
        return False
    return True


def cryptography_accepts(root: bytes, end_entity: bytes) -> bool:
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([x509.load_der_x509_certificate(root)]))
        .time(NOW)
        .build_client_verifier()
    )
    try:
        verifier.verify(x509.load_der_x509_certificate(end_entity), [])
    except verification.VerificationError as error:
        assert "name constraint" in str(error), error  # noqa: PT017
        return False
    return True


def stricter_than_others(name: GeneralName, constraints: NameConstraints) -> bool:
    """Tell whether we may refuse what others accept.

    A wildcard may stand for an excluded name. A URI with an address is refused where
    URIs are constrained (RFC 5280 4.2.1.10), which OpenSSL does for permissions only.
    """
    kinds = {tree.kind for tree in constraints.excluded}
    if name.kind == "uri":
        return "uri" in kinds and name.value == f"https://{name.host}/"
    return "dns" in kinds and name.value.startswith("*.")


@settings(max_examples=300)
@given(_constraints, _names)
@example(NameConstraints((Subtree("dns", ".test"),)), parse_name("*.test"))
@example(NameConstraints((Subtree("dns", "test"),)), parse_name("xtest"))
@example(NameConstraints((Subtree("uri", "test"),)), parse_name("urn:test"))
@example(NameConstraints((Subtree("uri", "test"),)), parse_name("https://10.0.0.1/"))
def test_openssl_accepts_what_is_permitted_and_refuses_the_rest(
    constraints: NameConstraints, name: GeneralName
) -> None:
    permitted = constraints.permits(name.kind, name.host)
    accepted = openssl_accepts(root_with(constraints), end_entity_for(name))
    if permitted or not stricter_than_others(name, constraints):
        assert permitted == accepted


@settings(max_examples=300)
@given(_plain_constraints, _plain_names)
def test_cryptography_accepts_what_is_permitted_and_refuses_the_rest(
    constraints: NameConstraints, name: GeneralName
) -> None:
    permitted = constraints.permits(name.kind, name.host)
    accepted = cryptography_accepts(root_with(constraints), end_entity_for(name))
    if permitted or not stricter_than_others(name, constraints):
        assert permitted == accepted


@settings(max_examples=100)
@given(_constraints, _names)
@example(NameConstraints((Subtree("dns", "test"),)), parse_name("10.0.0.1"))
@example(NameConstraints((Subtree("dns", "test"),)), parse_name("::1"))
@example(NameConstraints((Subtree("dns", "test"),)), parse_name("me@a.com"))
def test_the_subject_we_choose_never_breaks_the_constraints(
    constraints: NameConstraints, name: GeneralName
) -> None:
    """OpenSSL takes a common name for a DNS name where there is none beside it."""
    if constraints.permits(name.kind, name.host):
        assert openssl_accepts(root_with(constraints), end_entity_for(name, None))


# What other verifiers leave open ----------------------------------------------------


@pytest.mark.parametrize(
    ("excluded", "kind", "host", "permitted"),
    [
        (Subtree("dns", "a.test"), "dns", "*.test", False),  # it stands for a.test
        (Subtree("dns", "a.test"), "dns", "*.b.test", True),
        (Subtree("dns", "x.a.test"), "dns", "*.test", True),  # one label only
        (Subtree("dns", "test"), "dns", "*.test", False),
        (Subtree("dns", ""), "dns", "a.test", False),
        (Subtree("email", "me@a.test"), "email", "a.test", False),
        (Subtree("email", "me@a.test"), "email", "b.test", True),
        (Subtree("email", ""), "email", "a.test", False),
        (Subtree("uri", ""), "uri", "a.test", False),
        (Subtree("ip", "10.0.0.0/8"), "ip", "10.0.0.1", False),
        (Subtree("ip", "10.0.0.0/8"), "ip", "11.0.0.1", True),
        (Subtree("dns", "a.test"), "email", "a.test", True),
    ],
)
def test_an_exclusion_is_read_as_wide_as_it_can_be(
    excluded: Subtree, kind: str, host: str, permitted: bool
) -> None:
    assert NameConstraints((), (excluded,)).permits(kind, host) is permitted


@pytest.mark.parametrize(
    ("base", "host", "permitted"),
    [
        ("", "a.test", True),
        ("me@a.test", "a.test", False),
        (".", "a.test", False),
    ],
)
def test_a_permission_is_read_as_narrow_as_it_can_be(
    base: str, host: str, permitted: bool
) -> None:
    kind = "email" if "@" in base else "dns"
    assert NameConstraints((Subtree(kind, base),)).permits(kind, host) is permitted


def test_a_name_space_holds_names_of_its_kind_only() -> None:
    tree = Subtree("dns", "a.test")
    assert tree.covers("dns", "a.test")
    assert tree.touches("dns", "a.test")
    for kind in ("email", "uri", "ip"):
        assert not tree.covers(kind, "a.test")
        assert not tree.touches(kind, "a.test")


def test_a_uri_without_a_host_is_free_where_uris_are() -> None:
    constraints = NameConstraints((Subtree("dns", "test"),))
    assert constraints.permits("uri", None)
    assert constraints.permits("uri", "10.0.0.1")
    assert constraints.permits("uri", "[::1]")
    excluded = NameConstraints((), (Subtree("uri", "a.test"),))
    for host in (None, "10.0.0.1", "[::1]"):  # RFC 5280 4.2.1.10
        assert not excluded.permits("uri", host)
    assert not NameConstraints((Subtree("uri", "test"),)).permits("uri", "[::1]")


@given(_constraints, st.lists(_names, min_size=1, max_size=10))
def test_a_verdict_asked_for_again_is_the_same(
    constraints: NameConstraints, names: list[GeneralName]
) -> None:
    for name in names:
        first = constraints.permits(name.kind, name.host)
        assert constraints.permits(name.kind, name.host) is first
        fresh = NameConstraints(*constraints)
        assert fresh.permits(name.kind, name.host) is first


def test_verdicts_remembered_are_bounded() -> None:
    constraints = NameConstraints((Subtree("dns", "test"),))
    for number in range(judging._MOST_VERDICTS + 10):
        assert constraints.permits("dns", f"n{number}.test")
        assert not constraints.permits("dns", f"n{number}.com")
    assert len(constraints._verdicts) <= judging._MOST_VERDICTS


# Encoding ---------------------------------------------------------------------------


@given(name_constraints)
def test_decoding_undoes_encoding(constraints: NameConstraints) -> None:
    assert decode_constraints(constraints.encode()) == constraints


@given(subtrees)
def test_a_subtree_of_exclusions_alone_comes_back(tree: Subtree) -> None:
    constraints = NameConstraints((), (tree,))
    assert decode_constraints(constraints.encode()) == constraints


def test_a_kind_we_cannot_judge_is_kept_as_it_is() -> None:
    encoded = NameConstraints((Subtree("dns", "test"),)).encode()
    name = der.context(4, CA_NAME, constructed=True)  # a directoryName
    part = der.context(1, der.sequence(name), constructed=True)
    whole = der.sequence(der.only(encoded, der.SEQUENCE).content, part)
    constraints = decode_constraints(whole)
    assert [tree.kind for tree in constraints.excluded] == ["other"]
    assert constraints.encode() == whole
    assert constraints.permits("dns", "a.test")


def test_constraints_without_a_name_space_are_not_written() -> None:
    with pytest.raises(InputError, match="without a name space"):
        NameConstraints().encode()


def _with(*fields: bytes, tag: int = 0xA0) -> bytes:
    return der.sequence(der.encode(tag, der.sequence(*fields)))


DNS = der.context(2, b"test")


@pytest.mark.parametrize(
    "extension",
    [
        b"",
        b"\x30",
        der.octet_string(b""),
        der.sequence() + b"\0\0",
        _with(DNS, tag=0xA2),
        _with(DNS, tag=0x80),
        _with(),
        _with(DNS, der.context(0, b"\1")),  # a minimum
        _with(DNS, der.context(1, b"\1")),  # a maximum
        _with(der.context(2, "ü".encode())),
        _with(der.context(7, bytes(4))),
        _with(der.context(7, bytes(10))),
        _with(der.context(7, bytes(4) + b"\xff\0\xff\0")),
        _with(der.context(7, bytes(4) + b"\0\0\0\xff")),
    ],
    ids=bytes.hex,
)
def test_what_are_no_constraints_is_refused(extension: bytes) -> None:
    with pytest.raises(InputError):
        decode_constraints(extension)


@given(st.binary(max_size=60) | name_constraints.map(lambda found: found.encode()))
@example(b"\x30\x02\xa0\x00")
def test_no_bytes_whatever_fail_but_as_bad_input(data: bytes) -> None:
    try:
        constraints = decode_constraints(data)
    except InputError:
        return
    for name in ("a.test", "::1"):
        assert constraints.permits(parse_name(name).kind, name) in (True, False)


# Constraints for development --------------------------------------------------------


def test_a_development_ca_is_constrained_in_every_kind_of_name() -> None:
    constraints = development_constraints(["test", "localhost"], ["127.0.0.0/8"])
    inside = "localhost a.test *.test me@test me@a.test https://a.test/ 127.0.0.1"
    outside = "a.com test.com me@a.com https://a.com/ urn:x 10.0.0.1 ::1 https://[::1]/"
    for text in inside.split():
        name = parse_name(text)
        assert constraints.permits(name.kind, name.host), text
    for text in outside.split():
        name = parse_name(text)
        assert not constraints.permits(name.kind, name.host), text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("corp.example.com", ("dns", "corp.example.com")),
        ("*.Corp.example.com.", ("dns", "corp.example.com")),
        (".corp.example.com", ("dns", "corp.example.com")),
        ("münchen.de", ("dns", "xn--mnchen-3ya.de")),
        ("203.0.113.7", ("ip", "203.0.113.7/32")),
        ("203.0.113.0/24", ("ip", "203.0.113.0/24")),
        ("203.0.113.7/24", ("ip", "203.0.113.0/24")),
        ("[2001:db8::1]", ("ip", "2001:db8::1/128")),
        ("2001:db8::/32", ("ip", "2001:db8::/32")),
        ("9.0.0.0/8", ("ip", "9.0.0.0/8")),
    ],
)
def test_a_domain_or_network_to_allow(text: str, found: tuple[str, str]) -> None:
    assert domain_or_network(text) == found


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("0.0.0.0/0", "too wide"),
        ("8.0.0.0/7", "too wide"),
        ("::/0", "too wide"),
        ("", "not a name"),
        (".", "not a name"),
        ("*.", "not a name"),
        ("*.*.a.test", "neither a domain nor a network"),
        ("me@a.test", "neither a domain nor a network"),
        ("https://a.test/", "neither a domain nor a network"),
        ("a_b.test", "not a DNS name"),
        ("10.0.0.0/33", "not an IP address"),
    ],
)
def test_what_is_neither_a_domain_nor_a_network_is_refused(
    text: str, what: str
) -> None:
    with pytest.raises(InputError, match=what):
        domain_or_network(text)


_EVERY_ADDRESS = (Subtree("ip", "0.0.0.0/0"), Subtree("ip", "::/0"))
_HALVES = (Subtree("ip", "0.0.0.0/1"), Subtree("ip", "128.0.0.0/1"))
_TEST, _TEN = Subtree("dns", "test"), Subtree("ip", "10.0.0.0/8")


@pytest.mark.parametrize(
    ("permitted", "excluded", "kinds"),
    [
        ([_TEST, _TEN], [], ()),
        ([_TEST, Subtree("ip", "fd00::/8")], [], ()),
        ([_TEST], _EVERY_ADDRESS, ()),
        ([_TEN], [Subtree("dns", "")], ()),
        ([_TEST], [], ("ip",)),
        ([_TEN], [], ("dns",)),
        ([_TEST, Subtree("dns", ""), _TEN], [], ("dns",)),
        ([Subtree("dns", "."), _TEN], [], ("dns",)),
        ([_TEST, Subtree("ip", "0.0.0.0/0")], [], ("ip",)),
        ([_TEST, _TEN, Subtree("ip", "::/0")], [], ("ip",)),
        (
            [_TEST, Subtree("ip", "0.0.0.0/1"), Subtree("ip", "128.0.0.0/1")],
            [],
            ("ip",),
        ),
        ([_TEST], [Subtree("ip", "0.0.0.0/0")], ("ip",)),
        ([_TEST], [_TEN], ("ip",)),
        ([], [_TEST, _TEN], ("dns", "ip")),
        ([Subtree("email", "test")], [], ("dns", "ip")),
        ([Subtree("other", "a400")], [], ("dns", "ip")),
    ],
)
def test_kinds_that_are_held_to_nothing(
    permitted: list[Subtree], excluded: list[Subtree], kinds: tuple[str, ...]
) -> None:
    constraints = NameConstraints(tuple(permitted), tuple(excluded))
    assert constraints.open_kinds == kinds
