"""The address of a key in a token (RFC 7512)."""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from tlsmith.errors import InputError

_PATH_NAMES = {
    "token",
    "manufacturer",
    "model",
    "serial",
    "object",
    "id",
    "type",
    "slot-id",
}
_QUERY_NAMES = {"module-path", "module-name", "pin-source"}
# Where Linux distributions and Homebrew put modules, "" among them for a full name.
_FOLDERS = (
    "/usr/lib/{machine}-linux-gnu/pkcs11",
    "/usr/lib/{machine}-linux-gnu",
    "/usr/lib/softhsm",
    "/usr/lib/pkcs11",
    "/usr/lib64/pkcs11",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib/softhsm",
    "/usr/local/lib",
    "/opt/homebrew/lib/softhsm",
    "/opt/homebrew/lib",
)


class TokenKey(NamedTuple):
    """What a PKCS#11 URI says; None for what it leaves open.

    Args:
        uri: as it was written.
        module: path of the PKCS#11 module.
        pin_source: path of the file that holds the PIN.
    """

    uri: str
    module: str
    token: str | None
    manufacturer: str | None
    model: str | None
    serial: str | None
    slot_id: int | None
    object: str | None
    id: bytes | None
    pin_source: str | None


def parse_pkcs11_uri(uri: str) -> TokenKey:
    """Return what a PKCS#11 URI names: a private key in a token.

    Raises:
        InputError: it is none, holds a PIN, or names no key or no module.
    """
    path, _, query = uri.removeprefix("pkcs11:").partition("?")
    parts = _attributes(uri, path, ";", _PATH_NAMES)
    asked = _attributes(uri, query, "&", _QUERY_NAMES)
    if parts.get("type", "private") != "private":
        raise _mistake(uri, "its type is not private", "write type=private, or no type")
    if "object" not in parts and "id" not in parts:
        raise _mistake(uri, "it names no key", "add object=NAME or id=%01")
    slot = parts.get("slot-id")
    if slot is not None and not slot.isdecimal():
        raise _mistake(uri, "its slot-id is no number", "see `pkcs11-tool -L`")
    return TokenKey(
        uri=uri,
        module=_module(uri, asked),
        token=parts.get("token"),
        manufacturer=parts.get("manufacturer"),
        model=parts.get("model"),
        serial=parts.get("serial"),
        slot_id=None if slot is None else int(slot),
        object=parts.get("object"),
        id=unquote_to_bytes(_raw(path, "id")) if "id" in parts else None,
        pin_source=_pin_source(uri, asked.get("pin-source")),
    )


def _attributes(uri: str, text: str, mark: str, known: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split(mark)):
        name, equals, value = part.partition("=")
        if name == "pin-value":
            # Not `uri`: the PIN is in it.
            raise InputError(
                "a PKCS#11 URI with pin-value in it: addresses are kept in the "
                "database and shown",
                code="secret-in-uri",
                hint="put the PIN in a file of mode 0600 and write "
                "pin-source=file:/PATH",
            )
        if name not in known or not equals:
            raise _mistake(
                uri, f"{name!r} is not known", f"choose from {', '.join(sorted(known))}"
            )
        if name in found:
            raise _mistake(uri, f"{name!r} is in it twice", "write it once")
        found[name] = unquote(value, errors="replace")
    return found


def _raw(path: str, name: str) -> str:
    """Return an attribute that is bytes, as it stands."""
    for part in path.split(";"):
        if part.startswith(f"{name}="):
            return part[len(name) + 1 :]
    return ""


def _module(uri: str, asked: dict[str, str]) -> str:
    if "module-path" in asked:
        return asked["module-path"]
    name = asked.get("module-name")
    if name is None:
        raise _mistake(
            uri, "it names no module", "add ?module-path=/usr/lib/.../libsofthsm2.so"
        )
    machine = os.uname().machine if hasattr(os, "uname") else ""
    for folder in _FOLDERS:
        for file in (f"lib{name}.so", f"{name}.so", f"lib{name}.dylib", name):
            path = os.path.join(folder.format(machine=machine), file)
            if os.path.isfile(path):
                return path
    raise InputError(
        f"no PKCS#11 module {name!r} in the usual folders",
        code="module-missing",
        hint="install it, or say where it is: module-path=PATH",
    )


def _pin_source(uri: str, source: str | None) -> str | None:
    if source is None:
        return None
    path = source.removeprefix("file:").removeprefix("//")
    if not os.path.isabs(path):
        raise _mistake(
            uri, "its pin-source is no whole path", "write pin-source=file:/PATH"
        )
    return path


def _mistake(uri: str, what: str, hint: str) -> InputError:
    return InputError(f"the address {uri!r}: {what}", code="bad-uri", hint=hint)
