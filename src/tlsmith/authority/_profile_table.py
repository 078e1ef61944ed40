"""The tables of profiles in a policy: their keys, and what must hold among them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tlsmith.authority._names_table import read_constraints, read_names
from tlsmith.authority._reading import (
    Place,
    Reader,
    did_you_mean,
    read_choice,
    read_count,
    read_days,
    read_lifetime,
    read_list,
    read_table,
    read_text,
)
from tlsmith.authority.profile import Profile
from tlsmith.core import der, oid
from tlsmith.core.attributes import Attribute, parse_attributes
from tlsmith.core.extension_values import Extension
from tlsmith.core.keys import KINDS
from tlsmith.core.profiles import BACKDATE
from tlsmith.core.subject import parse_subject
from tlsmith.core.usages import ANY_EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGES, KEY_USAGES
from tlsmith.errors import InputError

# Extensions that the other keys make, or the service does (RFC 5280 section 4.2).
_OURS = {
    oid.SUBJECT_KEY_IDENTIFIER: "the key",
    oid.KEY_USAGE: "key_usage",
    oid.SUBJECT_ALT_NAME: "names",
    oid.BASIC_CONSTRAINTS: "ca and path_length",
    oid.NAME_CONSTRAINTS: "name_constraints",
    oid.CRL_DISTRIBUTION_POINTS: "the service",
    oid.FRESHEST_CRL: "the service",
    oid.AUTHORITY_KEY_IDENTIFIER: "the issuer",
    oid.EXTENDED_KEY_USAGE: "extended_key_usage",
    oid.AUTHORITY_INFORMATION_ACCESS: "the service",
    oid.TLS_FEATURE: "must_staple",
    oid.NO_REVOCATION_AVAILABLE: "revocation",
}
_SHORTEST = timedelta(minutes=5)
# How long a certificate may live whose revocation nobody would learn of: as the
# CA/Browser Forum's short-lived ones since 2026.
_LONGEST_WITHOUT_STATUS = timedelta(days=7)


def _key_kind(text: str) -> str:
    if text not in KINDS:
        raise InputError(
            f"no kind of key is called {text!r}{did_you_mean(text, KINDS)}"
        )
    return text


def _key_usage(text: str) -> int:
    if text not in KEY_USAGES:
        raise InputError(f"no key usage is {text!r}{did_you_mean(text, KEY_USAGES)}")
    return KEY_USAGES[text]


def _oid(text: str) -> str:
    der.object_identifier(text)
    return text


def _extended_key_usage(text: str) -> str:
    if text in EXTENDED_KEY_USAGES:
        return EXTENDED_KEY_USAGES[text]
    if not text[:1].isdigit():
        guess = did_you_mean(text, EXTENDED_KEY_USAGES)
        raise InputError(f"no extended key usage is {text!r}{guess}")
    if text == ANY_EXTENDED_KEY_USAGE:
        raise InputError("anyExtendedKeyUsage is for everything: list what it is for")
    return _oid(text)


def _subject(text: str) -> tuple[Attribute, ...]:
    found = parse_attributes(parse_subject(text, None)) if text else ()
    if any(attribute.oid == oid.COMMON_NAME for attribute in found):
        raise InputError("the common name comes from the request: see common_name")
    return found


def _requester(text: str) -> str:
    if not text or not text.isprintable():
        raise InputError(f"not a pattern of requesters: {text!r}")
    return text


def _der(text: str) -> bytes:
    bare = re.sub(r"[\s:]", "", text)
    try:
        try:
            value = bytes.fromhex(bare)
        except ValueError:
            value = binascii.a2b_base64(bare, strict_mode=True)
    except ValueError as error:
        raise InputError("neither hexadecimal nor base64") from error
    _, end = der.read(value)
    if end != len(value):
        raise InputError(f"{len(value) - end} bytes follow the DER value")
    return value


def _flag(value: Any, place: Place) -> bool | None:
    if isinstance(value, bool):
        return value
    place.wrong("true or false is needed")
    return None


EXTENSION_KEYS: dict[str, Reader] = {
    "oid": read_text(_oid),
    "critical": _flag,
    "value": read_text(_der),
}


def _extensions(value: Any, place: Place) -> tuple[Extension, ...] | None:
    if not isinstance(value, list):
        place.wrong("a list of tables is needed: [[profiles.NAME.extensions]]")
        return None
    found = {}
    for number, table in enumerate(value):
        here = place.at(number)
        read = read_table(table, EXTENSION_KEYS, here)
        for key in ("oid", "value"):
            if isinstance(table, dict) and key not in table:
                here.wrong(f"{key} is missing")
        kind = read.get("oid", "")
        if kind in _OURS:
            here.at("oid").wrong(f"{kind} is written from {_OURS[kind]}")
        if kind in found:
            here.at("oid").wrong(f"{kind} is there twice")
        critical = read.get("critical", False)
        found[kind] = Extension(kind, critical, read.get("value", b""))
    return tuple(found.values())


# Those of a policy's own table too: what limits all profiles.
LIMIT_KEYS: dict[str, Reader] = {
    "keys": read_list(_key_kind),
    "max_days": read_days,
    "max_lifetime": read_lifetime(_SHORTEST),
    "max_names": read_count(1, 1000),
    "names": read_names,
}
PROFILE_KEYS: dict[str, Reader] = {
    **LIMIT_KEYS,
    "extends": read_text(str),
    "default_days": read_days,
    "default_lifetime": read_lifetime(_SHORTEST),
    "backdate": read_lifetime(timedelta()),
    "key_usage": read_list(_key_usage),
    "extended_key_usage": read_list(_extended_key_usage),
    "must_staple": read_choice("true", "false", "on-request"),
    "requesters": read_list(_requester),
    "subject": read_text(_subject),
    "common_name": read_choice("names", "any", "none"),
    "subject_from_request": read_choice("use", "ignore", "refuse"),
    "asked_extensions": read_choice("refuse", "ignore"),
    "extensions": _extensions,
    "ca": _flag,
    "path_length": read_count(0, 16),
    "name_constraints": read_constraints,
    "revocation": read_choice("always", "none"),
}

# What a profile that says nothing is.
DEFAULTS: Mapping[str, Any] = {
    "keys": KINDS,
    "default_lifetime": timedelta(days=90),
    "max_lifetime": timedelta(days=397),
    "max_names": 100,
    "names": None,
    "backdate": BACKDATE,
    "key_usage": (KEY_USAGES["digitalSignature"], KEY_USAGES["keyEncipherment"]),
    "extended_key_usage": (),
    "must_staple": "false",
    "requesters": ("*",),
    "subject": (),
    "common_name": "names",
    "subject_from_request": "ignore",
    "asked_extensions": "refuse",
    "extensions": (),
    "ca": False,
    "path_length": None,
    "name_constraints": None,
    "revocation": "always",
}


def read_limits(
    table: object, readers: Mapping[str, Reader], place: Place
) -> dict[str, Any]:
    """Read a table, its days turned into lifetimes."""
    found = read_table(table, readers, place)
    for which in ("max", "default"):
        days, lifetime = f"{which}_days", f"{which}_lifetime"
        if days in found and lifetime in found:
            place.at(days).wrong(f"{lifetime} says the same: keep one of them")
        if days in found:
            found[lifetime] = found.pop(days)
    return found


def make_profile(name: str, values: Mapping[str, Any], place: Place) -> Profile:
    """Return the profile of all its values, its own and those it extends."""
    value = {**DEFAULTS, **values}
    _check(value, values, place)
    return Profile(
        name=name,
        keys=frozenset(value["keys"]),
        default=value["default_lifetime"],
        longest=value["max_lifetime"],
        backdate=value["backdate"],
        key_usage=sum(value["key_usage"]),
        extended_key_usage=value["extended_key_usage"],
        names=value["names"],
        most_names=value["max_names"],
        requesters=value["requesters"],
        must_staple=value["must_staple"],
        subject=value["subject"],
        common_name=value["common_name"],
        subject_from_request=value["subject_from_request"],
        asked_extensions=value["asked_extensions"],
        extensions=value["extensions"],
        is_ca=value["ca"],
        path_length=value["path_length"],
        name_constraints=value["name_constraints"],
        revocation=value["revocation"],
    )


def _check(value: Mapping[str, Any], own: Mapping[str, Any], place: Place) -> None:
    """Find what each key allows alone, and not together."""
    default, longest = value["default_lifetime"], value["max_lifetime"]
    if default > longest:
        where = "default_lifetime" if "default_lifetime" in own else "max_lifetime"
        place.at(where).wrong(f"the default, {default}, is longer than {longest}")
    for key in ("keys", "requesters"):
        if not value[key]:
            place.at(key).wrong("an empty list allows nothing")
    usages = set(value["key_usage"])
    signs = usages & {KEY_USAGES["keyCertSign"], KEY_USAGES["cRLSign"]}
    if value["ca"] and KEY_USAGES["keyCertSign"] not in usages:
        place.at("key_usage").wrong("a CA needs keyCertSign")
    if not value["ca"] and signs:
        place.at("key_usage").wrong("keyCertSign and cRLSign are for ca = true only")
    for key in ("path_length", "name_constraints"):
        if value[key] is not None and not value["ca"]:
            place.at(key).wrong("is for ca = true only")
    serves = oid.SERVER_AUTH in value["extended_key_usage"]
    if serves and value["common_name"] == "any" and not value["ca"]:
        place.at("common_name").wrong(
            "old clients take a server's common name for a host: not any"
        )
    if value["must_staple"] != "false" and not serves:
        place.at("must_staple").wrong("is for serverAuth only")
    if value["revocation"] == "none":
        _check_without_status(value, place.at("revocation"))


def _check_without_status(value: Mapping[str, Any], place: Place) -> None:
    """Find what no certificate may be whose status nobody tells (RFC 9608)."""
    if value["ca"]:
        place.wrong('"none" is not for a CA')
    longest, most = value["max_lifetime"], _LONGEST_WITHOUT_STATUS
    if longest > most:
        place.wrong(
            f'"none" is for max_lifetime = "{most.days}d" at most, and it is {longest}'
        )
    if value["must_staple"] != "false":
        place.wrong('"none" leaves no OCSP responses: not with must_staple')
