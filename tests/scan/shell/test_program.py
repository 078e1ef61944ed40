"""The programs that a command runs, behind whatever runs them."""

from __future__ import annotations

import pytest

from tlsmith.scan.shell.program import name_of, programs
from tlsmith.scan.shell.reader import read_shell


def names(text: str) -> list[str]:
    """Return the names of the programs that may be run by the last command."""
    command = read_shell(text)[-1]
    return [name_of(command.words[index].text) for index in programs(command.words)]


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("curl -k a", "curl"),
        ("/usr/bin/curl a", "curl"),
        ("C:\\\\tools\\\\curl.exe a", "curl"),
        ("sudo -E -u me curl a", "curl"),
        ("env -u http_proxy A=b curl a", "curl"),
        ("timeout -k 5 60 nice -n 10 curl a", "curl"),
        ("retry 5 time curl a", "curl"),
        ("xargs -n1 -P4 curl -k", "curl"),
        ("python3 -m pip install a", "pip"),
        ("poetry run pytest", "pytest"),
        ("docker run --rm curlimages/curl:8.5.0 -k a", "curl"),
        ("kubectl exec -n p deploy/a -- curl -k a", "curl"),
        ("find . -exec curl -k {} \\;", "curl"),
        ("*/5 * * * * root curl -k a", "curl"),
        ("@daily curl -k a", "curl"),
        ("$CURL a", "curl"),
        ("${KUBECTL:-kubectl} get pods", "kubectl"),
        ("npx cross-env A=1 node .", "node"),
    ],
)
def test_a_program_is_run(text: str, program: str) -> None:
    assert program in names(text)


@pytest.mark.parametrize(
    "text", ["apt-get install -y curl", "echo curl -k a", "grep curl -k", "man curl"]
)
def test_what_is_an_argument_is_not_run(text: str) -> None:
    assert "curl" not in names(text)
