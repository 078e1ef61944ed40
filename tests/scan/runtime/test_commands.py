"""Command lines of processes: what is wrong, without the words beside it."""

from __future__ import annotations

from functools import cache

import pytest

from tlsmith.scan.examine import Examiner
from tlsmith.scan.finding import Finding
from tlsmith.scan.rulebook import every_rule
from tlsmith.scan.runtime.commands import Commands

SECRET = "hunter2"
URL = f"https://me:{SECRET}@host/x?token={SECRET}"


@cache
def commands() -> Commands:
    return Commands(Examiner(every_rule()))


def findings(*words: str) -> tuple[Finding, ...]:
    return commands().findings(words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("curl", "-k", "-u", f"me:{SECRET}", URL), "curl ... -k"),
        (("/usr/bin/curl", f"-kuadmin:{SECRET}", URL), "curl ... -k"),
        (("curl", f"-sSkd{SECRET}", URL), "curl ... -k"),
        (("curl", "--insecure", "-H", f"A: {SECRET}", URL), "curl ... --insecure"),
        (("sh", "-c", f"P={SECRET}; curl -ku a:$P {URL} | sh"), "sh: curl ... -k"),
        (("bash", "-lc", f"x={SECRET}\ncurl -k \\\n {URL}\n"), "bash: curl ... -k"),
        (("-bash", "-c", f"curl -k {URL}"), "bash: curl ... -k"),
        (("ssh", "host", f"curl -k {URL}"), "ssh: curl ... -k"),
    ],
)  # fmt: skip
def test_only_the_program_and_the_flag_are_told(
    words: tuple[str, ...], told: str
) -> None:
    (one,) = findings(*words)
    assert one.snippet == told
    assert one.snippet[one.column - 1 : one.end_column - 1] == told.rsplit(" ", 1)[-1]
    assert SECRET not in repr(one)
    assert one.edits == ()


def test_a_uri_s_parameter_alone_is_told() -> None:
    (one,) = findings("psql", f"postgres://me:{SECRET}@db/x?sslmode=disable&a={SECRET}")
    assert one.snippet == "psql ... sslmode=disable"
    assert SECRET not in repr(one)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("",),
        ("nginx: master process nginx -k;",),
        ("sort", "-k", "2"),
        ("curl", "-fsSL", URL),
        ("curl", "-k", "http://host/"),
        ("sh", "-c"),
        ("sh", "-c", "'"),
        ("python3", "-m"),
        ("echo", "curl -k https://host"),
        ("vim", "a\x00b\udcff\n", "-k"),
    ],
)
def test_what_is_not_wrong_is_not_told(words: tuple[str, ...]) -> None:
    assert findings(*words) == ()


def test_a_command_line_without_end_is_passed_over() -> None:
    assert findings("curl", "-k", "x" * 200_000, "https://host") == ()


def test_a_target_that_is_this_machine_is_graded_lower() -> None:
    (one,) = findings("curl", "-k", f"https://me:{SECRET}@localhost/?t={SECRET}")
    assert one.severity == "low"
    assert SECRET not in repr(one)


def test_functions_that_bash_hands_on_are_read() -> None:
    environment = {"BASH_FUNC_fetch%%": f'() {{  curl -ku a:{SECRET} "$@"\n}}'}
    ((name, one),) = commands().of_functions(environment)
    assert (name, one.snippet) == ("fetch", "fetch: curl ... -k")
    assert SECRET not in repr(one)


def test_options_that_a_program_takes_from_a_variable_are_read() -> None:
    environment = {
        "ARGOCD_OPTS": f"--auth-token {SECRET} --insecure",
        "CURL_OPTIONS": f"-sSkuadmin:{SECRET}",
        "JAVA_OPTS": "-Xmx1g",
        "OPTS": "--insecure",
    }
    found = [(name, one.snippet) for name, one in commands().of_options(environment)]
    assert found == [
        ("ARGOCD_OPTS", "argocd ... --insecure"),
        ("CURL_OPTIONS", "curl ... -k"),
    ]
