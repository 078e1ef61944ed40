"""Key pairs in a PKCS#11 token: finding them, making them, reading the public half.

All of it is for the module's own thread.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from tlsmith.core import der
from tlsmith.errors import InputError, SignerError

if TYPE_CHECKING:
    from tlsmith.signers.pkcs11_uri import TokenKey
    from tlsmith.signers.scheme import Scheme

_CURVES = {
    "p256": der.object_identifier("1.2.840.10045.3.1.7"),
    "p384": der.object_identifier("1.3.132.0.34"),
    "p521": der.object_identifier("1.3.132.0.35"),
    "ed25519": der.object_identifier("1.3.101.112"),
}
_RSA = ("rsa2048", "rsa3072", "rsa4096")
_EC_PUBLIC_KEY = der.object_identifier("1.2.840.10045.2.1")
_RSA_ENCRYPTION = der.object_identifier("1.2.840.113549.1.1.1")
# What PKCS #11 v3.0 writes for Ed25519 in place of its identifier.
_EDWARDS_NAME = der.encode(0x13, b"edwards25519")


def mechanism_of(scheme: Scheme) -> Any:
    """Return the mechanism that signs a digest, or for Ed25519 the data itself.

    Hashing here, not in the token, keeps a CRL of many megabytes from travelling there.
    """
    from pkcs11 import Mechanism

    if scheme.kind.startswith("rsa"):
        return Mechanism.RSA_PKCS
    return Mechanism.EDDSA if scheme.kind == "ed25519" else Mechanism.ECDSA


def find_private_key(session: Any, address: TokenKey) -> Any:
    """Return the one private key that an address names.

    Raises:
        SignerError: there is none, more than one, or it may not sign.
    """
    from pkcs11 import ObjectClass

    found = _objects(session, address, ObjectClass.PRIVATE_KEY)
    if len(found) == 1 and not hasattr(found[0], "sign"):
        raise SignerError(
            f"the key at {address.uri!r} may not sign",
            key=address.uri,
            code="key-cannot-sign",
            hint="use one with CKA_SIGN, as `pkcs11-tool --usage-sign` makes it",
        )
    if len(found) == 1:
        return found[0]
    raise SignerError(
        f"{'more than one key fits' if found else 'there is no key at'} "
        f"{address.uri!r}",
        key=address.uri,
        code="key-ambiguous" if found else "key-missing",
        hint="say which: add id=%.. to it"
        if found
        else "see which keys there are: `pkcs11-tool --login -O`",
    )


def asks_each_time(private_key: Any) -> bool:
    """Tell whether a key wants the PIN for each signature, as smart cards' may."""
    from pkcs11 import Attribute
    from pkcs11.exceptions import PKCS11Error

    try:
        return bool(private_key[Attribute.ALWAYS_AUTHENTICATE])
    except (PKCS11Error, KeyError):
        return False


def find_public_key(session: Any, address: TokenKey, private_key: Any) -> bytes:
    """Return the DER SubjectPublicKeyInfo of a private key in a token.

    Raises:
        SignerError: the token holds no public half of it.
    """
    from pkcs11 import Attribute, ObjectClass
    from pkcs11.exceptions import PKCS11Error

    exact = address._replace(id=private_key[Attribute.ID] or address.id)
    for candidate in (
        *_objects(session, exact, ObjectClass.PUBLIC_KEY),
        private_key,  # of an RSA key the private object says it too
    ):
        try:
            return _public_key_info(candidate)
        except (PKCS11Error, KeyError, InputError):
            continue
    raise SignerError(
        f"the token holds no public key beside {address.uri!r}",
        key=address.uri,
        code="public-key-missing",
        hint="write it there, with the same id: `pkcs11-tool --write-object KEY "
        "--type pubkey --id ..`",
    )


def generate_key_pair(session: Any, address: TokenKey, kind: str) -> None:
    """Generate a key pair that stays in the token.

    Raises:
        SignerError: there is a key at that address already.
        InputError: the kind is not for tokens.
    """
    from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass

    if kind not in _CURVES and kind not in _RSA:
        raise InputError(
            f"a token makes no key of kind {kind!r}",
            code="unsupported-key",
            hint=f"choose from {', '.join((*_CURVES, *_RSA))}",
        )
    if _objects(session, address, ObjectClass.PRIVATE_KEY):
        raise SignerError(
            f"there is a key at {address.uri!r} already",
            key=address.uri,
            code="key-exists",
            hint="choose another object name or id",
        )
    settings = {
        "id": address.id or secrets.token_bytes(16),
        "label": address.object,
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    }
    writing = session.token.open(rw=True)
    try:
        if kind in _RSA:
            writing.generate_keypair(KeyType.RSA, int(kind[3:]), **settings)
        else:
            family = KeyType.EC_EDWARDS if kind == "ed25519" else KeyType.EC
            curve = {Attribute.EC_PARAMS: _CURVES[kind]}
            domain = writing.create_domain_parameters(family, curve, local=True)
            domain.generate_keypair(**settings)
    finally:
        writing.close()


def _objects(session: Any, address: TokenKey, kind: Any) -> list[Any]:
    from pkcs11 import Attribute

    wanted = {Attribute.CLASS: kind}
    if address.object is not None:
        wanted[Attribute.LABEL] = address.object
    if address.id is not None:
        wanted[Attribute.ID] = address.id
    return list(session.get_objects(wanted))


def _public_key_info(key: Any) -> bytes:
    from pkcs11 import Attribute, KeyType

    if key.key_type is KeyType.RSA:
        numbers = (key[Attribute.MODULUS], key[Attribute.PUBLIC_EXPONENT])
        parts = (der.integer(int.from_bytes(each)) for each in numbers)
        algorithm = der.sequence(_RSA_ENCRYPTION, der.encode(der.NULL))
        return der.sequence(algorithm, der.bit_string(der.sequence(*parts)))
    parameters, point = key[Attribute.EC_PARAMS], key[Attribute.EC_POINT]
    # The point stands in an OCTET STRING (PKCS #11 v3.0 section 2.3.3).
    bits = der.bit_string(der.only(point, der.OCTET_STRING).content)
    if parameters in (_CURVES["ed25519"], _EDWARDS_NAME):
        return der.sequence(der.sequence(_CURVES["ed25519"]), bits)
    return der.sequence(der.sequence(_EC_PUBLIC_KEY, parameters), bits)
