"""A CA below another may be given less, and never more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.core.constraints import NameConstraints, Subtree
from tlsmith.core.narrowing import beyond, narrowed

_labels = st.sampled_from(["a", "b", "corp"])
_domains = st.lists(_labels, min_size=1, max_size=3).map(".".join)
_networks = st.sampled_from(
    ["10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/16", "fd00::/8", "fd00:1::/32"]
)
_trees = st.one_of(
    _domains.map(lambda base: Subtree("dns", base)),
    _networks.map(lambda base: Subtree("ip", base)),
    st.sampled_from(["corp", ".corp", "a@corp", "b.corp"]).map(
        lambda base: Subtree("email", base)
    ),
    st.sampled_from(["corp", ".corp", "a.corp"]).map(lambda base: Subtree("uri", base)),
)
_constraints = st.builds(
    lambda permitted, excluded: NameConstraints(tuple(permitted), tuple(excluded)),
    st.lists(_trees, max_size=3),
    st.lists(_trees, max_size=2),
)
_NAMES = [
    *(("dns", one) for one in ("a", "corp", "a.corp", "b.a.corp", "test")),
    *(("ip", one) for one in ("10.1.2.3", "10.2.0.1", "192.168.1.1", "fd00:1::1")),
    *(("email", one) for one in ("corp", "b.corp", "a.b.corp")),
    *(("uri", one) for one in ("corp", "a.corp", "b.a.corp")),
]


@given(_constraints, _constraints)
def test_what_is_not_beyond_signs_no_name_more(
    outer: NameConstraints, inner: NameConstraints
) -> None:
    if beyond(outer, inner):
        return
    for kind, host in _NAMES:
        assert outer.permits(kind, host) or not inner.permits(kind, host), (kind, host)


@given(_constraints)
def test_the_same_is_never_beyond(constraints: NameConstraints) -> None:
    assert beyond(constraints, constraints) == []


@given(_constraints)
def test_without_a_wish_it_is_as_above(outer: NameConstraints) -> None:
    assert narrowed(outer, None) == outer
    assert narrowed(None, outer) == outer
    assert narrowed(None, None) is None


@given(_constraints, _constraints)
def test_what_is_excluded_above_stays_excluded(
    outer: NameConstraints, inner: NameConstraints
) -> None:
    got = narrowed(outer, inner)
    assert got is not None
    assert set(outer.excluded) <= set(got.excluded)
    kinds = {tree.kind for tree in inner.permitted}
    assert {tree.kind for tree in outer.permitted} - kinds <= {
        tree.kind for tree in got.permitted
    }


@pytest.mark.parametrize(
    ("wide", "narrow", "inside"),
    [
        (("dns", "corp"), ("dns", "a.corp"), True),
        (("dns", "corp"), ("dns", "CORP"), True),
        (("dns", "a.corp"), ("dns", "corp"), False),
        (("dns", "corp"), ("dns", "acorp"), False),
        (("ip", "10.0.0.0/8"), ("ip", "10.9.0.0/16"), True),
        (("ip", "10.9.0.0/16"), ("ip", "10.0.0.0/8"), False),
        (("ip", "0.0.0.0/0"), ("ip", "::/0"), False),
        (("email", "corp"), ("email", "a@corp"), True),
        (("email", "a@corp"), ("email", "corp"), False),
        (("email", "a@corp"), ("email", "b@corp"), False),
        (("email", "corp"), ("email", ".corp"), False),
        (("email", ".corp"), ("email", ".a.corp"), True),
        (("email", ".corp"), ("email", "a.corp"), True),
        (("uri", ".corp"), ("uri", "a.corp"), True),
        (("uri", "corp"), ("uri", "a.corp"), False),
        (("other", "3003"), ("other", "3003"), True),
        (("other", "3003"), ("other", "3004"), False),
    ],
)
def test_one_name_space_in_another(
    wide: tuple[str, str], narrow: tuple[str, str], inside: bool
) -> None:
    outer = NameConstraints((Subtree(*wide),))
    assert (beyond(outer, NameConstraints((Subtree(*narrow),))) == []) is inside


def test_a_kind_of_name_left_open_is_beyond() -> None:
    outer = NameConstraints((Subtree("dns", "corp"), Subtree("ip", "10.0.0.0/8")))
    inner = NameConstraints((Subtree("dns", "corp"),))
    assert beyond(outer, inner) == ["ip: every name"]
    assert beyond(outer, None) == ["dns: every name", "ip: every name"]
