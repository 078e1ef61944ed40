"""Making a local CA: whole or not at all, one at a time, its root's key dropped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from tlsmith.core.constraints import NameConstraints
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
from tlsmith.core.view import view_certificate
from tlsmith.errors import FileError, InputError
from tlsmith.files import (
    NewFile,
    exclusive_lock,
    finish_interrupted,
    read_file,
    write_together,
)
from tlsmith.local._folders import (
    UNFINISHED,
    authority_folder,
    folder_names,
    home_error,
    make_home,
    remove_folder,
)
from tlsmith.local.authority import (
    CURRENT,
    INTERMEDIATE,
    KEY,
    LOCAL_CA,
    ROOT,
    LocalAuthority,
    load_authority,
)
from tlsmith.local.reach import constraints_for


def ensure_authority(home: str, now: datetime) -> tuple[LocalAuthority, bool]:
    """Return the local CA, made just now if there was none, and whether it was.

    Two processes that both find none end with the same one.

    Raises:
        FileError: `home` cannot be written.
    """
    authority = load_authority(home)
    if authority is None:
        return create_authority(home, now, keep_existing=True)
    _finish_retirement(home, authority)
    return authority, False


def ensure_issuer(home: str, now: datetime) -> tuple[Issuer, bool]:
    """Return the local CA ready to sign, and whether it was made just now.

    Raises:
        FileError: `home` cannot be written.
        InputError: the CA is damaged.
    """
    authority, created = ensure_authority(home, now)
    try:
        return authority.issuer(), created
    except InputError:
        # Another process may have put a new one in its place since, and destroyed
        # its key.
        new = load_authority(home)
        if new is None or new == authority:
            raise
        return new.issuer(), created


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
    make_home(home)
    with exclusive_lock(os.path.join(home, ".lock")):
        if keep_existing:
            earlier = load_authority(home)
            if earlier is not None:
                return earlier, False
        root, intermediate, key_pem = _new_certificates(constraints, kind, now)
        identifier = view_certificate(root).subject_key_identifier or b""
        authority = _write(home, identifier.hex()[:16], root, intermediate, key_pem)
        _retire_others(home, authority)
    return authority, True


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
        (ORGANIZATION, LOCAL_CA),
        (COMMON_NAME, f"tlsmith local {role} {mark}"),
    )


def _write(
    home: str, name: str, root: bytes, intermediate: bytes, key: bytes
) -> LocalAuthority:
    from tlsmith.core.formats import encode_chain

    parent = authority_folder(home)
    unfinished = os.path.join(parent, UNFINISHED + name)
    try:
        os.makedirs(parent, mode=0o700, exist_ok=True)
        os.mkdir(unfinished, 0o700)
        write_together(
            [
                NewFile(os.path.join(unfinished, KEY), key, secret=True),
                NewFile(os.path.join(unfinished, ROOT), encode_chain([root])),
                NewFile(
                    os.path.join(unfinished, INTERMEDIATE),
                    encode_chain([intermediate]),
                ),
            ]
        )
        folder = os.path.join(parent, name)
        os.rename(unfinished, folder)
        write_together([NewFile(os.path.join(home, CURRENT), name.encode() + b"\n")])
    except BaseException as error:
        remove_folder(unfinished)
        if not _is_current(home, name):
            remove_folder(os.path.join(parent, name))
        if isinstance(error, OSError):
            raise home_error(home, error) from error
        raise
    return LocalAuthority(folder)


def _is_current(home: str, name: str) -> bool:
    try:
        return read_file(os.path.join(home, CURRENT)).strip() == name.encode()
    except FileError:
        return False


def _retire_others(home: str, current: LocalAuthority) -> None:
    """Destroy the keys of earlier CAs, and what killed runs left of new ones.

    An earlier CA's root stays, so that it can be taken out of the stores.
    """
    for name in folder_names(home):
        other = LocalAuthority(authority_folder(home, name))
        if name.startswith(UNFINISHED):
            remove_folder(other.folder)
        elif other != current:
            _destroy_key(other)


def _finish_retirement(home: str, current: LocalAuthority) -> None:
    """Do what a run that was killed in the middle of `create_authority` left to do."""
    if any(_is_left(home, name, current) for name in folder_names(home)):
        with exclusive_lock(os.path.join(home, ".lock")):
            finish_interrupted(os.path.join(home, CURRENT))
            # Read again: what looked left behind may be in use by now.
            now_current = load_authority(home)
            if now_current is not None:
                _retire_others(home, now_current)


def _is_left(home: str, name: str, current: LocalAuthority) -> bool:
    """Tell whether a folder is of a CA that was never finished, or never retired."""
    authority = LocalAuthority(authority_folder(home, name))
    if authority == current:
        return False
    return name.startswith(UNFINISHED) or os.path.exists(authority.key_file)


def _destroy_key(authority: LocalAuthority) -> None:
    try:
        os.unlink(authority.key_file)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise home_error(authority.folder, error) from error
