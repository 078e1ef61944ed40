"""The local CA: a root whose key is gone, and one intermediate that signs.

Both certificates carry critical name constraints, so that whoever steals the
intermediate's key can pose as `localhost` and its kin, and as nothing on the internet.
The root's key is never written anywhere: it signs the intermediate, in memory, and is
dropped.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from tlsmith.core.constraints import (
    NameConstraints,
    development_constraints,
    domain_or_network,
)
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import (
    DEFAULT_KIND,
    generate_private_key,
    key_identifier,
    public_key_info,
)
from tlsmith.core.oid import COMMON_NAME, ORGANIZATION
from tlsmith.core.profiles import CA_DAYS, certificate_authority, validity
from tlsmith.core.subject import distinguished_name
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import FileError, InputError, TLSmithError
from tlsmith.files import NewFile, exclusive_lock, read_file, write_file, write_together

DEVELOPMENT_DOMAINS = (
    "localhost",  # RFC 6761
    "test",  # RFC 6761
    "example",  # RFC 6761
    "invalid",  # RFC 6761
    "local",  # RFC 6762, multicast DNS
    "internal",  # kept for private use by ICANN in 2024
    "home.arpa",  # RFC 8375
    "lan",  # what home routers hand out; never delegated
)
PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",  # RFC 1918
    "172.16.0.0/12",  # RFC 1918
    "192.168.0.0/16",  # RFC 1918
    "169.254.0.0/16",  # RFC 3927
    "fe80::/10",  # RFC 4291
    "fc00::/7",  # RFC 4193
)

_CURRENT = "current"
_ROOT, _INTERMEDIATE, _KEY = "root.pem", "intermediate.pem", "intermediate-key.pem"


class LocalAuthority(NamedTuple):
    """A local CA on disk.

    Args:
        folder: where its three files are.
    """

    folder: str

    @property
    def root(self) -> bytes:
        """The root's certificate, DER."""
        return _read_certificate(os.path.join(self.folder, _ROOT))

    @property
    def intermediate(self) -> bytes:
        """The intermediate's certificate, DER."""
        return _read_certificate(os.path.join(self.folder, _INTERMEDIATE))

    @property
    def key_file(self) -> str:
        return os.path.join(self.folder, _KEY)

    @property
    def name_constraints(self) -> NameConstraints:
        constraints = view_certificate(self.intermediate).name_constraints
        return constraints or NameConstraints()

    def view_intermediate(self) -> CertificateView:
        return view_certificate(self.intermediate)

    def issuer(self) -> Issuer:
        """Return the intermediate with its key, ready to sign.

        Raises:
            TLSmithError: a file of the CA is missing or damaged.
        """
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        data = read_file(self.key_file)
        try:
            key = load_pem_private_key(data, None)
            return Issuer(self.intermediate, key)  # type: ignore[arg-type]
        except (ValueError, TypeError, TLSmithError) as error:
            raise InputError(
                f"the local CA in {self.folder!r} is damaged: its key cannot be used",
                code="local-ca-damaged",
                hint="make a new one: tlsmith ca init --local --replace",
            ) from error


def load_authority(home: str) -> LocalAuthority | None:
    """Return the local CA in use below `home`, or None where there is none yet."""
    try:
        name = read_file(os.path.join(home, _CURRENT)).decode("ascii", "replace")
    except FileError as error:
        if error.code == "file-not-found":
            return None
        raise
    folder = os.path.join(home, "authorities", os.path.basename(name.strip()))
    return LocalAuthority(folder)


def load_authorities(home: str) -> list[LocalAuthority]:
    """Return every local CA there was below `home`, the one in use first."""
    current = load_authority(home)
    found = [current] if current is not None else []
    parent = os.path.join(home, "authorities")
    names = sorted(os.listdir(parent)) if os.path.isdir(parent) else []
    for name in names:
        other = LocalAuthority(os.path.join(parent, name))
        if other not in found and os.path.exists(os.path.join(other.folder, _ROOT)):
            found.append(other)
    return found


def trusted_roots(home: str) -> list[bytes]:
    """Return the roots (DER) to trust, the one in use first; empty where none is."""
    return [authority.root for authority in load_authorities(home)]


def ensure_authority(home: str, now: datetime) -> tuple[LocalAuthority, bool]:
    """Return the local CA, made just now if there was none, and whether it was.

    Two processes that both find none end with the same one.

    Raises:
        FileError: `home` cannot be written.
    """
    authority = load_authority(home)
    if authority is not None:
        return authority, False
    return create_authority(home, now, keep_existing=True)


def create_authority(
    home: str,
    now: datetime,
    *,
    allow: Sequence[str] = (),
    kind: str = DEFAULT_KIND,
    keep_existing: bool = False,
) -> tuple[LocalAuthority, bool]:
    """Make a local CA and take it into use; an earlier one keeps its root only.

    Args:
        now: the present, in UTC.
        allow: domains and networks beside those for development.
        kind: of the keys of both certificates.
        keep_existing: where there is one by now, return that, and False.

    Raises:
        InputError: something in `allow` is no domain or network.
        FileError: `home` cannot be written.
    """
    constraints = constraints_for(allow)
    _make_home(home)
    with exclusive_lock(os.path.join(home, ".lock")):
        earlier = load_authority(home)
        if keep_existing and earlier is not None:
            return earlier, False
        root, intermediate, key_pem = _new_certificates(constraints, kind, now)
        identifier = view_certificate(root).subject_key_identifier or b""
        authority = _write(home, identifier.hex()[:16], root, intermediate, key_pem)
        if earlier is not None:
            _retire(earlier)
    return authority, True


def constraints_for(allow: Sequence[str]) -> NameConstraints:
    """Return the constraints of a local CA that may sign for `allow` as well."""
    domains, networks = list(DEVELOPMENT_DOMAINS), list(PRIVATE_NETWORKS)
    for text in allow:
        kind, base = domain_or_network(text)
        (domains if kind == "dns" else networks).append(base)
    return development_constraints(
        list(dict.fromkeys(domains)), list(dict.fromkeys(networks))
    )


def extra_names(constraints: NameConstraints | None) -> list[str]:
    """Return the domains and networks a CA may sign beside those for development."""
    usual = (*DEVELOPMENT_DOMAINS, *PRIVATE_NETWORKS)
    return [
        subtree.base
        for subtree in (constraints.permitted if constraints else ())
        if subtree.kind in ("dns", "ip") and subtree.base not in usual
    ]


def _new_certificates(
    constraints: NameConstraints, kind: str, now: datetime
) -> tuple[bytes, bytes, bytes]:
    """Return root and intermediate (DER) and the intermediate's key (PEM)."""
    from tlsmith.core.formats import encode_private_key

    root_key, key = generate_private_key(kind), generate_private_key(kind)
    mark = key_identifier(public_key_info(root_key.public_key())).hex()[:8]
    span = validity(now, CA_DAYS, longest=CA_DAYS)
    root = self_issue(
        certificate_authority(
            _ca_name("root", mark), span, path_length=1, name_constraints=constraints
        ),
        root_key,
    )
    intermediate = Issuer(root.der, root_key).issue(
        certificate_authority(
            _ca_name("intermediate", mark),
            span,
            path_length=0,
            name_constraints=constraints,
        ),
        key.public_key(),
    )
    return root.der, intermediate.der, encode_private_key(key)


def _ca_name(role: str, mark: str) -> bytes:
    # The mark keeps the names of two CAs apart: clients that find two roots of one
    # name may try the wrong one, and then call the signature bad.
    return distinguished_name(
        (ORGANIZATION, "tlsmith local CA"),
        (COMMON_NAME, f"tlsmith local {role} {mark}"),
    )


def _write(
    home: str, name: str, root: bytes, intermediate: bytes, key: bytes
) -> LocalAuthority:
    from tlsmith.core.formats import encode_chain

    folder = os.path.join(home, "authorities", name)
    try:
        os.makedirs(folder, mode=0o700)
        write_together(
            [
                NewFile(os.path.join(folder, _KEY), key, secret=True),
                NewFile(os.path.join(folder, _ROOT), encode_chain([root])),
                NewFile(
                    os.path.join(folder, _INTERMEDIATE), encode_chain([intermediate])
                ),
            ]
        )
        write_file(os.path.join(home, _CURRENT), name.encode() + b"\n")
    except BaseException as error:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise _home_error(home, error) from error
        raise
    return LocalAuthority(folder)


def _retire(authority: LocalAuthority) -> None:
    """Destroy a CA's key; its root stays, so that it can be taken out of the stores."""
    try:
        os.unlink(authority.key_file)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _home_error(authority.folder, error) from error


def _make_home(home: str) -> None:
    try:
        os.makedirs(home, mode=0o700, exist_ok=True)
    except OSError as error:
        raise _home_error(home, error) from error


def _home_error(home: str, error: OSError) -> FileError:
    reason = (error.strerror or str(error)).lower()
    return FileError(
        f"cannot keep the local CA in {home!r}: {reason}",
        path=home,
        code="home-not-writable",
        hint="set TLSMITH_HOME to a folder of yours that can be written",
    )


def _read_certificate(path: str) -> bytes:
    from tlsmith.core.formats import split_pem

    blocks = [
        der for label, der in split_pem(read_file(path)) if label == "CERTIFICATE"
    ]
    if not blocks:
        raise InputError(
            f"the local CA is damaged: no certificate in {path!r}",
            code="local-ca-damaged",
            hint="make a new one: tlsmith ca init --local --replace",
        )
    return blocks[0]
