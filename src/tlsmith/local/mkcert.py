"""mkcert's local CA: a folder with `rootCA.pem` and `rootCA-key.pem`.

Unlike our own local CA its root signs certificates itself, for any name whatever, and
the root's key stays on disk: that is what those who use mkcert count on. One that is
there already is used as it is, and nothing of it is rewritten; mkcert itself can go on
using one that we made.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import fingerprint, generate_private_key
from tlsmith.core.profiles import BACKDATE, KEY_CERT_SIGN, CertificateParameters
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import FileError, InputError, IssuanceError
from tlsmith.files import NewFile, exclusive_lock, read_file, write_together
from tlsmith.files.together import finish_interrupted
from tlsmith.local.mkcert_subject import mkcert_subject, user_and_host

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

ROOT_FILE, KEY_FILE = "rootCA.pem", "rootCA-key.pem"
ROOT_KIND, ROOT_KIND_ECDSA = "rsa3072", "p256"
_ROOT_MONTHS = 120
_LOCK = ".tlsmith-lock"
_SEEN = "mkcert-authorities"


class MkcertAuthority(NamedTuple):
    """A CA in a folder that mkcert calls CAROOT.

    Args:
        root: the certificate, DER.
    """

    folder: str
    root: bytes

    @property
    def root_file(self) -> str:
        return os.path.join(self.folder, ROOT_FILE)

    @property
    def key_file(self) -> str:
        return os.path.join(self.folder, KEY_FILE)

    @property
    def is_key_exposed(self) -> bool:
        """Whether others than its owner may read the key, as POSIX has it."""
        try:
            mode = os.stat(self.key_file).st_mode
        except OSError:
            return False
        return os.name == "posix" and bool(mode & 0o077)

    def view(self) -> CertificateView:
        """Return what the root says.

        Raises:
            InputError: it is not a certificate.
        """
        try:
            return view_certificate(self.root)
        except InputError as error:
            raise _damaged(self.root_file, error.message) from error

    def issuer(self) -> Issuer:
        """Return the root with its key, ready to sign.

        Raises:
            InputError: the key is missing, or cannot be used with this root.
            FileError: the key is not ours to read.
        """
        try:
            data = read_file(self.key_file)
        except FileError as error:
            if error.code != "file-not-found":
                raise
            raise InputError(
                f"the CA key {self.key_file!r} is missing: without it this root can be "
                "installed, and sign nothing",
                code="ca-key-missing",
                hint="bring the key here from where the CA was made, or set CAROOT to "
                "another folder",
            ) from error
        try:
            key = _load_key(data)
        except InputError as error:
            raise _damaged(self.key_file, error.message) from error
        try:
            return Issuer(self.root, key)
        except IssuanceError as error:
            raise _damaged(self.folder, error.message) from error


def find_caroot(environment: Mapping[str, str], platform: str = sys.platform) -> str:
    """Return the folder of mkcert's CA, which may not exist yet.

    `CAROOT` if set, as it is; else `mkcert` in the platform's folder for data, where an
    XDG_DATA_HOME counts on a Mac too, and may be relative.

    Raises:
        InputError: nothing tells where a home is.
    """
    if chosen := environment.get("CAROOT"):
        return chosen
    if platform == "win32":
        parent = environment.get("LOCALAPPDATA", "")
    else:
        parent = environment.get("XDG_DATA_HOME", "")
        home = environment.get("HOME", "")
        inside = (
            ("Library", "Application Support")
            if platform == "darwin"
            else (".local", "share")
        )
        if not parent and home:
            parent = os.path.join(home, *inside)
    if not parent:
        raise InputError(
            "there is no home folder to keep mkcert's CA in",
            code="no-caroot",
            hint="set the environment variable CAROOT to a folder for it",
        )
    return os.path.normpath(os.path.join(parent, "mkcert"))


def load_mkcert_authority(folder: str) -> MkcertAuthority | None:
    """Return the CA in `folder`, or None where there is no root in it.

    Raises:
        FileError: the root cannot be read.
        InputError: it holds no certificate, or a damaged one.
    """
    path = os.path.join(folder, ROOT_FILE)
    try:
        data = read_file(path)
    except FileError as error:
        if error.code == "file-not-found":
            return None
        raise
    authority = MkcertAuthority(folder, _first_certificate(data, path))
    authority.view()
    return authority


def ensure_mkcert_authority(
    folder: str, now: datetime, *, kind: str = ROOT_KIND
) -> tuple[MkcertAuthority, bool]:
    """Return the CA in `folder`, made just now if there was none, and whether it was.

    Two processes that both find none end with the same one.

    Args:
        now: the present, with its time zone.
        kind: of a new root's key.

    Raises:
        FileError: the folder cannot be written.
        InputError: what is there is damaged, or a key without its root.
    """
    authority = load_mkcert_authority(folder)
    if authority is not None:
        return authority, False
    _make_folder(folder)
    with _alone_in(folder):
        finish_interrupted(os.path.join(folder, ROOT_FILE))
        authority = load_mkcert_authority(folder)
        if authority is not None:
            return authority, False
        return _create(folder, now, kind), True


def is_new_to(home: str, authority: MkcertAuthority) -> bool:
    """Tell whether a CA is used for the first time, and remember that it was.

    Args:
        home: the TLSMITH_HOME; where it cannot be written, every time is the first.
    """
    mark = fingerprint(authority.root).encode() + b"\n"
    path = os.path.join(home, _SEEN)
    with contextlib.suppress(FileError):
        if mark in read_file(path):
            return False
    with contextlib.suppress(OSError):
        os.makedirs(home, mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = os.open(path, flags, 0o600)
        try:
            os.write(descriptor, mark)
        finally:
            os.close(descriptor)
    return True


def months_after(moment: datetime, months: int) -> datetime:
    """Return the same day and time so many months on.

    A day that the month has not, such as the 31st, runs over into the next one: as in
    Go, and so in mkcert.
    """
    index = moment.month - 1 + months
    first = moment.replace(year=moment.year + index // 12, month=index % 12 + 1, day=1)
    return first + timedelta(days=moment.day - 1)


def _create(folder: str, now: datetime, kind: str) -> MkcertAuthority:
    from tlsmith.core.formats import encode_chain, encode_private_key

    key_file = os.path.join(folder, KEY_FILE)
    if os.path.lexists(key_file):
        raise InputError(
            f"there is a CA key {key_file!r}, and no {ROOT_FILE} beside it",
            code="ca-root-missing",
            hint=f"put its {ROOT_FILE} back, or move the key away for a new CA",
        )
    key = generate_private_key(kind)
    who = user_and_host()
    now = now.replace(microsecond=0)
    parameters = CertificateParameters(
        mkcert_subject("mkcert development CA", who, f"mkcert {who}"),
        (),
        now - BACKDATE,
        months_after(now, _ROOT_MONTHS),
        KEY_CERT_SIGN,
        is_ca=True,
        path_length=0,
    )
    root = self_issue(parameters, key).der
    authority = MkcertAuthority(folder, root)
    write_together(
        [
            NewFile(key_file, encode_private_key(key), secret=True, mode=0o400),
            NewFile(authority.root_file, encode_chain([root])),
        ]
    )
    return authority


@contextlib.contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    """Keep others from making a CA in `folder` meanwhile, and leave no lock file."""
    path = os.path.join(folder, _LOCK)
    while True:
        with exclusive_lock(path) as held:
            if not _is_still(held, path):
                continue  # whoever held it before us has removed it
            try:
                yield
            finally:
                with contextlib.suppress(OSError):
                    os.unlink(path)
            return


def _is_still(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _make_folder(folder: str) -> None:
    try:
        os.makedirs(folder, mode=0o755, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileError(
            f"cannot keep mkcert's CA in {folder!r}: {reason}",
            path=folder,
            code="caroot-not-writable",
            hint="set the environment variable CAROOT to a folder you can write",
        ) from error


def _first_certificate(data: bytes, path: str) -> bytes:
    from tlsmith.core.formats import split_pem

    try:
        blocks = split_pem(data)
    except InputError as error:
        raise _damaged(path, error.message) from error
    found = next((der for label, der in blocks if label == "CERTIFICATE"), None)
    if found is None:
        raise _damaged(path, "there is no certificate in it")
    return found


def _load_key(data: bytes) -> PrivateKey:
    """Return the private key in `data`, checked by signing something with it.

    What the library does to check an RSA key of 3072 bits takes longer than all else
    here together.

    Raises:
        InputError: there is none, or it is damaged.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from tlsmith.core.formats import load_private_key

    try:
        key = load_pem_private_key(data, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError):
        return load_private_key(data)  # other forms, and what is wrong with this one
    if not isinstance(key, rsa.RSAPrivateKey):
        return load_private_key(data)
    scheme, digest = padding.PKCS1v15(), hashes.SHA256()
    try:
        key.public_key().verify(key.sign(b"", scheme, digest), b"", scheme, digest)
    except (InvalidSignature, ValueError) as error:
        raise InputError("the private key is damaged") from error
    return key


def _damaged(path: str, why: str) -> InputError:
    return InputError(
        f"mkcert's CA cannot be used, because of {path!r}: {why}",
        code="mkcert-ca-damaged",
        hint="restore it, or move it away for a new one, and install that: "
        "tlsmith mkcert -install",
    )
