"""Read a file of any format: what is in it, each object once."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tlsmith.core import der
from tlsmith.core.describe.findings import NOTE
from tlsmith.core.describe.recognise import recognise
from tlsmith.core.formats.containers import load_keystore, load_pkcs7, load_pkcs12
from tlsmith.core.formats.keyfile import load_private_key
from tlsmith.core.formats.objects import Objects
from tlsmith.core.formats.parsed import (
    check_crl,
    check_request,
    held_certificate,
    held_key,
    load_public_key,
)
from tlsmith.core.formats.pem import encode_pem
from tlsmith.errors import InputError, PassphraseError

if TYPE_CHECKING:
    from tlsmith.core.describe.found import Found

_ENCRYPTED = ("encrypted-pkcs8", "encrypted-pem")
# What makes an object half an object; other faults are in its wrapping only.
_BROKEN = ("missing-end", "bad-base64", "empty-block")


def load_objects(
    data: bytes, passphrases: Sequence[bytes] = (), *, source: str = "the input"
) -> Objects:
    """Return everything in the bytes of a file, whatever its format.

    Args:
        passphrases: to try on what is encrypted. PKCS#12 and Java keystores are tried
            with none, an empty one and "changeit" where there are none.
        source: what messages call the file.

    Raises:
        PassphraseError: one is needed, or none of those given fits.
        InputError: nothing in it is known, or something is damaged.
    """
    found = recognise(data)
    with warnings.catch_warnings():
        # The library warns of old certificates; `tlsmith show` says why, and better.
        warnings.simplefilter("ignore")
        objects = Objects().plus(*(_load(one, passphrases, source) for one in found))
    if not objects.count:
        raise InputError(
            f"there is no certificate, key, request or revocation list in {source}",
            code="not-recognised",
            hint="see what it is with `tlsmith show`",
        )
    return objects


def _load(found: Found, passphrases: Sequence[bytes], source: str) -> Objects:
    for finding in found.findings:
        if finding.code in _BROKEN:
            raise InputError(
                f"{source} is damaged: {finding.message}",
                hint="get the file again: part of it is missing or was changed",
            )
    notes = tuple(
        f"{source}: {finding.message}"
        for finding in found.findings
        if finding.level != NOTE
    )
    if found.label == "EC PARAMETERS":  # OpenSSL's companion of a key, which says it
        return Objects()
    load = _LOADERS.get(found.kind)
    if load is not None:
        return load(found, passphrases, source).plus(Objects(notes=notes))
    what = found.label or found.kind.replace("-", " ")
    passed_by = f"{source}: passed by what is no key or certificate: {what}"
    return Objects(notes=(*notes, passed_by))


def _load_certificate(found: Found, _: Sequence[bytes], source: str) -> Objects:
    content = found.content
    if found.form == "trusted":  # OpenSSL's own; behind it is what it is trusted for
        try:
            content = der.read(content)[0].whole
        except InputError as error:
            raise InputError(f"the certificate in {source} is damaged") from error
    return Objects(certificates=(held_certificate(content, source),))


def _load_key(found: Found, passphrases: Sequence[bytes], source: str) -> Objects:
    block = _key_file(found)
    for passphrase in passphrases or (None,):
        try:
            key = load_private_key(block, passphrase)
            break
        except PassphraseError as error:
            last = error
        except InputError as error:
            raise InputError(
                f"{source}: {error.message}", code=error.code, hint=error.hint
            ) from error
    else:
        raise PassphraseError(
            f"{source}: {last.message}", code=last.code, hint=last.hint
        ) from last
    encrypted = found.form in _ENCRYPTED
    return Objects(keys=(held_key(key, source, was_encrypted=encrypted),))


def _key_file(found: Found) -> bytes:
    """Return a key as a file of its own, whatever it was wrapped in."""
    if found.form == "openssh":
        return encode_pem("OPENSSH PRIVATE KEY", found.content)
    if found.form != "encrypted-pem":
        return found.content
    label = found.label or "PRIVATE KEY"
    lines = [f"-----BEGIN {label}-----"]
    lines += [f"{name}: {value}" for name, value in found.headers]
    body = base64.encodebytes(found.content).decode()
    return ("\n".join([*lines, "", body]) + f"-----END {label}-----\n").encode()


def _public_key(found: Found, source: str) -> bytes:
    if found.form in ("openssh", "ssh2"):
        text = base64.b64encode(found.content)
        size = int.from_bytes(found.content[:4], "big")
        kind = found.content[4 : 4 + size]
        return load_public_key(kind + b" " + text, "openssh", source)
    return load_public_key(found.content, found.form, source)


_LOADERS: dict[str, Callable[[Found, Sequence[bytes], str], Objects]] = {
    "certificate": _load_certificate,
    "private-key": _load_key,
    "public-key": lambda found, _, source: Objects(
        public_keys=(_public_key(found, source),)
    ),
    "certificate-signing-request": lambda found, _, source: Objects(
        requests=(check_request(found.content, source),)
    ),
    "certificate-revocation-list": lambda found, _, source: Objects(
        crls=(check_crl(found.content, source),)
    ),
    "pkcs7": lambda found, _, source: load_pkcs7(found.content, source),
    "pkcs12": lambda found, phrases, source: load_pkcs12(
        found.content, phrases, source
    ),
    "java-keystore": lambda found, phrases, source: load_keystore(
        found.content, phrases, source
    ),
}
KNOWN_KINDS = frozenset(_LOADERS)
