"""`tlsmith env`: what it prints, for each shell, and where it writes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from running import environment_of, tlsmith, tlsmith_here
from tlsmith.core.formats import split_pem
from tlsmith.local import trusted_roots
from truststores.worlds import root_pair


@pytest.fixture
def data(home: Path) -> str:
    return str(home / "tlsmith")


def certificates(path: str) -> list[bytes]:
    return [der for _, der in split_pem(Path(path).read_bytes())]


def test_a_shell_that_evaluates_it_has_the_variables(home: Path, data: str) -> None:
    done = tlsmith_here("env")
    assert done.code == 0
    assert "made the local CA" in done.err
    said = subprocess.check_output(
        ["sh", "-c", 'eval "$1"; printf %s "$SSL_CERT_FILE"', "sh", done.out],
        env=environment_of(home),
    )
    (root,) = trusted_roots(data)
    assert root in certificates(said.decode())
    assert len(certificates(said.decode())) > 1


def test_it_works_with_blanks_and_quotes_in_the_home(tmp_path: Path) -> None:
    environment = environment_of(tmp_path) | {"TLSMITH_HOME": f"{tmp_path}/it's here"}
    program = tlsmith("env", environment=environment)
    script = 'eval "$1"; test -r "$SSL_CERT_FILE" && printf %s "$SSL_CERT_FILE"'
    for shell in ("dash", "bash"):
        said = subprocess.check_output([shell, "-c", script, "x", program.out])
        assert said.decode() == f"{tmp_path}/it's here/bundles/bundle.pem"


def test_the_second_time_it_only_prints(data: str) -> None:
    first = tlsmith_here("env")
    before = {p: p.stat().st_mtime_ns for p in Path(data).rglob("*") if p.is_file()}
    again = tlsmith_here("env")
    assert (again.out, again.err) == (first.out, "")
    after = {p: p.stat().st_mtime_ns for p in Path(data).rglob("*") if p.is_file()}
    assert after == before


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("sh", r"export SSL_CERT_FILE='\S+'"),
        ("fish", r"set -gx SSL_CERT_FILE '\S+'"),
        ("powershell", r"\$env:SSL_CERT_FILE = '\S+'"),
        ("dotenv", r"SSL_CERT_FILE=\S+"),
        ("github", r"SSL_CERT_FILE=\S+"),
    ],
)
def test_each_shell_has_its_own_words(shell: str, line: str) -> None:
    done = tlsmith_here("env", "--shell", shell)
    lines = done.out.splitlines()
    assert re.fullmatch(line, lines[0])
    # Not a word but these: a comment is an error in $GITHUB_ENV.
    assert len({text.split("=")[0].split("'")[0].strip()[:6] for text in lines}) >= 1
    assert not any(text.startswith("#") for text in lines)


def test_the_shell_does_not_depend_on_the_login_shell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert tlsmith_here("env").out.startswith("export ")


def test_an_unknown_shell_is_a_usage_error() -> None:
    done = tlsmith_here("env", "--shell", "tcsh")
    assert done.code == 2
    assert "docker" in done.err


def test_facts_say_why(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = tmp_path / "company.pem"
    company.write_bytes(root_pair("company").pem)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(company))
    facts = tlsmith_here("env", "--json").facts
    assert (
        facts["bundle"]["sources"][:1] == [str(company)]
        or str(company) in facts["bundle"]["sources"]
    )
    assert facts["variables"]["AWS_CA_BUNDLE"] == facts["bundle"]["path"]
    assert root_pair("company").der in certificates(facts["bundle"]["path"])
    by_name = {setting["name"]: setting for setting in facts["settings"]}
    assert set(by_name) == set(facts["variables"])
    assert by_name["NODE_EXTRA_CA_CERTS"]["effect"] == "adds"
    assert by_name["NODE_EXTRA_CA_CERTS"]["value"] == facts["roots"]["path"]
    assert facts["turns_verification_off"] == []


def test_what_turns_verification_off_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NODE_TLS_REJECT_UNAUTHORIZED", "0")
    done = tlsmith_here("env")
    assert "warning: NODE_TLS_REJECT_UNAUTHORIZED=0 turns verification off" in done.err
    assert "REJECT" not in done.out


def test_a_file_that_cannot_be_kept_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/none.pem")
    assert "SSL_CERT_FILE was '/none.pem'" in tlsmith_here("env").err


def test_files_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    target = tmp_path / "files"
    done = tlsmith_here("env", "--shell", "dotenv", "--output", str(target))
    assert f"SSL_CERT_FILE={target}/bundle.pem" in done.out.splitlines()
    names = {path.name for path in target.iterdir()}
    assert names == {"bundle.pem", "roots.pem", "tlsmith-root.crt"}
    facts = tlsmith_here("env", "--json", "--output", str(target), "--java").facts
    assert f"{target}/truststore.p12" in facts["files"]
    assert (
        f"trustStore={target}/truststore.p12" in facts["variables"]["JAVA_TOOL_OPTIONS"]
    )


def test_a_dockerfile_copies_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = tlsmith_here("env", "--shell", "docker", "--output", "ca files", "--java")
    copies = [line for line in done.out.splitlines() if line.startswith("COPY")]
    assert copies[0] == (
        'COPY ["ca files/bundle.pem", "ca files/roots.pem", '
        '"ca files/truststore.p12", "/etc/tlsmith/"]'
    )
    for name in re.findall(r'"(ca files/[\w.*-]+)"', "".join(copies)):
        assert list(tmp_path.glob(name)), name
    assert not any(
        b"PRIVATE" in path.read_bytes() for path in (tmp_path / "ca files").iterdir()
    )
    pairs = dict(re.findall(r"^(?:ENV| {3}) (\w+)=(.+?)(?: \\)?$", done.out, re.M))
    assert pairs["SSL_CERT_FILE"] == "/etc/tlsmith/bundle.pem"
    assert pairs["NODE_EXTRA_CA_CERTS"] == "/etc/tlsmith/roots.pem"
    assert pairs["JAVA_TOOL_OPTIONS"].startswith('"-Djavax.net.ssl.trustStore=/etc/')
    assert "PHP_INI_SCAN_DIR" not in pairs


def test_the_run_line_of_a_dockerfile_is_good_shell() -> None:
    done = tlsmith_here("env", "--shell", "docker")
    assert "--output tlsmith-trust" in done.err
    assert "COPY tlsmith-trust/bundle.pem tlsmith-trust/roots.pem /etc/tlsmith/" in (
        done.out
    )
    script = done.out[done.out.index("RUN ") + 4 :]
    subprocess.run(["sh", "-n", "-c", script], check=True)


def test_an_absolute_folder_is_copied_by_its_name(tmp_path: Path) -> None:
    target = str(tmp_path / "files")
    done = tlsmith_here("env", "--shell", "docker", "--output", target)
    assert "COPY files/bundle.pem" in done.out


def test_a_home_that_cannot_be_written_is_one_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("TLSMITH_HOME", str(home / "file"))
    done = tlsmith_here("env")
    assert done.code == 3
    assert done.out == ""
    assert done.err.startswith("tlsmith: ")
    assert os.path.isfile(home / "file")
