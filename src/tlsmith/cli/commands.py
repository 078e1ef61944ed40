"""Which commands there are, in the order `tlsmith --help` shows them.

Data only, so that `--help` needs neither click nor cryptography: importing those, or
just `typing`, takes longer than printing. A test holds each line to its command's help.
"""

# Each line: the name, where its code is, what it does.
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Make",
        (
            ("make", "make:make", "Make a certificate signed by the local CA."),
            (
                "self-sign",
                "self_sign:self_sign",
                "Make a certificate signed by its own key.",
            ),
            ("csr", "csr:csr", "Make a key and a certificate signing request."),
            ("show", "show:show", "Explain a file or a live server."),
            ("convert", "convert:convert", "Turn one format into another."),
            ("mkcert", "mkcert:mkcert", "Do what mkcert does, flag for flag."),
        ),
    ),
    (
        "Trust",
        (
            ("trust", "trust:trust", "Have this machine trust the local CA, or not."),
            (
                "env",
                "env:env",
                "Print the variables that make clients trust the local CA.",
            ),
            (
                "run",
                "run_command:run_command",
                "Run a command whose clients trust the local CA.",
            ),
        ),
    ),
    (
        "Authority",
        (
            ("ca", "ca:ca", "Make, show, change and keep certificate authorities."),
            (
                "serve",
                "serve:serve",
                "Serve a CA: ACME and API over HTTPS; CRLs and OCSP over HTTP.",
            ),
            ("cert", "cert:cert", "Issue, find, renew and revoke certificates."),
            ("crl", "crl:crl", "Issue and read CRLs."),
            (
                "account",
                "account:account",
                "ACME accounts and how they are used.",
            ),
            ("order", "order:order", "ACME orders and why they failed."),
            ("eab", "eab:eab", "External accounts for ACME."),
            ("profile", "profile:profile", "Profiles and policy of a CA."),
            ("access", "access:access", "Tokens and grants for the API."),
            ("audit", "audit:audit", "Read and verify the audit log."),
        ),
    ),
    (
        "Find",
        (
            (
                "scan",
                "scan:scan",
                "Find where TLS verification is off, and put it right.",
            ),
        ),
    ),
)

PLACES = {name: place for _, entries in GROUPS for name, place, _ in entries}

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
        lines = [f"  {name:<11}{summary}" for name, _, summary in entries]
        parts.append("\n".join([f"{title}:", *lines]) + "\n")
    parts.append(_TAIL)
    return "\n".join(parts)
