"""Install or uninstall, and die before the n-th change of a file: a program to run.

python dying.py install|uninstall STORE SYSTEM HOME N
"""

from __future__ import annotations

import os
import signal
import sys

from tlsmith.truststores import (
    Host,
    environment_stores,
    find_stores,
    install,
    parse_registry,
    registry_stores,
    uninstall,
)
from truststores.runners import WorldRunner
from truststores.worlds import OWNER

_CHANGES = {"os.rename", "os.remove", "os.symlink", "os.mkdir", "os.rmdir", "os.link"}


def main() -> None:
    verb, name, system, home, count = sys.argv[1:]
    left = int(count)

    def before(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        is_write = event == "open" and isinstance(arguments[1], str) is False
        writes = (
            is_write and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
        )
        if event in _CHANGES or event == "subprocess.Popen" or writes:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    given = sys.stdin.buffer.read()
    runner = WorldRunner(tools=os.path.join(system, "usr/sbin"))
    is_image = os.environ.get("DYING_IMAGE") == "1"
    host = Host(runner, home, system, {"PATH": os.environ["PATH"]}, image=is_image)
    stores = find_stores(host, [name], remembered=True)
    if name == "env" and verb == "install":
        bundle = os.environ["DYING_BUNDLE"]
        stores = environment_stores(host, [("SSL_CERT_FILE", bundle)], bundle)
    if name == "docker" and verb == "install":
        stores = registry_stores(host, parse_registry("localhost:5000"))
    from tlsmith.truststores import Root

    sys.addaudithook(before)
    if verb == "install":
        install(stores, [Root(given)], host, OWNER)
    else:
        uninstall(stores, [Root(given)], host, OWNER)


if __name__ == "__main__":
    main()
