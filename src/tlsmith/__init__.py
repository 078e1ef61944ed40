"""From `curl -k` to verified TLS everywhere.

The names in `__all__` are loaded when they are first used: `import tlsmith` costs
nothing, which every start of the command is glad of.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # as type checkers read it; importing typing takes 8 ms
if TYPE_CHECKING:
    from tlsmith.api import (
        BAD_KINDS,
        CA,
        BadCertificate,
        BadCertificates,
        BadKind,
        Certificate,
        Encoded,
        KeyKind,
        Paths,
        RevocationReason,
        TLSmithError,
    )
    from tlsmith.api.serving import Server, serve

__all__ = [
    "BAD_KINDS",
    "CA",
    "BadCertificate",
    "BadCertificates",
    "BadKind",
    "Certificate",
    "Encoded",
    "KeyKind",
    "Paths",
    "RevocationReason",
    "Server",
    "TLSmithError",
    "__version__",
    "serve",
]


if not TYPE_CHECKING:  # a type checker would take every name for one of ours

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        # The server brings http.server, which takes longer than all the rest.
        home = "tlsmith.api.serving" if name in ("Server", "serve") else "tlsmith.api"
        value = globals()[name] = getattr(import_module(home), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
