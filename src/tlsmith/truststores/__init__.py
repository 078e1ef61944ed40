"""Trust stores: find them, put roots in, take them out again without a trace."""

from tlsmith.truststores.base import CommandRunner, Completed, Host, Root, TrustStore
from tlsmith.truststores.changes import install, uninstall
from tlsmith.truststores.image import image_host
from tlsmith.truststores.outcome import Outcome
from tlsmith.truststores.registries import Registry, parse_registry
from tlsmith.truststores.registry import (
    environment_stores,
    find_stores,
    registry_stores,
)
from tlsmith.truststores.roots import check_root, parse_roots
from tlsmith.truststores.runner import SystemRunner, current_host
from tlsmith.truststores.status import plan_install, plan_uninstall, status

__all__ = [
    "CommandRunner",
    "Completed",
    "Host",
    "Outcome",
    "Registry",
    "Root",
    "SystemRunner",
    "TrustStore",
    "check_root",
    "current_host",
    "environment_stores",
    "find_stores",
    "image_host",
    "install",
    "parse_registry",
    "parse_roots",
    "plan_install",
    "plan_uninstall",
    "registry_stores",
    "status",
    "uninstall",
]
