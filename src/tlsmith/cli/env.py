"""`tlsmith env`: the variables with which every client trusts the local CA."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.output import emit, emit_json, say, warn
from tlsmith.files import data_home

if TYPE_CHECKING:
    from tlsmith.local.environment import Environment

_SHELLS = ("sh", "fish", "powershell", "dotenv", "docker", "github")
_IMAGE_FOLDER = "/etc/tlsmith"
_CONTEXT_FOLDER = "tlsmith-trust"


@click.command(short_help="Print the variables that make clients trust the local CA.")
@click.option(
    "--shell",
    type=click.Choice(_SHELLS),
    default="powershell" if sys.platform == "win32" else "sh",
    help="For which shell or file; sh does for bash and zsh too.",
)
@click.option(
    "--output",
    metavar="DIR",
    help="Write the files the variables lead to into this folder, and lead there.",
)
@click.option(
    "--java",
    is_flag=True,
    help="JAVA_TOOL_OPTIONS too. Java then says so on standard error at each start; "
    "`tlsmith trust install` serves Java better.",
)
@click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")
def env(shell: str, output: str | None, java: bool, as_json: bool) -> None:
    """Print the variables that make clients trust the local CA.

    They are for Python, Node, Deno, git, curl, cargo and all others that do not read
    the system's trust store, or need not have it changed. Public roots stay trusted: a
    variable that replaces what a client trusts leads to a bundle of the system's roots,
    the local CA's, and those that the variable led to before.

    The local CA is made if there is none yet. No key is in any of the files.

    \b
    Examples:
      eval "$(tlsmith env)"
      tlsmith env --shell fish | source
      tlsmith env --shell powershell | Out-String | Invoke-Expression
      tlsmith env --shell dotenv > .env
      tlsmith env --shell docker --output tlsmith-trust >> Dockerfile
      tlsmith env --shell github >> "$GITHUB_ENV"
    """
    from tlsmith.local.carried import carried_values, carry

    roots, environment = current_environment(java=java)
    for name in environment.switched_off:
        warn(f"{name}={os.environ[name]} turns verification off: unset {name}")
    values, files = environment.values, []
    if output is not None:
        files = carry(environment, roots, output, java=java)
        values = carried_values(environment, os.path.abspath(output))
    if shell == "docker":
        values = carried_values(environment, _IMAGE_FOLDER)
    if as_json:
        emit_json(_facts(environment, values, files))
    elif shell == "docker":
        emit(_dockerfile(values, output, java=java))
        if output is None:
            say(
                "The files it copies are written with: "
                f"tlsmith env --shell docker --output {_CONTEXT_FOLDER}"
            )
    else:
        from tlsmith.truststores.quoting import assignments

        emit(assignments(values, shell))
        _say_how(shell)


def current_environment(*, java: bool) -> tuple[list[bytes], Environment]:
    """Return the local CA's roots (DER), made if need be, and the variables for them.

    Raises:
        TLSmithError: the CA or a bundle cannot be read or written.
    """
    from tlsmith.local import ensure_authority, load_authority
    from tlsmith.local.bundle import known_roots
    from tlsmith.local.environment import prepare_environment

    home = data_home()
    if load_authority(home) is None:
        _, made = ensure_authority(home, datetime.now(UTC))
        if made:
            say("made the local CA: it can vouch for development names only")
    roots = known_roots(home)
    environment = prepare_environment(home, roots, os.environ, java=java)
    for warning in environment.warnings:
        warn(warning)
    return roots, environment


def _say_how(shell: str) -> None:
    """Tell a person at a terminal what to do with it."""
    if not sys.stdout.isatty():
        return
    how = {
        "sh": 'eval "$(tlsmith env)"',
        "fish": "tlsmith env --shell fish | source",
        "powershell": "tlsmith env --shell powershell | Out-String | Invoke-Expression",
        "dotenv": "tlsmith env --shell dotenv > .env",
        "github": 'tlsmith env --shell github >> "$GITHUB_ENV"',
    }
    say(f"\nTo use it:\n  {how[shell]}")


def _dockerfile(values: dict[str, str], output: str | None, *, java: bool) -> str:
    """Return the lines of a Dockerfile."""
    # COPY takes what is below the build context, and with a JSON array any name.
    folder = (output or _CONTEXT_FOLDER).rstrip("/")
    if os.path.isabs(folder):
        folder = os.path.basename(folder)
    names = ["bundle.pem", "roots.pem", *(["truststore.p12"] if java else [])]
    pairs = [f"    {name}={_docker_word(value)}" for name, value in values.items()]
    anchors = "/usr/local/share/ca-certificates/"
    return "\n".join(
        [
            "# The roots of the local CA, beside the public ones, for every client.",
            _copy([f"{folder}/{name}" for name in names], f"{_IMAGE_FOLDER}/"),
            _copy([f"{folder}/tlsmith-root*.crt"], anchors),
            "ENV " + " \\\n".join(pairs).lstrip(),
            "# For clients that read none: takes root, and a shell in the image.",
            "RUN if command -v update-ca-certificates >/dev/null; then \\",
            "      update-ca-certificates; \\",
            "    elif command -v update-ca-trust >/dev/null; then \\",
            f"      cp {anchors}tlsmith-root*.crt /etc/pki/ca-trust/source/anchors/ \\",
            "      && update-ca-trust; fi",
        ]
    )


def _copy(sources: list[str], target: str) -> str:
    import json

    if any(" " in source or '"' in source for source in sources):
        return f"COPY {json.dumps([*sources, target], ensure_ascii=False)}"
    return f"COPY {' '.join(sources)} {target}"


def _docker_word(value: str) -> str:
    if " " not in value:
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _facts(
    environment: Environment, values: dict[str, str], files: list[str]
) -> dict[str, Any]:
    settings = [asdict(s) for s in environment.settings if s.name in values]
    return {
        "variables": values,
        "settings": [s | {"value": values[s["name"]]} for s in settings],
        "bundle": environment.bundle._asdict(),
        "roots": environment.roots._asdict(),
        "files": [os.path.abspath(file) for file in files],
        "turns_verification_off": list(environment.switched_off),
        "warnings": list(environment.warnings),
    }
