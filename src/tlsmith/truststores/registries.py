"""Where container tools look for the roots of one registry."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from tlsmith.core.names import parse_name
from tlsmith.errors import InputError, TrustStoreError
from tlsmith.truststores.base import Host

# With the port, if there is one; an IPv6 address stands in brackets.
_REGISTRY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:/\\\s\[\]]+)(?::([0-9]{1,5}))?")
_KIN = ("podman", "skopeo", "buildah")


class Registry(NamedTuple):
    """A registry, as image names have it.

    Args:
        kind: of its host: "dns" or "ip".
        port: empty where none was given.
    """

    kind: str
    host: str
    port: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host


def parse_registry(text: str) -> Registry:
    """Return the registry that HOST or HOST:PORT names.

    Raises:
        InputError: it is neither; a path or an address of the web is not.
    """
    match = _REGISTRY.fullmatch(text)
    hint = "give HOST or HOST:PORT, such as localhost:5000"
    if match is None:
        raise InputError(f"not a registry: {text!r}", code="bad-registry", hint=hint)
    try:
        name = parse_name(match[1].strip("[]"), loose=True)
    except InputError as error:
        raise InputError(
            f"not a registry: {text!r}: {error.message}", code="bad-registry", hint=hint
        ) from error
    port = match[2] or ""
    is_host = name.kind in ("dns", "ip") and not name.value.startswith("*")
    if not is_host or (port and not 0 < int(port) < 65536):
        raise InputError(f"not a registry: {text!r}", code="bad-registry", hint=hint)
    return Registry(name.kind, name.value, port)


def registry_folders(host: Host) -> list[str]:
    """Return every folder `certs.d` that some tool would read, there or not."""
    found = [
        *(_docker_rootless(host), _docker_desktop(host), _docker(host)),
        *_of_kin(host),
    ]
    return list(dict.fromkeys(found))


def places_for(host: Host, registry: Registry) -> Sequence[str]:
    """Return the folders of `registry`, for the container tools that are here.

    Docker's is everybody's where the daemon is, else the person's own. Podman and its
    kin read the first folder that is there, and Docker's too: one that is made where
    another one is already would hide that one, with what keys are in it.

    Raises:
        TrustStoreError: there is no container tool here.
    """
    name = str(registry)
    if host.platform == "win32":
        name = name.replace(":", "")  # as Docker does
    chosen = []
    if _has(host, host.path("/etc/docker"), "dockerd"):
        chosen.append(_docker(host))
    elif _has(host, os.path.dirname(_docker_rootless(host)), "dockerd-rootless.sh"):
        chosen.append(_docker_rootless(host))
    if os.path.isdir(_desktops_own(host)):
        chosen.append(_docker_desktop(host))
    here = any(host.runner.find(tool) for tool in _KIN)
    read = _of_kin(host)
    if here and not any(
        folder in chosen or os.path.isdir(os.path.join(folder, name)) for folder in read
    ):
        chosen.append(read[0])
    existing = [f for f in registry_folders(host) if _is_dir(f, name)]
    if not chosen and not existing:
        raise TrustStoreError(
            "no container tool was found on this machine",
            store="docker",
            code="no-container-tool",
            hint="install Docker, podman, skopeo or buildah first; where the daemon is "
            "on another machine, install the root there",
        )
    return [os.path.join(f, name) for f in dict.fromkeys((*existing, *chosen))]


def _is_dir(folder: str, name: str) -> bool:
    return os.path.isdir(os.path.join(folder, name))


def _has(host: Host, folder: str, tool: str) -> bool:
    return os.path.isdir(folder) or host.runner.find(tool) is not None


def _docker(host: Host) -> str:
    return host.path("/etc/docker/certs.d")


def _docker_rootless(host: Host) -> str:
    configuration = host.environment.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(configuration):
        configuration = host.at_home(".config")
    return os.path.join(configuration, "docker", "certs.d")


def _docker_desktop(host: Host) -> str:
    return host.at_home(".docker", "certs.d")


def _desktops_own(host: Host) -> str:
    """Return the folder that shows that Docker Desktop is here."""
    has_it_only = host.platform in ("darwin", "win32")
    return host.at_home(".docker", *([] if has_it_only else ["desktop"]))


def _of_kin(host: Host) -> list[str]:
    """Return where podman, skopeo and buildah look, in their order."""
    return [
        host.at_home(".config", "containers", "certs.d"),
        host.path("/etc/containers/certs.d"),
        _docker(host),
    ]
