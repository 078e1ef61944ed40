"""Which commands there are, in the order `tlsmith --help` shows them.

Data only, so that `--help` needs neither click nor cryptography: importing those two
takes longer than printing. A test holds each line here to its command's own help.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """One line of `tlsmith --help`: the name, where its code is, what it does."""

    name: str
    place: str
    summary: str


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "Make",
        (
            Entry("make", "make:make", "Make a certificate signed by the local CA."),
            Entry(
                "self-sign",
                "self_sign:self_sign",
                "Make a certificate signed by its own key.",
            ),
            Entry("csr", "csr:csr", "Make a key and a certificate signing request."),
            Entry("show", "show:show", "Explain a file or a live server."),
            Entry("convert", "convert:convert", "Turn one format into another."),
            Entry("mkcert", "mkcert:mkcert", "Do what mkcert does, flag for flag."),
        ),
    ),
    (
        "Trust",
        (Entry("trust", "trust:trust", "Have this machine trust the local CA, or not."),),
    ),
    ("Authority", (Entry("ca", "ca:ca", "Make and show certificate authorities."),)),
)

ENTRIES = {entry.name: entry for _, entries in GROUPS for entry in entries}

_HEAD = """\
Usage: tlsmith COMMAND [ARGUMENT]...

  From `curl -k` to verified TLS everywhere.

  tlsmith make localhost      a certificate that this machine can verify
  tlsmith trust install       have this machine's clients trust it
"""

_TAIL = """\
Options:
  --version  Show the version and stop.
  --help     Show this and stop.

Exit codes: 0 done, 1 something to look at, 2 wrong usage or input, 3 failure.
`tlsmith COMMAND --help` tells more, with examples.
"""


def overview() -> str:
    """Return the text of `tlsmith --help`."""
    parts = [_HEAD]
    for title, entries in GROUPS:
        lines = [f"  {entry.name:<11}{entry.summary}" for entry in entries]
        parts.append("\n".join([f"{title}:", *lines]) + "\n")
    parts.append(_TAIL)
    return "\n".join(parts)
