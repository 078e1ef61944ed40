"""Keys in AWS KMS."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tlsmith.errors import InputError, MissingExtraError, SignerError
from tlsmith.signers.base import DEADLINE
from tlsmith.signers.scheme import Scheme

T = TypeVar("T")

_SPECS = {
    "p256": "ECC_NIST_P256",
    "p384": "ECC_NIST_P384",
    "p521": "ECC_NIST_P521",
    "rsa2048": "RSA_2048",
    "rsa3072": "RSA_3072",
    "rsa4096": "RSA_4096",
}
_ALGORITHMS = {
    "p256": "ECDSA_SHA_256",
    "p384": "ECDSA_SHA_384",
    "p521": "ECDSA_SHA_512",
}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class KeyAddress(NamedTuple):
    """What an `awskms:` address says.

    Args:
        key: a key id, an ARN or `alias/NAME`; empty for a key to be made.
        region: None for the one that AWS's own settings name.
        endpoint: None for AWS's own.
    """

    key: str
    region: str | None
    endpoint: str | None

    @property
    def uri(self) -> str:
        """The address, written down."""
        settings = (("region", self.region), ("endpoint", self.endpoint))
        query = "&".join(
            f"{name}={quote(value, safe=':/')}" for name, value in settings if value
        )
        return f"awskms:///{quote(self.key, safe=':/')}" + (query and f"?{query}")


def parse_awskms_uri(uri: str) -> KeyAddress:
    """Return what `awskms:///KEY?region=R&endpoint=U` says.

    Raises:
        InputError: it is none, or would send requests over the network in the clear.
    """
    try:
        parts = urlsplit(uri)
        asked = parse_qs(parts.query, keep_blank_values=True)
    except ValueError:
        raise _mistake() from None
    if (
        not uri.startswith("awskms:///")
        or parts.fragment
        or set(asked) - {"region", "endpoint"}
    ):
        raise _mistake()
    endpoint = asked.get("endpoint", [""])[-1] or None
    _check_endpoint(endpoint)
    region = asked.get("region", [""])[-1] or None
    return KeyAddress(unquote(parts.path.lstrip("/")), region, endpoint)


def _mistake() -> InputError:
    # Without the address: people put access keys in front of a host, or behind a ?.
    return InputError(
        "not an address of a key in AWS KMS",
        code="bad-uri",
        hint="write awskms:///KEY-ID?region=REGION; credentials come from AWS's own "
        "settings",
    )


def _check_endpoint(endpoint: str | None) -> None:
    if endpoint is None:
        return
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname
    except ValueError:
        raise _mistake() from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not safe or parts.username or parts.password:
        raise InputError(
            "the endpoint of an AWS KMS address is not https, or holds credentials",
            code="bad-uri",
            hint="write endpoint=https://HOST; http is for this machine alone",
        )


class AWSKeyService:
    """One key in AWS KMS; credentials are found as every AWS tool finds them.

    Raises:
        MissingExtraError: the extra `kms` is not installed.
        InputError: the address names no key.
        SignerError: KMS cannot be reached, or refuses.
    """

    def __init__(self, address: KeyAddress, *, deadline: float = DEADLINE) -> None:
        if not address.key:
            raise InputError(
                f"the address {address.uri!r} names no key",
                code="bad-uri",
                hint="write awskms:///KEY-ID?region=REGION",
            )
        self._connection = _Connection(address, deadline)
        # An alias can be given to another key while we run; an ARN cannot.
        answer = self._connection.call(
            lambda client: client.get_public_key(KeyId=address.key)
        )
        self._public_key: bytes = answer["PublicKey"]
        self._arn: str = answer["KeyId"]
        self.uri = address.uri

    def public_key(self) -> bytes:
        """Return the DER SubjectPublicKeyInfo, as read when the key was opened."""
        return self._public_key

    def sign_digest(self, digest: bytes, scheme: Scheme) -> bytes:
        """Return the signature over a digest.

        Raises:
            SignerError: KMS cannot be reached, or refuses.
        """
        answer = self._connection.call(
            lambda client: client.sign(
                KeyId=self._arn,
                Message=digest,
                MessageType="DIGEST",
                SigningAlgorithm=_ALGORITHMS.get(
                    scheme.kind, "RSASSA_PKCS1_V1_5_SHA_256"
                ),
            )
        )
        signature: bytes = answer["Signature"]
        return signature

    def close(self) -> None:
        """Close connections."""
        self._connection.close()


def create_aws_key(uri: str, kind: str, *, deadline: float = DEADLINE) -> str:
    """Have KMS make a key, and return its address.

    Raises:
        InputError: the kind is not for KMS, or the address names a key already.
        SignerError: KMS cannot be reached, or refuses.
    """
    address = parse_awskms_uri(uri)
    if kind not in _SPECS:
        raise InputError(
            f"AWS KMS makes no key of kind {kind!r}",
            code="unsupported-key",
            hint=f"choose from {', '.join(_SPECS)}",
        )
    if address.key:
        raise InputError(
            f"the address {uri!r} names a key, and KMS names its keys itself",
            code="bad-uri",
            hint="write awskms:///?region=REGION for a new key",
        )
    connection = _Connection(address, deadline)
    try:
        answer = connection.call(
            lambda client: client.create_key(
                KeySpec=_SPECS[kind],
                KeyUsage="SIGN_VERIFY",
                Description="CA key of tlsmith",
            )
        )
    finally:
        connection.close()
    return address._replace(key=answer["KeyMetadata"]["KeyId"]).uri


class _Connection:
    """A client of KMS, made anew in a forked process: sockets must not be shared."""

    def __init__(self, address: KeyAddress, deadline: float) -> None:
        try:
            import boto3  # noqa: F401 -- to know that it is there
        except ImportError as error:
            raise MissingExtraError("kms", needed_for="a key in AWS KMS") from error
        self._address = address
        self._deadline = deadline
        self._client: tuple[int, Any] = (-1, None)

    def call(self, work: Callable[[Any], T]) -> T:
        """Return what `work` returns, given the client.

        Raises:
            SignerError: KMS cannot be reached, or refuses.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        key = self._address.uri
        try:
            return work(self._current())
        except ClientError as error:
            said = error.response.get("Error", {}).get("Code", "an error")
            raise SignerError(
                f"AWS KMS refused, for the key {key!r}: {said}",
                key=key,
                code="kms-refused",
                hint="check that the key exists and is enabled, and that this account "
                "may use kms:GetPublicKey and kms:Sign (kms:CreateKey to make one)",
            ) from error
        except (BotoCoreError, ValueError) as error:
            raise SignerError(
                f"AWS KMS cannot be used for the key {key!r}: {type(error).__name__}",
                key=key,
                code="kms-unreachable",
                hint="check the network, the region, and AWS's own settings: "
                "`aws sts get-caller-identity`",
            ) from error

    def close(self) -> None:
        """Close the client."""
        (_, client), self._client = self._client, (-1, None)
        if client is not None:
            client.close()

    def _current(self) -> Any:
        # No lock, which a fork would copy held: two threads may both make a client.
        process, client = self._client
        if process != os.getpid():
            client = self._made()
            self._client = (os.getpid(), client)
        return client

    def _made(self) -> Any:
        import boto3
        from botocore.config import Config

        # Two attempts, each to connect and to read, within the deadline.
        each = self._deadline / 4
        settings = Config(
            connect_timeout=each,
            read_timeout=each,
            retries={"total_max_attempts": 2, "mode": "standard"},
            max_pool_connections=64,
        )
        # A session of our own: boto3's default one is not for several threads.
        return boto3.session.Session().client(
            "kms",
            region_name=self._address.region,
            endpoint_url=self._address.endpoint,
            config=settings,
        )
