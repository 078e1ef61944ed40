"""Whom to write to about an account (RFC 8555 section 7.3)."""

from __future__ import annotations

from collections.abc import Sequence

from tlsmith.acme.problems import invalid_contact, unsupported_contact
from tlsmith.core.names import parse_name, quoted
from tlsmith.errors import InputError

MOST_CONTACTS = 10


def parse_contacts(
    contacts: Sequence[str], *, most: int = MOST_CONTACTS
) -> tuple[str, ...]:
    """Return the contacts of an account, each once: mailto URLs of one address each.

    Raises:
        ACMEProblem: unsupportedContact or invalidContact.
    """
    if len(contacts) > most:
        raise invalid_contact(f"{len(contacts)} contacts, where {most} are the most")
    return tuple(dict.fromkeys(map(_parse_contact, contacts)))


def _parse_contact(contact: str) -> str:
    scheme, colon, address = contact.partition(":")
    if not colon:
        raise invalid_contact(f"not a URL: {quoted(contact)}; write mailto:a@b.test")
    if scheme.lower() != "mailto":
        raise unsupported_contact(f"only mailto is supported, not {quoted(contact)}")
    # No header fields and no second address (RFC 8555 section 7.3); percent-encoded,
    # either could be hidden.
    if "%" in address:
        raise invalid_contact(
            f"percent-encoding, which is not taken, in {quoted(contact)}; write the "
            "address as it is"
        )
    if "?" in address:
        raise invalid_contact(
            f"header fields in {quoted(contact)}; give the address alone"
        )
    if "," in address:
        raise invalid_contact(
            f"more than one address in {quoted(contact)}; give a contact for each"
        )
    try:
        name = parse_name(address)
    except InputError as error:
        raise invalid_contact(error.message) from None
    if name.kind != "email":
        raise invalid_contact(f"not an e-mail address: {quoted(address)}")
    return f"mailto:{name.value}"
