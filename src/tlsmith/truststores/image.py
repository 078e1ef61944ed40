"""An unpacked image or chroot, as the host whose stores are meant."""

from __future__ import annotations

import os
import stat
from dataclasses import replace

from tlsmith.errors import InputError, TrustStoreError
from tlsmith.truststores.base import Host

FAMILIES = ("system", "java")  # browsers and profiles are a person's, not an image's


def image_host(folder: str, host: Host) -> Host:
    """Return the image unpacked in `folder`, worked on from `host`.

    Raises:
        InputError: it is not there, is no folder, or is this machine itself.
    """
    root = os.path.realpath(folder)
    try:
        is_folder = stat.S_ISDIR(os.stat(root).st_mode)
        is_this_machine = os.path.samefile(root, "/")
    except OSError as error:
        raise InputError(
            f"cannot look at {folder!r}: {(error.strerror or '').lower()}",
            code="no-image",
            hint="give the folder that an image is unpacked in",
        ) from error
    if not is_folder:
        raise InputError(
            f"{folder!r} is not a folder",
            code="no-image",
            hint="unpack the image first, and give the folder",
        )
    if is_this_machine:
        raise InputError(
            f"{folder!r} is this machine, not an image",
            code="no-image",
            hint="leave --dir out to have this machine trust the root",
        )
    home = host.home
    if host.is_sudo_at_users_home:
        # What root leaves in that home, its owner could not read.
        home = os.path.expanduser("~root")
    environment = {n: v for n, v in host.environment.items() if n != "JAVA_HOME"}
    if home != host.home:
        environment.pop("XDG_STATE_HOME", None)
    return replace(host, home=home, root=root, environment=environment, image=True)


def no_store_in(host: Host) -> TrustStoreError:
    """Return the error to raise for an image that has none of our stores."""
    return TrustStoreError(
        f"no trust store is known in {host.root!r}",
        store="image",
        code="no-store",
        hint="is it the root of an image? If it is, install its package "
        "ca-certificates in it, or set the variables of `tlsmith env --shell docker`",
    )
