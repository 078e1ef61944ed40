"""One object at a time: who describes what, loaded only when there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.signature import is_broken_key

_Describer = Callable[[Found, Context], Described]

# Kind: the module below this package, and the function in it.
_DESCRIBERS = {
    "certificate": ("certificate_object", "describe_certificate"),
    "certificate-signing-request": ("request", "describe_request"),
    "certificate-revocation-list": ("revocation", "describe_revocation_list"),
    "private-key": ("private", "describe_private_key"),
    "public-key": ("public", "describe_public_key"),
    "parameters": ("parameters", "describe_parameters"),
    "ocsp-request": ("status", "describe_ocsp_request"),
    "ocsp-response": ("status", "describe_ocsp_response"),
    "pkcs7": ("pkcs7", "describe_pkcs7"),
    "pkcs12": ("pkcs12", "describe_pkcs12"),
    "java-keystore": ("keystore", "describe_keystore"),
}


def describe_objects(
    found: Sequence[Found], context: Context, most: int
) -> list[Described]:
    """Describe each of `found`, and after each what is inside it, `most` in all."""
    objects: list[Described] = []
    for one in found:
        described = _describe(one, context)
        index = len(objects)
        objects.append(described)
        for inner in described.inner:
            # What is inside holds nothing more: certificates, keys, lists.
            part = _describe(inner, context)
            part.inside = index
            objects.append(part)
        if len(objects) >= most:
            break
    return objects[:most]


def _describe(found: Found, context: Context) -> Described:
    module, name = _DESCRIBERS.get(found.kind, ("", ""))
    if module:
        loaded = import_module(f"tlsmith.core.describe.{module}")
        describer: _Describer = getattr(loaded, name)
        described = describer(found, context)
    else:
        described = _unknown(found)
    described.findings = [*found.findings, *described.findings]
    if not described.is_broken and described.spki and is_broken_key(described.spki):
        message = "the public key cannot be used: it is no key of its kind"
        described.add(PROBLEM, "bad-key", message)
    return described


def _unknown(found: Found) -> Described:
    described = Described(found, {})
    if found.kind == "openpgp":
        message = f"{found.label}: OpenPGP, not TLS; gpg --show-keys explains it"
        described.add(NOTE, "openpgp", message)
    elif not found.findings:
        message = f"not a structure we know: {found.label or 'DER'}"
        described.add(WARNING, "unknown-object", message)
    return described
