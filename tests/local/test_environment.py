"""Which variables are set, to what, and what of a person's own is kept."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tlsmith.core.formats import split_pem
from tlsmith.errors import FileError, InputError
from tlsmith.local.carried import carried_values, carry
from tlsmith.local.environment import (
    Environment,
    child_environment,
    prepare_environment,
)
from tlsmith.local.variables import SWITCHES, VARIABLES, turns_verification_off
from truststores.worlds import root_pair

OURS, PUBLIC, COMPANY = (root_pair(n) for n in ("ours", "public", "company"))


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A system with one public root."""
    folder = tmp_path / "system"
    bundle = folder / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(PUBLIC.pem)
    return folder


@pytest.fixture
def company(tmp_path: Path) -> str:
    file = tmp_path / "company.pem"
    file.write_bytes(COMPANY.pem)
    return str(file)


def prepare(system: Path, java: bool = False, **environ: str) -> Environment:
    home = str(system.parent / "tlsmith")
    environ = {"HOME": str(system.parent / "home"), "PATH": "/none", **environ}
    return prepare_environment(
        home, [OURS.der], environ, locate=lambda path: f"{system}{path}", java=java
    )


def ders(path: str) -> list[bytes]:
    return [der for _, der in split_pem(Path(path).read_bytes())]


def test_what_replaces_leads_to_all_and_what_adds_to_ours(system: Path) -> None:
    values = prepare(system).values
    assert ders(values["SSL_CERT_FILE"]) == [OURS.der, PUBLIC.der]
    assert ders(values["NODE_EXTRA_CA_CERTS"]) == [OURS.der]
    for variable in VARIABLES:
        if variable.effect == "replaces" and variable.always:
            assert values[variable.name] == values["SSL_CERT_FILE"]
        if not variable.always:
            assert variable.name not in values


def test_the_table_has_each_variable_once_and_says_why() -> None:
    names = [variable.name for variable in VARIABLES]
    assert len(names) == len(set(names))
    assert all(variable.fact and variable.clients for variable in VARIABLES)
    assert all(re.fullmatch(r"\w+", name) for name in names)
    # A file that adds does not have to have the public roots; one that replaces does.
    assert all(v.leads_to == "bundle" for v in VARIABLES if v.effect == "replaces")


def test_a_file_that_a_variable_named_is_kept(system: Path, company: str) -> None:
    environment = prepare(system, SSL_CERT_FILE=company)
    assert ders(environment.bundle.path) == [OURS.der, PUBLIC.der, COMPANY.der]
    assert ders(environment.roots.path) == [OURS.der]
    # Once more, from the shell that has the variables by now.
    again = prepare(system, **environment.values)
    assert again.values == environment.values
    assert again.warnings == ()


def test_a_file_that_a_variable_added_is_kept_there(system: Path, company: str) -> None:
    environment = prepare(system, NODE_EXTRA_CA_CERTS=company)
    assert ders(environment.roots.path) == [OURS.der, COMPANY.der]
    assert ders(environment.bundle.path) == [OURS.der, PUBLIC.der]
    assert prepare(system, **environment.values).values == environment.values


def test_the_systems_own_bundle_is_not_folded_in(system: Path) -> None:
    own = str(system / "etc/ssl/certs/ca-certificates.crt")
    environment = prepare(
        system, SSL_CERT_FILE=own, SSL_CERT_DIR=f"{system}/etc/ssl/certs"
    )
    assert environment.bundle.sources == ()


def test_a_folder_of_a_persons_own_is_kept(system: Path, company: str) -> None:
    folder = Path(company).with_name("certs")
    folder.mkdir()
    os.rename(company, folder / "abcd.0")
    found = prepare(system, SSL_CERT_DIR=f"/none:{folder}")
    assert ders(found.bundle.path)[-1] == COMPANY.der
    assert "SSL_CERT_DIR" not in found.values


def test_a_relative_name_is_kept_wherever_one_is(
    system: Path, company: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(os.path.dirname(company))
    assert prepare(system, PIP_CERT="company.pem").bundle.sources == (company,)


def test_a_file_without_certificates_is_warned_of(system: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    environment = prepare(system, SSL_CERT_FILE=str(empty), PIP_CERT="/none.pem")
    assert len(environment.warnings) == 2
    assert "'/none.pem'" in environment.warnings[1]


def test_what_would_hide_ours_is_set_where_it_was(system: Path, company: str) -> None:
    environment = prepare(system, npm_config_cafile=company, PGSSLROOTCERT=company)
    assert environment.values["npm_config_cafile"] == environment.bundle.path
    assert environment.values["PGSSLROOTCERT"] == environment.bundle.path
    assert COMPANY.der in ders(environment.bundle.path)


def test_what_is_configured_is_kept_too(system: Path, company: str) -> None:
    home = system.parent / "home"
    (home / ".config/pip").mkdir(parents=True)
    (home / ".config/pip/pip.conf").write_text("[global]\ncert = ~/pip.pem\n")
    (home / ".npmrc").write_text("fund=false\ncafile=${HOME}/npm.pem\n")
    (home / ".gitconfig").write_text(f"[http]\n\tsslCAInfo = {company}\n")
    for name in ("pip", "npm"):
        (home / f"{name}.pem").write_bytes(root_pair(name).pem)
    environment = prepare(system, HOME=str(home), PATH=os.environ["PATH"])
    found = ders(environment.bundle.path)
    assert {COMPANY.der, root_pair("pip").der, root_pair("npm").der} <= set(found)
    assert environment.values["npm_config_cafile"] == environment.bundle.path


def test_the_machines_settings_count_as_well(system: Path, company: str) -> None:
    (system / "etc/pip.conf").write_text(f"[global]\ncert = {company}\n")
    (system / "etc/npmrc").write_text(f'cafile = "{company}"\n')
    environment = prepare(system)
    assert COMPANY.der in ders(environment.bundle.path)
    assert "npm_config_cafile" in environment.values


def test_broken_settings_are_passed_by(system: Path) -> None:
    (system / "etc/pip.conf").write_bytes(b"cert\xff = [\n")
    (system / "etc/npmrc").write_text("cafile\n")
    (system / "etc/gitconfig").write_text("[http\nsslCAInfo\n")
    assert prepare(system).bundle.sources == ()


def test_php_reads_its_own_settings_and_then_ours(system: Path) -> None:
    value = prepare(system).values["PHP_INI_SCAN_DIR"]
    default, ours = value.split(":")
    assert default == ""
    text = Path(ours, "tlsmith.ini").read_text()
    assert f'curl.cainfo = "{prepare(system).bundle.path}"' in text
    assert prepare(system, PHP_INI_SCAN_DIR=value).values["PHP_INI_SCAN_DIR"] == value
    more = prepare(system, PHP_INI_SCAN_DIR="/etc/own").values["PHP_INI_SCAN_DIR"]
    assert more == f"/etc/own:{ours}"


def test_java_gets_a_truststore_of_all_when_asked(system: Path) -> None:
    assert "JAVA_TOOL_OPTIONS" not in prepare(system).values
    first = prepare(system, java=True, JAVA_TOOL_OPTIONS="-Xmx1g")
    value = first.values["JAVA_TOOL_OPTIONS"]
    assert value.startswith("-Xmx1g -Djavax.net.ssl.trustStore=")
    again = prepare(system, java=True, JAVA_TOOL_OPTIONS=value)
    assert again.values["JAVA_TOOL_OPTIONS"] == value
    store = Path(re.findall(r"trustStore=(\S+)", value)[0])
    from cryptography.hazmat.primitives.serialization import pkcs12

    held = pkcs12.load_pkcs12(store.read_bytes(), b"changeit").additional_certs
    assert len(held) == 2
    before = store.stat().st_mtime_ns
    prepare(system, java=True)
    assert store.stat().st_mtime_ns == before


def test_a_truststore_of_a_persons_own_is_left_alone(system: Path) -> None:
    own = "-Djavax.net.ssl.trustStore=/mine.jks"
    environment = prepare(system, java=True, JAVA_TOOL_OPTIONS=own)
    assert "JAVA_TOOL_OPTIONS" not in environment.values
    assert "left as it is" in environment.warnings[0]


def test_a_broken_certificate_keeps_java_from_nothing(system: Path) -> None:
    bundle = system / "etc/ssl/certs/ca-certificates.crt"
    bad = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    bundle.write_bytes(PUBLIC.pem + bad)
    assert "JAVA_TOOL_OPTIONS" in prepare(system, java=True).values


def test_names_with_blanks_and_quotes_are_quoted_for_java(tmp_path: Path) -> None:
    for name, quote in (("it's here", '"'), ('a "b" c', "'")):
        home = str(tmp_path / name)
        environment = prepare_environment(
            home, [OURS.der], {}, locate=lambda path: f"{tmp_path}{path}", java=True
        )
        value = environment.values["JAVA_TOOL_OPTIONS"]
        assert f"{quote}-Djavax.net.ssl.trustStore={home}" in value
        again = prepare_environment(
            home,
            [OURS.der],
            {"JAVA_TOOL_OPTIONS": value},
            locate=lambda path: f"{tmp_path}{path}",
            java=True,
        )
        assert again.values["JAVA_TOOL_OPTIONS"] == value


def test_without_public_roots_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "certifi", None)
    environment = prepare_environment(
        str(tmp_path / "data"),
        [OURS.der],
        {"PATH": "/none"},
        locate=lambda path: f"{tmp_path}{path}",
    )
    assert "no file of public roots" in environment.warnings[0]
    assert ders(environment.bundle.path) == [OURS.der]


def test_a_line_break_in_the_folder_is_refused() -> None:
    with pytest.raises(InputError, match="line break"):
        prepare_environment("/tmp/a\nb", [OURS.der], {})


def test_a_folder_that_cannot_be_made_is_named(system: Path) -> None:
    environment = prepare(system)
    place = Path(os.path.splitext(environment.bundle.path)[0] + "-php")
    (place / "tlsmith.ini").unlink()
    place.rmdir()
    place.write_text("in the way")
    with pytest.raises(FileError, match="cannot make"):
        prepare(system)


@pytest.mark.parametrize(
    ("name", "value", "off"),
    [
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0", True),
        ("NODE_TLS_REJECT_UNAUTHORIZED", "1", False),
        ("PYTHONHTTPSVERIFY", "0", True),
        ("GIT_SSL_NO_VERIFY", "false", True),  # git looks only whether it is set
        ("npm_config_strict_ssl", "False", True),
        ("npm_config_strict_ssl", "true", False),
        ("PIP_TRUSTED_HOST", "", False),
        ("HOME", "0", False),
    ],
)
def test_what_turns_verification_off(name: str, value: str, off: bool) -> None:
    assert turns_verification_off(name, value) is off


def test_a_child_verifies(system: Path) -> None:
    now = {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "LANG": "C", "PIP_CERT": "/none"}
    environment = prepare(system, **now)
    assert environment.switched_off == ("NODE_TLS_REJECT_UNAUTHORIZED",)
    child = child_environment(environment, now)
    assert child == {"LANG": "C", **environment.values}
    assert len({name for name, _ in SWITCHES}) == len(SWITCHES)


def test_files_are_carried_without_a_key(system: Path, tmp_path: Path) -> None:
    environment = prepare(system, java=True, NIX_SSL_CERT_FILE="/none")
    target = tmp_path / "carried"
    written = carry(environment, [OURS.der, PUBLIC.der], str(target), java=True)
    names = ["bundle.pem", "roots.pem", "tlsmith-root.crt", "tlsmith-root-2.crt"]
    assert [os.path.basename(path) for path in written] == [*names, "truststore.p12"]
    assert ders(str(target / "tlsmith-root-2.crt")) == [PUBLIC.der]
    assert not any(b"PRIVATE" in Path(path).read_bytes() for path in written)
    values = carried_values(environment, "/etc/x")
    assert values["SSL_CERT_FILE"] == "/etc/x/bundle.pem"
    assert values["DENO_CERT"] == "/etc/x/roots.pem"
    assert values["JAVA_TOOL_OPTIONS"] == (
        "-Djavax.net.ssl.trustStore=/etc/x/truststore.p12 "
        "-Djavax.net.ssl.trustStoreType=PKCS12 "
        "-Djavax.net.ssl.trustStorePassword=changeit"
    )
    assert not {"PHP_INI_SCAN_DIR", "NIX_SSL_CERT_FILE"} & set(values)


def test_a_folder_that_cannot_be_made_is_named_when_carrying(
    system: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot make"):
        carry(prepare(system), [OURS.der], str(tmp_path / "file"), java=False)
