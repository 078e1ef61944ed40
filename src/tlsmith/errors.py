"""Every exception tlsmith raises.

TLSmithError                 message, code, hint
  InputError                 also ValueError: a name, key, CSR, certificate, format
    PassphraseError          a wrong or missing passphrase
  FileError                  a file that cannot be read or written
  ProfileError               every broken rule at once, each with its path
  IssuanceError              an issuer that cannot or may not sign this
    KeyMismatchError         a key and a certificate that do not belong together
    NotACAError              an issuer whose certificate is no CA's
    NotCRLSignerError        an issuer whose certificate may not sign CRLs
    ChainError               a chain no client would accept, every reason listed
    PathLengthError          a chain longer than the issuer allows
    ValidityError            a validity its issuer or its profile does not allow
    NameNotPermittedError    a name outside the issuer's name constraints
  SignerError                a CA's key that cannot be reached, made or used
  StorageError               a store that cannot be reached, read or written
    NotFoundError            nothing there goes by that name or number
    ConflictError            what was to be put in is there already
    MigrationError           a schema that is not this version's
  AccessError                who asks may not do that
  TrustStoreError            a trust store that cannot be read or changed
    ToolMissingError         the store's own tool is not on this machine
    PrivilegeError           changing the store needs rights we do not have
    VerifyInstallError       the store changed, and still does not hold the root
  ConnectionFailedError      a peer that cannot be reached
    ResolveError             a host name without an address
    HandshakeError           a TLS handshake that failed
    DeadlineError            no answer in time
  RequestRefusedError        a request that the server refuses
  ProtocolError              a message that is not as its protocol says
    ACMEProblem              an RFC 8555 problem, told to an ACME client
  ConfigError                every mistake at once
  MissingExtraError          also ImportError: an optional part is not installed

Messages are lower case, have no full stop, and name the object and the value. `code`
is stable, for machines; `hint` is something to do. None ever holds key material, a
passphrase or a token.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple


class TLSmithError(Exception):
    """The job could not be done."""

    code = "error"

    def __init__(
        self, message: str, *, code: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker process hands its errors over pickled; by default that calls the
        # class with the message alone, which several of them do not take.
        return _remade, (type(self), self.args, dict(vars(self)))


class InputError(TLSmithError, ValueError):
    """What was given is not what it should be."""

    code = "bad-input"


class PassphraseError(InputError):
    """The passphrase is wrong, missing, or not needed."""

    code = "bad-passphrase"


class FileError(TLSmithError):
    """A file could not be read or written."""

    code = "file-error"

    def __init__(
        self,
        message: str,
        *,
        path: str,
        code: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.path = path


class ProfileError(TLSmithError):
    """A request breaks rules of its profile; all of them are listed."""

    code = "profile-broken"

    def __init__(
        self, message: str, *, reasons: Sequence[str], hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.reasons = tuple(reasons)


class IssuanceError(TLSmithError):
    """The issuer cannot, or may not, sign this."""

    code = "not-issued"


class KeyMismatchError(IssuanceError):
    """A private key and a certificate do not belong together."""

    code = "key-mismatch"


class NotACAError(IssuanceError):
    """The issuer's certificate is not a CA certificate."""

    code = "not-a-ca"


class NotCRLSignerError(IssuanceError):
    """The issuer's certificate may not sign CRLs (RFC 5280 section 4.2.1.3)."""

    code = "not-a-crl-signer"


class ChainError(IssuanceError):
    """A CA's certificate does not make a chain that clients accept; see the reasons."""

    code = "bad-chain"

    def __init__(
        self, message: str, *, reasons: Sequence[str], hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.reasons = tuple(reasons)


class PathLengthError(IssuanceError):
    """The chain would be longer than the issuer's path length allows."""

    code = "path-length"


class ValidityError(IssuanceError):
    """The validity is not one the issuer or the profile allows."""

    code = "bad-validity"


class NameNotPermittedError(IssuanceError):
    """Names lie outside the issuer's name constraints (RFC 5280 section 4.2.1.10)."""

    code = "name-not-permitted"

    def __init__(
        self, message: str, *, names: Sequence[str], hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.names = tuple(names)


class SignerError(TLSmithError):
    """The key of a CA cannot be reached, made or used where it lives."""

    code = "signer"

    def __init__(
        self,
        message: str,
        *,
        key: str | None = None,
        code: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.key = key


class StorageError(TLSmithError):
    """The store could not be reached, read or written."""

    code = "store-error"


class NotFoundError(StorageError):
    """Nothing in the store goes by that name or number."""

    code = "not-found"


class ConflictError(StorageError):
    """What was to be put in is there already, or excludes it."""

    code = "conflict"


class MigrationError(StorageError):
    """The store's schema is not the one of this version."""

    code = "wrong-schema"


class AccessError(TLSmithError):
    """Who asks may not do that, or is not known."""

    code = "not-allowed"


class TrustStoreError(TLSmithError):
    """A trust store could not be read or changed."""

    code = "trust-store"

    def __init__(
        self,
        message: str,
        *,
        store: str,
        code: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.store = store


class ToolMissingError(TrustStoreError):
    """The tool that changes this store is not on this machine."""

    code = "tool-missing"


class PrivilegeError(TrustStoreError):
    """Changing this store needs rights this process does not have."""

    code = "needs-privilege"


class VerifyInstallError(TrustStoreError):
    """The store was changed, and a check says it is still not as it should be."""

    code = "install-not-verified"


class ConnectionFailedError(TLSmithError):
    """The peer could not be reached."""

    code = "connection-failed"


class ResolveError(ConnectionFailedError):
    """The host name has no address."""

    code = "no-address"


class HandshakeError(ConnectionFailedError):
    """The TLS handshake failed."""

    code = "handshake-failed"


class DeadlineError(ConnectionFailedError):
    """The peer did not answer in time."""

    code = "deadline"


class RequestRefusedError(TLSmithError):
    """The server refuses a request, with an HTTP status and maybe fields."""

    code = "refused"

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        fields: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.status = status
        self.fields = tuple(fields)


class ProtocolError(TLSmithError):
    """A message is not as its protocol says, or may not be acted upon."""

    code = "protocol"


class Subproblem(NamedTuple):
    """What is wrong with one identifier (RFC 8555 section 6.7.1).

    Args:
        type: without its URN, such as "rejectedIdentifier".
        detail: what is wrong, in plain words.
        identifier: its type and value.
    """

    type: str
    detail: str
    identifier: tuple[str, str] | None = None


class ACMEProblem(ProtocolError):  # noqa: N818 -- RFC 8555 calls it so
    """An ACME request cannot be done; told to the client (RFC 8555 section 6.7)."""

    code = "acme-problem"

    def __init__(
        self,
        type: str,
        message: str,
        *,
        status: int = 400,
        subproblems: Sequence[Subproblem] = (),
        fields: Mapping[str, object] | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Take what the problem document says.

        Args:
            type: of the registry, without its URN, such as "badNonce".
            message: what is wrong, in plain words: the document's "detail".
            status: of the HTTP answer.
            subproblems: what is wrong with each identifier.
            fields: further members of the document, such as "algorithms".
            retry_after: seconds to wait before asking again.
        """
        super().__init__(message, code=_acme_code(type))
        self.type = type
        self.status = status
        self.subproblems = tuple(subproblems)
        self.fields = dict(fields or {})
        self.retry_after = retry_after


class ConfigError(TLSmithError):
    """A configuration has mistakes; all of them are listed."""

    code = "bad-config"

    def __init__(
        self, message: str, *, mistakes: Sequence[str], hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.mistakes = tuple(mistakes)


class MissingExtraError(TLSmithError, ImportError):
    """An optional part of tlsmith is not installed."""

    code = "missing-extra"

    def __init__(self, extra: str, *, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the extra {extra!r}, which is not installed",
            hint=f"pip install 'tlsmith[{extra}]'",
        )
        self.extra = extra


@cache
def _acme_code(type: str) -> str:
    """Return "acme-bad-nonce" of "badNonce", "acme-bad-csr" of "badCSR"."""
    import re

    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", type)
    return "-".join(["acme", *words]).lower()


def _remade(
    kind: type[TLSmithError], args: tuple[object, ...], facts: dict[str, object]
) -> TLSmithError:
    error = kind.__new__(kind, *args)
    vars(error).update(facts)
    return error
