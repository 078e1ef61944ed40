"""Other people's homes on this machine, and work in them with their rights alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

from tlsmith.errors import TrustStoreError
from tlsmith.truststores.base import Host

if sys.platform == "win32":

    def other_homes(host: Host) -> Iterator[Host]:
        """Return nothing: what is here for everybody leaves no copies there."""
        yield from ()

    def as_owner(home: str, work: Callable[[], None]) -> None:
        """Do `work`."""
        work()

else:
    import pwd

    _FIRST_PERSON = 1000  # below are the system's own accounts

    def other_homes(host: Host) -> Iterator[Host]:
        """Return the homes of this machine's other people, where we are root."""
        if os.geteuid() != 0 or host.root != "/":
            return
        seen = {os.path.realpath(host.home)}
        for entry in pwd.getpwall():
            home = os.path.realpath(entry.pw_dir)
            is_person = entry.pw_uid >= _FIRST_PERSON and os.path.isdir(home)
            if is_person and home not in seen:
                seen.add(home)
                yield replace(host, home=home, environment={})

    def as_owner(home: str, work: Callable[[], None]) -> None:
        """Do `work` in a process with the rights of whoever owns `home`.

        What they have put in the way there, such as a link to a file of ours, then
        leads nowhere that they could not go themselves.

        Raises:
            TrustStoreError: it failed.
        """
        owner = os.stat(home)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setgroups([])
                os.setgid(owner.st_gid)
                os.setuid(owner.st_uid)
                work()
                code = 0
            finally:
                os._exit(code)
        if os.waitpid(child, 0)[1]:
            raise TrustStoreError(
                f"Firefox's copy in a profile below {home!r} could not be taken out",
                store="firefox",
                hint="close their Firefox, then: tlsmith trust uninstall",
            )
