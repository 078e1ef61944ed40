"""Which of the things that were read go into the output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tlsmith.core.formats.chain import Ordered, order_certificates, public_info
from tlsmith.core.formats.naming import first_name
from tlsmith.core.formats.objects import HeldKey, Objects
from tlsmith.core.formats.targets import KEY_TARGETS, TARGETS
from tlsmith.errors import InputError, KeyMismatchError


@dataclass(slots=True)
class Selection:
    """What a conversion has to work with.

    Args:
        key: that of the end entity, where the format takes one or there is none else.
        warnings: what is left out or less safe than it was.
        notes: other things worth knowing.
    """

    objects: Objects
    ordered: Ordered
    key: HeldKey | None
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def private_key(self) -> Any:
        return self.key.key if self.key else None


def select(objects: Objects, to: str, *, check_key: bool = False) -> Selection:
    """Return what of `objects` the format `to` is made from.

    Args:
        check_key: the key must belong to the certificate even where it is left out.

    Raises:
        KeyMismatchError: no key belongs to the end entity certificate.
        InputError: there is no key where the format needs one, or there are several.
    """
    target = TARGETS[to]
    infos = {key.info for key in objects.keys}
    ordered = order_certificates(objects.certificates, infos)
    selection = Selection(objects, ordered, None)
    if target.needs_key and not objects.keys:
        raise _without_key(to, objects)
    if to in KEY_TARGETS:
        selection.key = _key_alone(selection)
    elif objects.certificates and (target.takes_key or check_key):
        selection.key = _matching_key(selection)
    elif len(objects.keys) == 1:
        selection.key = objects.keys[0]
    return selection


def _matching_key(selection: Selection) -> HeldKey | None:
    keys, ordered = selection.objects.keys, selection.ordered
    if not keys:
        return None
    first = ordered.chain[0] if ordered.chain else None
    info = public_info(first.parsed) if first else None
    for key in keys:
        if key.info == info:
            return key
    files = " and ".join(dict.fromkeys(key.source for key in keys))
    if first is None:
        held = selection.objects.certificates[0].source
        message = f"no certificate in {held} belongs to the private key in {files}"
    else:
        message = (
            f"the private key in {files} does not belong to the certificate of "
            f"{first_name(first.parsed)!r} in {first.source}"
        )
    raise KeyMismatchError(message, hint="see what each is with `tlsmith show`")


def _key_alone(selection: Selection) -> HeldKey:
    """Return the key of the end entity, or else the only one."""
    keys = selection.objects.keys
    if selection.ordered.chain:
        info = public_info(selection.ordered.chain[0].parsed)
        for key in keys:
            if key.info == info:
                return key
    if len(keys) == 1:
        if selection.ordered.chain:
            selection.warnings.append(
                "the private key does not belong to the certificate beside it"
            )
        return keys[0]
    raise several_keys(selection.objects)


def several_keys(objects: Objects) -> InputError:
    """Return what to raise where one key is wanted and there are more."""
    sources = " and ".join(dict.fromkeys(key.source for key in objects.keys))
    return InputError(
        f"there are {len(objects.keys)} private keys in {sources}, and none belongs to "
        "the end entity certificate",
        code="several-keys",
        hint="give a file that holds one, or its certificate with it",
    )


def _without_key(to: str, objects: Objects) -> InputError:
    held = objects.certificates[0].source if objects.certificates else "the input"
    return InputError(
        f"{held} has no private key, and --to {to} needs one",
        code="no-private-key",
        hint="name its file with --key",
    )
