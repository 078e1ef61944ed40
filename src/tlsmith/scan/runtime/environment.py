"""The environment that is asked about: its variables, judged."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tlsmith.scan.finding import Finding
from tlsmith.scan.runtime.commands import Commands
from tlsmith.scan.runtime.machine import Machine
from tlsmith.scan.runtime.setters import where_set
from tlsmith.scan.runtime.trust_files import (
    UNREADABLE,
    state_of_file,
    state_of_folder,
)
from tlsmith.scan.runtime.variables import Variables

PREFIX = "environment/"
"""How the path of a finding in this environment begins; its variable follows."""
CALLED = "()"
"""How the path of a finding in a function ends."""

_FILES = frozenset(
    [
        "SSL_CERT_FILE", "NIX_SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
        "PIP_CERT", "NODE_EXTRA_CA_CERTS", "DENO_CERT", "GIT_SSL_CAINFO",
        "AWS_CA_BUNDLE", "CARGO_HTTP_CAINFO", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
        "HTTPLIB2_CA_CERTS", "NPM_CONFIG_CAFILE", "npm_config_cafile",
        "BUNDLE_SSL_CA_CERT", "COMPOSER_CAFILE", "VAULT_CACERT", "CONSUL_CACERT",
        "NOMAD_CACERT", "ETCDCTL_CACERT", "LDAPTLS_CACERT",
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    ]
)  # fmt: skip
_FOLDERS = frozenset(
    [
        "SSL_CERT_DIR", "GIT_SSL_CAPATH", "VAULT_CAPATH", "CONSUL_CAPATH",
        "NOMAD_CAPATH", "LDAPTLS_CACERTDIR",
    ]
)  # fmt: skip


def scan_environment(
    machine: Machine, variables: Variables, commands: Commands
) -> Iterator[Finding]:
    """What is found in a machine's environment, which is this one."""
    environment = machine.environment
    notes = notes_about(environment, machine.folder)
    found = list(variables.findings(environment, notes))
    known = {(name, one.rule) for name, one in found}
    found += [
        (name, one)
        for name, one in commands.of_options(environment)
        if (name, one.rule) not in known
    ]
    lines = where_set({name for name, _ in found}, machine)
    for name, finding in found:
        yield replace(
            finding,
            path=f"{PREFIX}{name}",
            message=variables.titled(finding, f"Variable {name} of this environment"),
            fix=f"{_what_to_do(name, finding, lines.get(name))} {finding.fix}",
        )
    for name, finding in commands.of_functions(environment):
        place = f"Function {name} of this environment"
        yield replace(
            finding,
            path=f"{PREFIX}{name}{CALLED}",
            message=variables.titled(finding, place),
            fix=f"`unset -f {name}`, and take it out where it is made. {finding.fix}",
        )


def is_whole(finding: Finding) -> bool:
    """Whether all of a variable or function is wrong, so that it is best not set."""
    if finding.path.endswith(CALLED):
        return True
    head = finding.snippet.find("=") + 1
    end = len(finding.snippet)
    return finding.start <= head and finding.end == end


def _what_to_do(name: str, finding: Finding, lines: Sequence[str] | None) -> str:
    at = " and ".join(lines or ())
    if is_whole(finding):
        out = f"take it out of {at}" if at else "take it out where it is set"
        return f"`unset {name}`, and {out}."
    return f"Change {name} in {at}." if at else f"Change {name} where it is set."


def notes_about(
    environment: Mapping[str, str], folder: str, *, as_owner: bool = True
) -> dict[str, str]:
    """What is the matter with the files of roots that variables name, by variable.

    Args:
        folder: Where the environment's owner works, which paths may be relative to.
        as_owner: Whether we may read what the owner may.
    """
    notes = {}
    for name in environment.keys() & (_FILES | _FOLDERS):
        note = _note(name, environment[name], folder)
        if note and (as_owner or note != UNREADABLE):
            notes[name] = note
    return notes


def _note(name: str, value: str, folder: str) -> str:
    if not value.strip():
        return ""
    if name in _FILES:
        path = os.path.join(folder, value)
        return state_of_folder(path) if os.path.isdir(path) else state_of_file(path)
    paths = [os.path.join(folder, one) for one in value.split(os.pathsep) if one]
    return next(filter(None, map(state_of_folder, paths)), "")
