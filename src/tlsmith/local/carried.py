"""The files of an environment, carried elsewhere: into a folder, or a container."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tlsmith.core.formats import encode_chain
from tlsmith.errors import FileError
from tlsmith.files import read_file, write_file
from tlsmith.local.environment import Environment
from tlsmith.local.variables import VARIABLES

BUNDLE, ROOTS, TRUSTSTORE = "bundle.pem", "roots.pem", "truststore.p12"


def carried_values(environment: Environment, folder: str) -> dict[str, str]:
    """Return the variables as they are where the files are in `folder`.

    Those that are only for what is set on this machine are left out.
    """
    only_here = {variable.name for variable in VARIABLES if not variable.always}
    stem = os.path.splitext(environment.bundle.path)[0]
    files = {
        environment.bundle.path: f"{folder}/{BUNDLE}",
        environment.roots.path: f"{folder}/{ROOTS}",
    }
    values = {}
    for setting in environment.settings:
        if setting.value in files and setting.name not in only_here:
            values[setting.name] = files[setting.value]
        elif f"{stem}.p12" in setting.value:
            options = setting.value.partition("-Djavax.net.ssl.trustStoreType")[2]
            values[setting.name] = (
                f"-Djavax.net.ssl.trustStore={folder}/{TRUSTSTORE} "
                f"-Djavax.net.ssl.trustStoreType{options}"
            )
    return values


def carry(
    environment: Environment, roots: Sequence[bytes], folder: str, *, java: bool
) -> list[str]:
    """Write the files into `folder`, no key among them, and return what was written.

    Args:
        roots: DER; each in a file of its own as well, as systems' stores want it.
        java: a truststore as well.

    Raises:
        FileError: one cannot be written.
    """
    try:
        os.makedirs(folder, mode=0o755, exist_ok=True)  # whatever the umask
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise FileError(f"cannot make {folder!r}: {reason}", path=folder) from error
    contents = {
        BUNDLE: read_file(environment.bundle.path),
        ROOTS: read_file(environment.roots.path),
    }
    for number, root in enumerate(roots, 1):
        mark = f"-{number}" if number > 1 else ""
        contents[f"tlsmith-root{mark}.crt"] = encode_chain([root])
    if java:
        stem = os.path.splitext(environment.bundle.path)[0]
        contents[TRUSTSTORE] = read_file(f"{stem}.p12")
    written = []
    for name, data in contents.items():
        path = os.path.join(folder, name)
        write_file(path, data)
        written.append(path)
    return written
