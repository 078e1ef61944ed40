"""Java's `keytool`, on a copy of a keystore that then takes the keystore's place.

Java would write into the file itself: killed half-way it leaves none that can be read.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from tlsmith.core.formats import encode_pem
from tlsmith.errors import ToolMissingError, TrustStoreError
from tlsmith.files import read_file
from tlsmith.files.atomic import TEMPORARY_MARK
from tlsmith.truststores.base import Completed, Host, Root, TrustStore
from tlsmith.truststores.inside import write_regular
from tlsmith.truststores.keystore import trusted_entries, with_entry, without_entry

# The password of every cacerts as it is delivered. It keeps nothing secret: what it
# protects against is a damaged file.
PUBLIC_PASSWORD = "changeit"  # noqa: S105
PASSWORD_VARIABLE = "TLSMITH_JAVA_STOREPASS"  # noqa: S105 -- its name


def find_keytool(host: Host, beside: str | None = None) -> str | None:
    """Return a keytool: that of the Java whose keystore it is, or any.

    Of an image nothing is run: then it is this machine's own.

    Args:
        beside: the keystore, as `JAVA_HOME/lib/security/cacerts`.
    """
    folder = os.path.dirname(beside) if beside else ""
    for up in ("../../bin", "../../../bin"):
        own = os.path.normpath(os.path.join(folder, up, "keytool"))
        if folder and not host.image and os.access(own, os.X_OK):
            return own
    return host.runner.find("keytool")


def password_of(host: Host) -> str:
    """Return the password of keystores: the public one, or what the person set."""
    return host.environment.get(PASSWORD_VARIABLE) or PUBLIC_PASSWORD


def require_keytool(store: TrustStore, keystore: str) -> str:
    """Return a keytool for `keystore`.

    Raises:
        ToolMissingError: there is none.
    """
    found = find_keytool(store.host, keystore)
    if found is None:
        raise ToolMissingError(
            "keytool is not installed",
            store=store.name,
            hint="it comes with every Java: install one, or set JAVA_HOME",
        )
    return found


def import_root(store: TrustStore, keystore: str, root: Root) -> None:
    """Add `root` to a keystore, under our name for it.

    Raises:
        TrustStoreError: keytool is missing, or would not.
    """
    if store.host.image:
        now = int(time.time() * 1000)
        change = partial(
            with_entry, alias=root.label, certificate=root.der, milliseconds=now
        )
        if _change_here(store, keystore, change):
            return
    options = ["-noprompt", "-trustcacerts", "-alias", root.label]
    pem = encode_pem("CERTIFICATE", root.der)
    with _replacement(keystore) as copy:
        _change(store, keystore, copy, ["-importcert", *options], pem)


def delete_alias(store: TrustStore, keystore: str, alias: str) -> None:
    """Take the entry named `alias` out of a keystore.

    Raises:
        TrustStoreError: keytool is missing, or would not.
    """
    if store.host.image and _change_here(
        store, keystore, partial(without_entry, alias=alias)
    ):
        return
    with _replacement(keystore) as copy:
        _change(store, keystore, copy, ["-delete", "-alias", alias])


def needs_keytool(store: TrustStore, keystore: str) -> bool:
    """Tell whether a keystore is one that keytool alone can change."""
    return not store.host.image or trusted_entries(read_file(keystore)) is None


def _change_here(
    store: TrustStore, keystore: str, change: Callable[..., bytes | None]
) -> bool:
    """Change a keystore without keytool, and tell whether it is one where we can.

    A machine that only builds images often has no Java. And a file that we write keeps
    what was there as it was, dates and order.
    """
    try:
        data = change(read_file(keystore), password=password_of(store.host))
    except ValueError as error:
        raise password_error(store, keystore) from error
    if data is None:
        return False
    write_regular(keystore, data)
    return True


@contextmanager
def _replacement(keystore: str) -> Iterator[str]:
    """Give a copy to change, which then takes over."""
    target = os.path.realpath(keystore)
    folder, name = os.path.split(target)
    mark = f".{name}{TEMPORARY_MARK}{os.getpid()}-"
    status = os.stat(target)
    with tempfile.TemporaryDirectory(prefix=mark, dir=folder) as scratch:
        copy = os.path.join(scratch, name)
        shutil.copy2(target, copy)
        yield copy
        os.chmod(copy, status.st_mode & 0o7777)
        if hasattr(os, "chown"):
            with suppress(PermissionError):
                os.chown(copy, status.st_uid, status.st_gid)
        with open(copy, "rb") as stream:
            os.fsync(stream.fileno())
        os.replace(copy, target)


def _change(
    store: TrustStore,
    keystore: str,
    copy: str,
    arguments: Sequence[str],
    stdin: bytes = b"",
) -> None:
    ended = _run(store, keystore, copy, arguments, stdin)
    if ended.code != 0:
        raise _refusal(store, keystore, ended)


def _run(
    store: TrustStore,
    keystore: str,
    file: str,
    arguments: Sequence[str],
    stdin: bytes = b"",
) -> Completed:
    tool = require_keytool(store, keystore)
    # By way of the environment: arguments can be read by everybody on the machine.
    surroundings = {PASSWORD_VARIABLE: password_of(store.host)}
    return store.host.runner.run(
        [tool, *arguments, "-keystore", file, "-storepass:env", PASSWORD_VARIABLE],
        surroundings,
        stdin,
    )


def password_error(store: TrustStore, keystore: str) -> TrustStoreError:
    """Return the error to raise where the password does not open a keystore."""
    return TrustStoreError(
        f"{keystore!r} has a password of its own",
        store=store.name,
        code="wrong-password",
        hint=f"set {PASSWORD_VARIABLE} to it and try again",
    )


def _refusal(store: TrustStore, keystore: str, ended: Completed) -> TrustStoreError:
    text = ended.output.lower()
    if "password was incorrect" in text or "password verification failed" in text:
        return password_error(store, keystore)
    lines = [line for line in ended.output.splitlines() if "error" in line.lower()]
    reason = (lines or [ended.last_line])[0].strip().removeprefix("keytool error: ")
    return TrustStoreError(
        f"keytool could not work on {keystore!r}: {reason}",
        store=store.name,
        hint=f"see what `keytool -list -keystore {keystore}` says: it may be damaged",
    )
