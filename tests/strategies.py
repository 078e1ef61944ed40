"""Hypothesis strategies: names, keys, profiles, validity."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tlsmith.core.constraints import NameConstraints, Subtree
from tlsmith.core.keys import KINDS, generate_private_key, kind_of
from tlsmith.core.names import GeneralName, parse_name
from tlsmith.core.oid import COMMON_NAME, ORGANIZATION
from tlsmith.core.profiles import (
    CertificateParameters,
    certificate_authority,
    end_entity,
)
from tlsmith.core.subject import EMPTY, distinguished_name

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

# Names ---------------------------------------------------------------------------

_EDGE = "abcdefghijklmnopqrstuvwxyz0123456789"
_SCRIPTS = ["münchen", "ελλάδα", "日本語", "россия", "한국", "ไทย", "straße", "עברית"]


@st.composite
def labels(draw: st.DrawFn) -> str:
    """A label of a host name, in letters, digits and hyphens."""
    label = draw(st.text(_EDGE + "-", min_size=1, max_size=12)).strip("-") or "a"
    return label[:2] + "x" + label[3:] if label[2:4] == "--" else label


# The last label is never a number: what ends in one is an address to browsers.
top_labels = st.sampled_from(["test", "localhost", "internal", "example", "lan", "x1"])
hosts = st.builds(
    lambda front, top: ".".join([*front, top]),
    st.lists(labels() | st.sampled_from(["api", "a", "b"]), max_size=4),
    top_labels,
)
international_hosts = st.builds(
    lambda label, host: f"{label}.{host}", st.sampled_from(_SCRIPTS), hosts
)
dns_texts = st.one_of(hosts, hosts.map("*.{}".format), international_hosts)
ip_texts = st.ip_addresses().map(str)
_ATOM = _EDGE + "!#$%&'*+/=?^_`{|}~-"
email_texts = st.builds("{}@{}".format, st.text(_ATOM, min_size=1, max_size=20), hosts)
uri_texts = st.one_of(
    st.builds("spiffe://{}/{}".format, hosts, labels()),
    st.builds("https://{}:{}/?q=%20#{}".format, hosts, st.integers(1, 9), labels()),
    st.builds("https://user@{}/".format, st.ip_addresses(v=4)),
    st.builds("https://[{}]/".format, st.ip_addresses(v=6)),
    labels().map("urn:example:{}".format),
)
name_texts = st.one_of(dns_texts, ip_texts, email_texts, uri_texts)
general_names = name_texts.map(parse_name)
name_lists = st.lists(general_names, min_size=1, max_size=6, unique=True).map(tuple)

# Keys ----------------------------------------------------------------------------


@cache
def key_of_kind(kind: str) -> PrivateKey:
    """A key of this kind, the same one each time: RSA keys take long to make."""
    return generate_private_key(kind)


# Only those that are made at once; tests that want all of KINDS name them.
QUICK_KINDS = tuple(kind for kind in KINDS if kind not in ("rsa3072", "rsa4096"))
keys = st.sampled_from(QUICK_KINDS).map(key_of_kind)

# Validity ------------------------------------------------------------------------

# From the first UTCTime there is to the last second a certificate can name.
moments = st.datetimes(
    datetime(1950, 1, 1),
    datetime(9999, 12, 31, 23, 59, 59),
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))
validities = st.tuples(moments, moments).map(lambda two: (min(two), max(two)))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

# Name constraints ----------------------------------------------------------------


@st.composite
def networks(draw: st.DrawFn) -> str:
    address = draw(st.ip_addresses())
    prefix = draw(st.integers(0, address.max_prefixlen))
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))


subtrees = st.one_of(
    st.builds(Subtree, st.just("dns"), hosts),
    st.builds(Subtree, st.just("ip"), networks()),
    st.builds(
        Subtree, st.sampled_from(["email", "uri"]), hosts | hosts.map(".{}".format)
    ),
)
name_constraints = st.builds(
    NameConstraints,
    st.lists(subtrees, min_size=1, max_size=4).map(tuple),
    st.lists(subtrees, max_size=3).map(tuple),
)

# Profiles ------------------------------------------------------------------------

subjects = st.builds(
    lambda common, organization: distinguished_name(
        (ORGANIZATION, organization), (COMMON_NAME, common)
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).map(
        lambda text: text[:16]
    ),
    st.sampled_from(["Acme", "Ümlaut AG"]),
)
authorities = st.builds(
    lambda subject, validity, path_length, constraints: certificate_authority(
        subject, validity, path_length=path_length, name_constraints=constraints
    ),
    subjects,
    validities,
    st.none() | st.integers(0, 300),
    st.none() | name_constraints,
)


def end_entities(key: PrivateKey) -> st.SearchStrategy[CertificateParameters]:
    """What a certificate for `key` may say."""
    return st.builds(
        lambda names, validity, client, subject: end_entity(
            names, kind_of(key), validity, client=client, subject=subject
        ),
        name_lists,
        validities,
        st.booleans(),
        st.none() | st.just(EMPTY) | subjects,
    )


def within(view_not_before: datetime, view_not_after: datetime) -> st.SearchStrategy:
    """Moments at which an issuer of this validity can be asked."""
    span = int((view_not_after - view_not_before).total_seconds())
    return st.integers(0, span - 1).map(
        lambda seconds: view_not_before + timedelta(seconds=seconds)
    )


_ODD_CHARACTERS = (
    "\0\ud800\udfff\u202e\u2066\u200d\ufeff\u00ad😀\u3002.@:/[]%*_- \n\\'\""
)
_ODD_PIECES = ["xn--", "::", "//", "127.0.0.1", "https://", "*.", "é", "e\u0301", "１"]


def hostile_texts() -> st.SearchStrategy[str]:
    """Text nobody would call a name: half surrogates, NUL, bidi, emoji, very long."""
    odd = st.sampled_from([*_ODD_CHARACTERS, *_ODD_PIECES])
    plain = st.text(st.characters(), max_size=20)
    pieces = st.lists(odd | plain | hosts, max_size=8).map("".join)
    long = st.builds(lambda text, times: text * times, odd | hosts, st.integers(1, 999))
    return st.one_of(pieces, long, name_texts)


def mangled(data: bytes) -> st.SearchStrategy[bytes]:
    """`data` with bytes changed, taken out, put in, or cut off."""
    at = st.integers(0, len(data) - 1)
    change = st.builds(lambda i, b: data[:i] + bytes([b]) + data[i + 1 :], at, _byte)
    flip = st.builds(
        lambda i, b: data[:i] + bytes([data[i] ^ (1 << b)]) + data[i + 1 :],
        at,
        st.integers(0, 7),
    )
    remove = st.builds(lambda i, n: data[:i] + data[i + n :], at, st.integers(1, 20))
    insert = st.builds(
        lambda i, b: data[:i] + b + data[i:], at, st.binary(min_size=1, max_size=9)
    )
    return st.one_of(change, flip, remove, insert, at.map(lambda i: data[:i]))


_byte = st.integers(0, 255)


def names_of(kind: str) -> st.SearchStrategy[GeneralName]:
    """Names of one kind."""
    return general_names.filter(lambda name: name.kind == kind)
