"""The local CA: a root whose key is gone, and one intermediate that signs.

Both certificates carry critical name constraints, so that whoever steals the
intermediate's key can pose as `localhost` and its kin, and as nothing on the internet.
The root's key is never written anywhere: it signs the intermediate, in memory, and is
dropped.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from tlsmith.core.constraints import NameConstraints
from tlsmith.core.issuer import Issuer
from tlsmith.core.keys import kind_of
from tlsmith.core.oid import ORGANIZATION
from tlsmith.core.subject import distinguished_name
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import FileError, TLSmithError
from tlsmith.files import read_file
from tlsmith.local._folders import (
    UNFINISHED,
    authority_folder,
    damaged,
    folder_names,
    home_error,
)

# In the names of every root and intermediate there was, whatever became of them.
LOCAL_CA = "tlsmith local CA"
CURRENT = "current"
ROOT, INTERMEDIATE, KEY = "root.pem", "intermediate.pem", "intermediate-key.pem"


class LocalAuthority(NamedTuple):
    """A local CA on disk.

    Args:
        folder: where its three files are.
    """

    folder: str

    @property
    def root(self) -> bytes:
        """The root's certificate, DER."""
        return _read_certificate(os.path.join(self.folder, ROOT))

    @property
    def intermediate(self) -> bytes:
        """The intermediate's certificate, DER."""
        return _read_certificate(os.path.join(self.folder, INTERMEDIATE))

    @property
    def key_file(self) -> str:
        return os.path.join(self.folder, KEY)

    @property
    def name_constraints(self) -> NameConstraints:
        constraints = view_certificate(self.intermediate).name_constraints
        return constraints or NameConstraints()

    @property
    def kind(self) -> str:
        """The kind of its keys, such as "p256"."""
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        return kind_of(load_der_public_key(self.view_intermediate().public_key_info))

    def view_intermediate(self) -> CertificateView:
        return view_certificate(self.intermediate)

    def issuer(self) -> Issuer:
        """Return the intermediate with its key, ready to sign.

        Raises:
            TLSmithError: a file of the CA is missing or damaged.
        """
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        data = _read_part(self.key_file)
        try:
            key = load_pem_private_key(data, None)
            return Issuer(self.intermediate, key)  # type: ignore[arg-type]
        except (ValueError, TypeError, TLSmithError) as error:
            raise damaged(
                f"the local CA in {self.folder!r} is damaged: its key cannot be used"
            ) from error


def is_signed_by_local_ca(view: CertificateView) -> bool:
    """Tell whether a local CA, in use or not, signed this and it is no CA's itself.

    Told by its name alone, since files outlive the CA that signed them.
    """
    return distinguished_name((ORGANIZATION, LOCAL_CA))[2:] in view.issuer and (
        not view.is_ca
    )


def load_authority(home: str) -> LocalAuthority | None:
    """Return the local CA in use below `home`, or None where there is none yet."""
    try:
        name = read_file(os.path.join(home, CURRENT)).decode("ascii", "replace")
    except FileError as error:
        if error.code == "file-not-found":
            return None
        if isinstance(error.__cause__, OSError):
            raise home_error(home, error.__cause__) from error
        raise
    name = os.path.basename(name.strip())
    folder = authority_folder(home, name)
    if not name or not os.path.isdir(folder):
        raise damaged(f"the local CA in {home!r} is damaged: its folder is gone")
    return LocalAuthority(folder)


def load_authorities(home: str) -> list[LocalAuthority]:
    """Return every local CA there was below `home`, the one in use first."""
    current = load_authority(home)
    found = [current] if current is not None else []
    for name in folder_names(home):
        other = LocalAuthority(authority_folder(home, name))
        complete = os.path.exists(os.path.join(other.folder, ROOT))
        if other not in found and complete and not name.startswith(UNFINISHED):
            found.append(other)
    return found


def trusted_roots(home: str) -> list[bytes]:
    """Return the roots (DER) to trust, the one in use first; empty where none is."""
    return [authority.root for authority in load_authorities(home)]


def _read_part(path: str) -> bytes:
    try:
        return read_file(path)
    except FileError as error:
        if error.code == "file-not-found":
            raise damaged(f"the local CA is damaged: {path!r} is gone") from error
        raise


def _read_certificate(path: str) -> bytes:
    from tlsmith.core.formats import split_pem

    blocks = [
        der for label, der in split_pem(_read_part(path)) if label == "CERTIFICATE"
    ]
    if not blocks:
        raise damaged(f"the local CA is damaged: no certificate in {path!r}")
    return blocks[0]
