"""Who asks, and what their role lets them do."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tlsmith.core.names import GeneralName
from tlsmith.errors import AccessError

# Each may do what those before it may.
ROLES = ("viewer", "issuer", "operator", "administrator")


class Actor(NamedTuple):
    """Who asks.

    Args:
        name: as the audit log has it, such as "token:ci" or "cli:root".
        role: one of `ROLES`.
        profiles: those they may use; empty for all.
        names: domains, with all below, that they may ask for; empty for all.
        request_id: of the request, to find it in the logs.
    """

    name: str
    role: str = "administrator"
    profiles: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    request_id: str = ""

    def require(self, role: str, what: str) -> None:
        """Refuse who has a lesser role than `role`.

        Raises:
            AccessError: they have.
        """
        if ROLES.index(self.role) < ROLES.index(role):
            raise AccessError(
                f"{self.name} has the role {self.role}, and {what} needs {role}",
                hint=f"use a token or a certificate with the role {role}",
            )

    @property
    def is_unlimited(self) -> bool:
        """Whether there is nothing it may not do."""
        return self.reaches(ROLES[-1], (), ())

    def reaches(
        self, role: str, profiles: tuple[str, ...], names: tuple[str, ...]
    ) -> bool:
        """Tell whether the actor may do all that somebody of a role and scope may."""
        return (
            ROLES.index(self.role) >= ROLES.index(role)
            and _holds(self.profiles, profiles, set(self.profiles).__contains__)
            and _holds(self.names, names, self._holds_domain)
        )

    def _holds_domain(self, domain: str) -> bool:
        return any(domain == own or domain.endswith("." + own) for own in self.names)

    def outside(self, names: tuple[GeneralName, ...]) -> list[str]:
        """Return those of `names` that are not theirs to ask for."""
        if not self.names:
            return []
        return [
            name.value
            for name in names
            if not any(_is_below(name, domain) for domain in self.names)
        ]


def _holds(
    own: tuple[str, ...], others: tuple[str, ...], holds: Callable[[str], bool]
) -> bool:
    """Tell whether a limit, where empty is none, is as wide as another."""
    return not own or (bool(others) and all(map(holds, others)))


def _is_below(name: GeneralName, domain: str) -> bool:
    # Of a URI the host alone counts: https://a.test/.corp.example is not below the
    # domain it ends with.
    host = (name.host or "").removeprefix("*.")
    return domain in (name.value, host) or host.endswith("." + domain)
