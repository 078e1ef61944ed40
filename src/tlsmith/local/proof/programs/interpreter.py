"""Tell which Python this is, and which HTTP clients it has, as JSON."""

import importlib.util
import json
import sys


def _pip_version() -> str:
    try:
        from importlib.metadata import version

        return version("pip")
    except Exception:
        return "0"


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except Exception:
        return False


def _certifi() -> str:
    try:
        import certifi

        return certifi.where()
    except Exception:
        return ""


_MODULES = ("ssl", "requests", "httpx", "aiohttp", "pip")
print(
    json.dumps(
        {
            "prefix": sys.prefix,
            "version": "%d.%d.%d" % sys.version_info[:3],  # noqa: UP031 -- any Python
            "modules": [module for module in _MODULES if _has(module)],
            "pip": _pip_version(),
            "certifi": _certifi(),
        }
    )
)
