"""Who looks: a client certificate, or a token, which browsers send as a password."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import TYPE_CHECKING

from tlsmith.errors import AccessError
from tlsmith.server.logs import request_id
from tlsmith.server.rest.app import PEER_CERTIFICATE
from tlsmith.server.rest.faults import UNKNOWN
from tlsmith.server.rest.who import Caller, Doorkeeper

if TYPE_CHECKING:
    from starlette.types import Scope

    from tlsmith.authority.actor import Actor

# RFC 7617: a browser asks for a name, which may be any, and a password: the token.
CHALLENGE = (b"www-authenticate", b'Basic realm="tlsmith", charset="UTF-8"')
_BASIC = re.compile(rb"basic +([A-Za-z0-9+/]{1,512}={0,2})", re.IGNORECASE)
_LOOKING = "looking at the dashboard"


class Door:
    """Lets in who has the role viewer, or a greater one."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self._doorkeeper = doorkeeper

    def admit(self, scope: Scope) -> Actor:
        """Return who it is.

        Raises:
            AccessError: they are unknown; its code is "no-credentials" where they said
                nothing, as a browser does at first.
            RequestRefusedError: they are unknown, and their address failed too often.
        """
        caller = caller_of(scope)
        if not caller.authorization and caller.certificate is None:
            raise AccessError("nothing says who asks", code="no-credentials")
        return self._doorkeeper.admit(caller, "viewer", _LOOKING)


def may_try_again(error: Exception) -> bool:
    """Tell whether a browser is to ask for a token, and send that."""
    return isinstance(error, AccessError) and error.code in (*UNKNOWN, "no-grant")


def caller_of(scope: Scope) -> Caller:
    """Return what a request says of who makes it."""
    return Caller(
        (scope.get("client") or ("",))[0],
        tuple(_bearer(v) for name, v in scope["headers"] if name == b"authorization"),
        scope.get(PEER_CERTIFICATE),
        request_id.get(),
    )


def _bearer(value: bytes) -> bytes:
    """Return a field as the API knows it: a password is the token."""
    found = _BASIC.fullmatch(value.strip())
    if found is None:
        return value
    try:
        words = b64decode(found[1], validate=True)
    except binascii.Error:
        return value
    return b"Bearer " + words.partition(b":")[2]
