"""Variables of an environment: what is wrong with them, and what is not told."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains import family
from tlsmith.scan.examine import Examiner
from tlsmith.scan.finding import Finding
from tlsmith.scan.rulebook import every_rule
from tlsmith.scan.runtime.commands import Commands
from tlsmith.scan.runtime.environment import is_whole, scan_environment
from tlsmith.scan.runtime.machine import Machine
from tlsmith.scan.runtime.setters import where_set
from tlsmith.scan.runtime.variables import Variables

SECRET = "hunter2"


def scan(**environment: str) -> list[Finding]:
    examiner = Examiner(every_rule())
    variables = Variables(every_rule(), examiner)
    machine = Machine(environment, None, os.getcwd(), "/nowhere")
    return list(scan_environment(machine, variables, Commands(examiner)))


def rules(**environment: str) -> list[str]:
    return [finding.rule for finding in scan(**environment)]


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    """A file of roots, as it should be."""
    file = tmp_path / "roots.pem"
    file.write_bytes(family().root.pem)
    return file


def test_a_finding_says_which_variable_it_is() -> None:
    (one,) = scan(SSLKEYLOGFILE="/tmp/keys.log", HOME="/root")
    assert one.rule == "environment-tls-key-log"
    assert one.severity == "critical"
    assert one.path == "environment/SSLKEYLOGFILE"
    assert one.snippet == "SSLKEYLOGFILE=/tmp/keys.log"
    assert "Variable SSLKEYLOGFILE of this environment. Whoever" in one.message
    assert one.fix.startswith("`unset SSLKEYLOGFILE`")
    assert is_whole(one)


@pytest.mark.parametrize("value", ["", "/dev/null"])
def test_a_key_log_that_keeps_nothing_is_none(value: str) -> None:
    assert rules(SSLKEYLOGFILE=value) == []


def test_an_empty_bundle_is_no_file_that_is_missing() -> None:
    assert not {one for one in rules(SSL_CERT_FILE="") if "roots" in one}


@pytest.mark.parametrize("name", ["CI_COMMIT_MESSAGE", "MERGE_REQUEST_TITLE"])
@pytest.mark.parametrize(
    "text",
    [
        "Take postgres://db/x?sslmode=disable out",
        "Do without NODE_TLS_REJECT_UNAUTHORIZED=0",
        "curl -k https://host",
    ],
)
def test_prose_is_no_setting(name: str, text: str) -> None:
    assert rules(**{name: text}) == []


@pytest.mark.parametrize(
    "name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT"]
)
def test_good_roots_are_no_finding(roots: Path, name: str) -> None:
    assert rules(**{name: str(roots)}) == []


def test_roots_that_are_not_there(roots: Path) -> None:
    (one,) = scan(SSL_CERT_FILE=f"{roots}.gone")
    assert one.rule == "environment-roots-missing"
    assert one.category == "trust"
    assert one.snippet == f"SSL_CERT_FILE={roots}.gone # there is no such file"
    assert is_whole(one)
    assert rules(GIT_SSL_CAINFO=f"{roots}/inside") == ["environment-roots-missing"]
    assert rules(SSL_CERT_DIR=f"{roots}.d") == ["environment-roots-missing"]


def test_roots_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "roots"
    for data in (b"", b"\n\n", b"\x30\x82\x01\x00", b"-----BEGIN PUBLIC KEY-----"):
        file.write_bytes(data)
        found = rules(AWS_CA_BUNDLE=str(file))
        assert found == ["environment-roots-without-certificate"]
    assert rules(SSL_CERT_DIR=str(tmp_path)) == found
    (tmp_path / "5ed36f99.0").write_bytes(b"")
    assert rules(SSL_CERT_DIR=str(tmp_path)) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX ones")
def test_roots_that_everybody_writes(roots: Path) -> None:
    roots.chmod(0o666)
    (one,) = scan(SSL_CERT_FILE=str(roots))
    assert (one.rule, one.severity) == ("environment-roots-open", "high")
    roots.chmod(0o644)
    assert rules(SSL_CERT_FILE=str(roots)) == []
    roots.parent.chmod(0o777)
    assert rules(SSL_CERT_FILE=str(roots)) == ["environment-roots-open"]
    assert rules(SSL_CERT_DIR=str(roots.parent)) == ["environment-roots-open"]
    roots.parent.chmod(0o1777)  # others' files cannot be replaced, but added to
    assert rules(SSL_CERT_FILE=str(roots)) == []
    assert rules(SSL_CERT_DIR=str(roots.parent)) == ["environment-roots-open"]


def test_roots_that_cannot_be_read(roots: Path) -> None:
    loop = roots.with_name("loop.pem")
    loop.symlink_to(loop.name)
    assert rules(SSL_CERT_FILE=str(loop)) == ["environment-roots-unreadable"]
    if os.geteuid() != 0:
        roots.chmod(0)
        assert rules(SSL_CERT_FILE=str(roots)) == ["environment-roots-unreadable"]


def test_a_path_is_seen_from_where_we_are(
    roots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(roots.parent)
    assert rules(SSL_CERT_FILE=roots.name) == []


def test_only_what_is_wrong_is_told_of_a_value() -> None:
    (one,) = scan(
        DATABASE_URL=f"postgresql://app:{SECRET}@db/app?sslmode=disable&token={SECRET}",
        API_TOKEN=SECRET,
    )
    assert one.snippet == "DATABASE_URL=...sslmode=disable..."
    assert one.snippet[one.column - 1 : one.end_column - 1] == "sslmode=disable"
    assert one.fix.startswith("Change DATABASE_URL where it is set.")
    assert not is_whole(one)
    assert SECRET not in repr(one)


@pytest.mark.parametrize(
    "value",
    [
        f"postgresql://app:{SECRET}@localhost/app?sslmode=disable",
        f"postgresql://app:x@{SECRET}@localhost/app?sslmode=disable",
        f"host=127.0.0.1 password={SECRET} sslmode=disable",
    ],
)
def test_the_reason_tells_a_host_at_most(value: str) -> None:
    for one in scan(DSN=value):
        assert SECRET not in repr(one)


def test_lines_of_a_value_are_no_other_variables() -> None:
    assert rules(NOTE="first\nSSLKEYLOGFILE=/tmp/x\nSSL_CERT_FILE=/gone") == []


def test_names_that_no_shell_has_are_left_alone() -> None:
    assert rules(**{"A B\nSSLKEYLOGFILE": "/tmp/x", "": "y"}) == []


def test_a_comment_in_a_value_silences_nothing() -> None:
    (one,) = scan(SSLKEYLOGFILE="/x # tlsmith: ignore[environment-tls-key-log] no")
    assert one.suppressed is None


def test_keys_in_variables_are_where_they_belong() -> None:
    key = family().leaf.key_pem.decode()
    assert rules(TLS_KEY=key, TLS_KEY_ESCAPED=key.replace("\n", "\\n")) == []


def test_git_s_settings_in_variables_are_read_as_git_s() -> None:
    (one,) = scan(
        GIT_CONFIG_COUNT="2",
        GIT_CONFIG_KEY_0="http.https://git.example/.sslVerify",
        GIT_CONFIG_VALUE_0="false",
        GIT_CONFIG_KEY_1="user.name",
        GIT_CONFIG_VALUE_1="me",
    )
    assert one.path == "environment/GIT_CONFIG_VALUE_0"
    assert one.snippet == "http.https://git.example/.sslVerify=false"
    for handed in ("'http.sslVerify'='false'", "'user.name'='x' 'http.sslVerify=0'"):
        (one,) = scan(GIT_CONFIG_PARAMETERS=handed)
        assert one.snippet in ("http.sslVerify=false", "http.sslVerify=0")
    assert rules(GIT_CONFIG_COUNT="9999999999") == []
    assert rules(GIT_CONFIG_COUNT="x", GIT_CONFIG_KEY_0="http.sslVerify") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            ".bashrc",
            "# SSLKEYLOGFILE=/a\nif true; then\n  export SSLKEYLOGFILE=/x\nfi\n",
        ),
        (".zshenv", "A=1\n\ntypeset -x SSLKEYLOGFILE='/x'\n"),
        (".config/fish/config.fish", "\n\nset -gx SSLKEYLOGFILE /x\n"),
        (".config/environment.d/a.conf", "\n\nSSLKEYLOGFILE=/x\n"),
        (".config/powershell/profile.ps1", "\n\n$env:SSLKEYLOGFILE = '/x'\n"),
    ],
)
def test_it_is_said_where_a_variable_is_set(
    tmp_path: Path, name: str, text: str
) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    environment = {"SSLKEYLOGFILE": "/x"}
    machine = Machine(environment, str(tmp_path), str(tmp_path), str(tmp_path))
    assert where_set(["SSLKEYLOGFILE"], machine) == {"SSLKEYLOGFILE": [f"{file}:3"]}
    examiner = Examiner(every_rule())
    (one,) = scan_environment(
        machine, Variables(every_rule(), examiner), Commands(examiner)
    )
    assert one.fix.startswith(f"`unset SSLKEYLOGFILE`, and take it out of {file}:3. ")


def test_what_a_variable_says_often_is_told_once() -> None:
    assert len(rules(DSN="postgres://a/b?sslmode=disable " * 50)) == 1


DSNS = (
    "postgresql://app:{0}@db/app?sslmode=disable",
    "app:{0}@tcp(db:3306)/app?tls=skip-verify",
    "Server=db;User Id=sa;Password={0};TrustServerCertificate=true",
    "jdbc:mysql://db/app?useSSL=false&user=a&password={0}",
    "rediss://:{0}@cache:6379?ssl_cert_reqs=none",
    "mongodb://app:{0}@db/?tls=true&tlsAllowInvalidCertificates=true",
)


@given(
    dsn=st.sampled_from(DSNS),
    secret=st.text(st.characters(codec="ascii", exclude_categories=["Z", "C"]))
    .filter(lambda text: not set(text) & set("@/;&'\"<>(),|{}"))
    .map("S3cr3t{}".format),
)
def test_no_secret_of_an_environment_is_told(dsn: str, secret: str) -> None:
    found = everything().findings({"DSN": dsn.format(secret), "TOKEN": secret}, {})
    told = [one for _, one in found]
    assert told
    assert secret not in repr(told)


@cache
def everything() -> Variables:
    return Variables(every_rule(), Examiner(every_rule()))


def test_any_value_is_borne() -> None:
    names = ["SSL_CERT_FILE", "SSLKEYLOGFILE", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS"]
    for value in ("\udcff" * 50, "'\"`$(", "=" * 9, "\u2028SSL", "é" * 9000):
        scan(**dict.fromkeys(names, value))
    scan(NODE_OPTIONS="-" * 140_000)
