"""The writers of `tlsmith convert`: one for each format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tlsmith.core.formats.chain import is_ca
from tlsmith.core.formats.containers import USUAL_PASSPHRASE
from tlsmith.core.formats.keyfile import encode_private_key
from tlsmith.core.formats.kubernetes import encode_kubernetes_secret
from tlsmith.core.formats.naming import first_name
from tlsmith.core.formats.objects import HeldCertificate
from tlsmith.core.formats.pem import encode_chain, encode_pem
from tlsmith.core.formats.pkcs7 import encode_pkcs7
from tlsmith.core.formats.pkcs12 import encode_java_truststore, encode_pkcs12
from tlsmith.core.formats.selection import Selection, several_keys
from tlsmith.core.formats.traditional import encode_traditional_key
from tlsmith.errors import InputError


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write.

    Args:
        to: one of `TARGETS`.
        passphrase: of the output; None leaves keys as they are and gives PKCS#12 the
            passphrase everyone expects, "changeit".
        name: friendly name, alias or name of the Secret.
        namespace: of the Secret.
        legacy: for old clients of PKCS#12.
        check_key: refuse a key that is not the certificate's even where it is left out.
    """

    to: str
    passphrase: bytes | None = None
    name: str | None = None
    namespace: str | None = None
    legacy: bool = False
    check_key: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """What a writer made, and what of the selection is in it."""

    data: bytes
    contents: str
    has_key: bool = False
    encrypted: bool = False
    requests: bool = False
    crls: bool = False
    public_keys: bool = False


def _pem(selection: Selection, wanted: Wanted) -> Piece:
    certificates = (*_served(selection), *selection.ordered.others)
    if selection.key is None:
        return Piece(encode_chain(_ders(certificates)), _count(certificates))
    return _with_key(selection, wanted, certificates)


def _chain(selection: Selection, _: Wanted) -> Piece:
    certificates = selection.ordered.all
    return Piece(encode_chain(_ders(certificates)), _count(certificates))


def _der(selection: Selection, _: Wanted) -> Piece:
    first, *rest = selection.ordered.all
    if rest:
        selection.warnings.append(
            f"DER holds one certificate: that of {first_name(first.parsed)!r} was "
            f"taken, {len(rest)} left out; --to p7b-der or --to chain keeps them all"
        )
    return Piece(first.der, _count([first]))


def _combined(selection: Selection, wanted: Wanted) -> Piece:
    return _with_key(selection, wanted, _served_alone(selection))


def _with_key(
    selection: Selection, wanted: Wanted, certificates: Sequence[HeldCertificate]
) -> Piece:
    key = encode_private_key(selection.private_key, wanted.passphrase)
    return Piece(
        encode_chain(_ders(certificates)) + key,
        f"the private key and {_count(certificates)}",
        has_key=True,
        encrypted=wanted.passphrase is not None,
    )


def _p12(selection: Selection, wanted: Wanted) -> Piece:
    certificates = selection.ordered.all
    name = wanted.name or certificates[0].alias or first_name(certificates[0].parsed)
    data = encode_pkcs12(
        selection.private_key,
        _ders(certificates),
        passphrase=_passphrase(selection, wanted),
        name=name,
        legacy=wanted.legacy,
    )
    contents = _count(certificates)
    if selection.key is None:
        selection.warnings.append(
            "there is no private key in it, as none was given: name its file with --key"
        )
    else:
        contents = f"the private key and {contents}"
    return Piece(data, contents, has_key=selection.key is not None, encrypted=True)


def _p7b(selection: Selection, wanted: Wanted) -> Piece:
    certificates = selection.ordered.all
    data = encode_pkcs7(_ders(certificates), der=wanted.to == "p7b-der")
    return Piece(data, _count(certificates))


def _truststore(selection: Selection, wanted: Wanted) -> Piece:
    certificates = selection.ordered.all
    names = [wanted.name or one.alias or first_name(one.parsed) for one in certificates]
    for one in certificates:
        if not is_ca(one.parsed):
            selection.warnings.append(
                f"the certificate of {first_name(one.parsed)!r} is no CA's: Java will "
                "trust that one alone, until it expires"
            )
    passphrase = _passphrase(selection, wanted)
    data = encode_java_truststore(
        _ders(certificates), passphrase, names, legacy=wanted.legacy
    )
    return Piece(data, _count(certificates), encrypted=True)


def _secret(selection: Selection, wanted: Wanted) -> Piece:
    chain = _served_alone(selection, noted=False)
    ordered = selection.ordered
    root = ordered.chain[len(chain) :]
    data = encode_kubernetes_secret(
        _ders(chain),
        selection.private_key,
        name=wanted.name or first_name(chain[0].parsed),
        namespace=wanted.namespace,
        ca=_ders(root),
    )
    contents = f"the private key and {_count(chain)}"
    if root:
        contents += ", the root as ca.crt"
    return Piece(data, contents, has_key=True)


def _key(selection: Selection, wanted: Wanted) -> Piece:
    data = encode_private_key(
        selection.private_key, wanted.passphrase, der=wanted.to in ("key-der", "der")
    )
    return Piece(
        data,
        "the private key",
        has_key=True,
        encrypted=wanted.passphrase is not None,
    )


def _traditional(selection: Selection, _: Wanted) -> Piece:
    data = encode_traditional_key(selection.private_key)
    return Piece(data, "the private key", has_key=True)


WRITERS: dict[str, Callable[[Selection, Wanted], Piece]] = {
    "pem": _pem,
    "der": _der,
    "chain": _chain,
    "combined": _combined,
    "p12": _p12,
    "p7b": _p7b,
    "p7b-der": _p7b,
    "jks-truststore": _truststore,
    "k8s-secret": _secret,
    "pkcs8": _key,
    "key-der": _key,
    "pkcs1": _traditional,
}


def write_without_certificates(selection: Selection, wanted: Wanted) -> Piece:
    """Write requests, revocation lists, public keys or a key, in PEM or DER."""
    objects = selection.objects
    if wanted.to not in ("pem", "der"):
        raise InputError(
            f"there is no certificate to put into --to {wanted.to}",
            code="no-certificate",
            hint="give the certificate as IN, and its key with --key",
        )
    as_der = wanted.to == "der"
    for label, ders, used in (
        ("CERTIFICATE REQUEST", objects.requests, {"requests": True}),
        ("X509 CRL", objects.crls, {"crls": True}),
    ):
        if ders:
            return _plain(selection, label, ders, as_der=as_der, used=used)
    if objects.keys:
        if len(objects.keys) > 1:
            raise several_keys(objects)
        return _key(selection, wanted)
    used = {"public_keys": True}
    return _plain(
        selection, "PUBLIC KEY", objects.public_keys, as_der=as_der, used=used
    )


def _plain(
    selection: Selection,
    label: str,
    ders: Sequence[bytes],
    *,
    as_der: bool,
    used: dict[str, bool],
) -> Piece:
    title = _TITLES[label]
    if not as_der:
        data = b"".join(encode_pem(label, der) for der in ders)
        return Piece(data, plural(len(ders), title), **used)
    if len(ders) > 1:
        selection.warnings.append(
            f"DER holds one {title}: the first was taken, {len(ders) - 1} left out; "
            "--to pem keeps them all"
        )
    return Piece(ders[0], plural(1, title), **used)


_TITLES = {
    "CERTIFICATE REQUEST": "certification request",
    "X509 CRL": "certificate revocation list",
    "PUBLIC KEY": "public key",
}


def _served(selection: Selection) -> tuple[HeldCertificate, ...]:
    """Return the chain as servers send it: without the root, which clients have."""
    ordered = selection.ordered
    shorter = ordered.without_root
    has_own_key = bool(selection.objects.keys)
    if len(shorter) == len(ordered.chain):
        return shorter
    if is_ca(ordered.chain[0].parsed) and not has_own_key:
        return ordered.chain  # CA certificates alone: a bundle, not a server's file
    root = first_name(ordered.chain[-1].parsed)
    selection.notes.append(
        f"the root {root!r} was left out, as clients have it; --to chain keeps it"
    )
    return shorter


def _served_alone(
    selection: Selection, *, noted: bool = True
) -> tuple[HeldCertificate, ...]:
    chain = _served(selection) if noted else selection.ordered.without_root
    others = selection.ordered.others
    if others:
        names = ", ".join(repr(first_name(one.parsed)) for one in others[:5])
        selection.warnings.append(
            f"left out, as not of this chain: {plural(len(others), 'certificate')} "
            f"({names}{', ...' if len(others) > 5 else ''})"
        )
    return chain


def _passphrase(selection: Selection, wanted: Wanted) -> bytes:
    if wanted.passphrase is not None:
        return wanted.passphrase
    selection.notes.append(
        f'its passphrase is "{USUAL_PASSPHRASE.decode()}", as most tools expect: '
        "whoever can read it can open it"
    )
    return USUAL_PASSPHRASE


def _ders(certificates: Sequence[HeldCertificate]) -> list[bytes]:
    return [one.der for one in certificates]


def _count(certificates: Sequence[HeldCertificate]) -> str:
    return plural(len(certificates), "certificate")


def plural(count: int, title: str) -> str:
    """Return a count and what is counted."""
    return f"{count} {title}{'' if count == 1 else 's'}"
