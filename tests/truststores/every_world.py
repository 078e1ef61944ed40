"""Every kind of machine there is to test on, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from truststores.system_worlds import SYSTEM_WORLDS, image_java_world
from truststores.worlds import (
    World,
    debian_world,
    docker_world,
    java_world,
    new_registry_world,
    nss_world,
)

WORLDS: dict[str, Callable[[Path], World]] = {
    "debian": debian_world,
    "debian with java": lambda folder: debian_world(folder, java=True),
    "java jks": java_world,
    "java pkcs12": lambda folder: java_world(folder, "pkcs12"),
    "java hidden": lambda folder: java_world(folder, "hidden"),
    "image java": image_java_world,
    "nss sql": nss_world,
    "nss dbm": lambda folder: nss_world(folder, "dbm"),
    "docker": docker_world,
    "docker new": new_registry_world,
    **SYSTEM_WORLDS,
}
