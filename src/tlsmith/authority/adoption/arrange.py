"""CA certificates and keys, put in order: which signed which, whose key is here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from tlsmith.authority.adoption.adopted import AdoptedAuthority
from tlsmith.authority.adoption.judge import notes_on
from tlsmith.core.formats.chain import has_signed
from tlsmith.core.formats.objects import HeldCertificate, HeldKey
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError, KeyMismatchError, NotACAError

_MOST_NAMED = 3


class Arranged(NamedTuple):
    """A CA in order.

    Args:
        authorities: root first, the one that issues last.
        notes: what was left out or is not as it should be, in words.
    """

    authorities: tuple[AdoptedAuthority, ...]
    notes: tuple[str, ...]


def is_authority(held: HeldCertificate) -> bool:
    """Tell whether a certificate may sign others (RFC 5280 4.2.1.9, 4.2.1.3)."""
    try:
        view = view_certificate(held.der)
        return view.is_ca and view.may_sign_certificates
    except InputError:
        return False


def arrange(
    certificates: Iterable[HeldCertificate], keys: Sequence[HeldKey], now: datetime
) -> Arranged:
    """Return the CA that these certificates and keys make up.

    Args:
        certificates: in any order; those that are no CA's are passed by.
        now: the present, with its time zone.

    Raises:
        NotACAError: none of them is a CA's.
        KeyMismatchError: there are keys, and none fits.
        InputError: they make up more than one CA.
    """
    every = list(dict.fromkeys(certificates))
    authorities = [one for one in every if is_authority(one)]
    if not authorities:
        raise NotACAError(
            "none of these is the certificate of a CA: "
            + (", ".join(sorted({one.source for one in every})) or "there are none"),
            hint="give the certificate of the CA itself; see `tlsmith show`",
        )
    _refuse_two_of_one_name(authorities)
    authorities, notes = _newest_of_each(authorities)
    held_keys = {one.info: one for one in keys}
    notes += _keys_apart(authorities, keys)
    ordered, more = _in_order(authorities, held_keys)
    adopted = tuple(
        AdoptedAuthority(
            one.der,
            held_keys[info].key if (info := _info(one)) in held_keys else None,
            "root" if _is_root(one) else "intermediate",
            one.source,
        )
        for one in ordered
    )
    return Arranged(adopted, (*notes, *more, *notes_on(adopted, now)))


def signed_by(child: HeldCertificate, issuer: HeldCertificate) -> bool:
    """Tell whether the key of `issuer` made the signature on `child`."""
    return has_signed(issuer.parsed, child.parsed)


def _info(held: HeldCertificate) -> bytes:
    return view_certificate(held.der).public_key_info


def _is_root(held: HeldCertificate) -> bool:
    return signed_by(held, held)


def _refuse_two_of_one_name(authorities: Sequence[HeldCertificate]) -> None:
    seen: dict[bytes, HeldCertificate] = {}
    for one in filter(_is_root, authorities):
        other = seen.setdefault(view_certificate(one.der).subject, one)
        if _info(other) != _info(one):
            raise InputError(
                f"two roots have the name {one.parsed.subject.rfc4514_string()!r} and "
                f"different keys: {other.source} and {one.source}",
                code="two-roots",
                hint="name the files of the one to adopt, or move the other away",
            )


def _newest_of_each(
    authorities: Sequence[HeldCertificate],
) -> tuple[list[HeldCertificate], list[str]]:
    """Return one certificate of each name, key and issuer; a CA may be renewed."""
    newest: dict[tuple[bytes, bytes, bytes], HeldCertificate] = {}
    notes = []
    for one in authorities:
        view = view_certificate(one.der)
        of = (view.subject, view.public_key_info, view.issuer)
        other = newest.get(of)
        if other is None:
            newest[of] = one
            continue
        older, newer = sorted(
            (other, one), key=lambda held: held.parsed.not_valid_after_utc
        )
        newest[of] = newer
        notes.append(
            f"{one.parsed.subject.rfc4514_string()!r} has two certificates of one key; "
            f"taken is {newer.source}, valid longer, and not {older.source}"
        )
    return list(newest.values()), notes


def _keys_apart(
    authorities: Sequence[HeldCertificate], keys: Sequence[HeldKey]
) -> list[str]:
    infos = {_info(one) for one in authorities}
    apart = [one for one in keys if one.info not in infos]
    if keys and len(apart) == len(keys):
        raise KeyMismatchError(
            f"the key in {apart[0].source} does not belong to the certificate in "
            f"{authorities[0].source}",
            hint="give the two that were made together",
        )
    return [
        f"the key in {one.source} belongs to none of the CA certificates, and was "
        "left out"
        for one in apart
    ]


def _in_order(
    authorities: Sequence[HeldCertificate], keys: dict[bytes, HeldKey]
) -> tuple[list[HeldCertificate], list[str]]:
    """Return the certificates of one CA, issuers first."""
    trees = [
        _below(one, authorities) for one in authorities if _is_top(one, authorities)
    ]
    rooted = {id(one) for tree in trees for one in tree}
    if len(rooted) < len(authorities):
        raise InputError(
            "CA certificates that signed each other in a circle: "
            + ", ".join(one.source for one in authorities if id(one) not in rooted),
            hint="name the files of the one to adopt",
        )
    with_keys = [tree for tree in trees if any(_info(one) in keys for one in tree)]
    chosen = with_keys or trees
    if len(chosen) > 1:
        named = ", ".join(
            f"{tree[0].parsed.subject.rfc4514_string()!r} in {tree[0].source}"
            for tree in chosen[:_MOST_NAMED]
        ) + (", ..." if len(chosen) > _MOST_NAMED else "")
        raise InputError(
            f"there is more than one CA here: {named}",
            code="several-authorities",
            hint="name the file, or the folder, of the one to adopt",
        )
    left_out = [tree[0] for tree in trees if tree not in chosen]
    return chosen[0], [
        f"{one.source} is of another CA, {one.parsed.subject.rfc4514_string()!r}, "
        "whose keys are not here, and was left out"
        for one in left_out
    ]


def _is_top(one: HeldCertificate, authorities: Sequence[HeldCertificate]) -> bool:
    return _is_root(one) or not any(
        signed_by(one, other) for other in authorities if other is not one
    )


def _below(
    top: HeldCertificate, authorities: Sequence[HeldCertificate]
) -> list[HeldCertificate]:
    found = [top]
    for issuer in found:  # which grows as we go
        found += [
            one
            for one in authorities
            if not _is_root(one)
            and all(one is not other for other in found)
            and signed_by(one, issuer)
        ]
    return found
