"""`tlsmith ca`: the local CA is made, shown, replaced, and printed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

import issued
from running import Done, tlsmith, tlsmith_here
from strategies import QUICK_KINDS
from tlsmith.core.keys import kind_of
from tlsmith.files import data_home
from tlsmith.local import create_authority, load_authorities, load_authority


def ca(*words: str) -> Done:
    done = tlsmith_here("ca", *words)
    assert done.code == 0, done.err
    return done


def pem(*words: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(ca("export", *words).out.encode())


def keys() -> list[Path]:
    """Every private key below the home."""
    files = [path for path in Path(data_home()).rglob("*") if path.is_file()]
    return [path for path in files if b"PRIVATE KEY" in path.read_bytes()]


def test_it_is_made_with_one_key_only() -> None:
    """The root's own was never written."""
    done = tlsmith("ca", "init", "--local")
    assert done.code == 0, done.err
    (key,) = keys()
    root, intermediate = reversed(pem("--chain"))
    own: Any = intermediate.public_key()
    assert issued.key(key).public_key() == own
    assert root.public_key() != own
    intermediate.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)


@pytest.mark.parametrize("kind", QUICK_KINDS)
def test_it_has_the_kind_of_key_asked_for(kind: str) -> None:
    ca("init", "--local", "--key", kind)
    for one in pem("--chain"):
        assert kind_of(one.public_key()) == kind


def test_only_its_owner_may_look_into_its_folder() -> None:
    os.umask(0)
    ca("init", "--local")
    home = Path(data_home())
    for path in (home, *home.rglob("*")):
        if path.is_dir():
            assert issued.mode(path) == 0o700, path
        elif "key" in path.name:
            assert issued.mode(path) == 0o600, path
        else:
            assert not issued.mode(path) & 0o022, path


def test_folders_above_the_home_are_for_nobody_else_to_write_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.umask(0)
    monkeypatch.delenv("TLSMITH_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    ca("init", "--local")
    for place in (".local", ".local/share", ".local/share/tlsmith"):
        assert not issued.mode(tmp_path / place) & 0o022, place


def test_what_is_there_and_would_do_stays() -> None:
    ca("init", "--local", "--allow", "corp.example.com")
    before = pem("--root")
    for words in ([], ["--allow", "corp.example.com"], ["--key", "p256"]):
        done = ca("init", "--local", *words)
        assert "nothing was changed" in done.err
        assert pem("--root") == before


@pytest.mark.parametrize(
    "words", [["--replace"], ["--allow", "b.example.com"], ["--key", "p384"]]
)
def test_a_new_one_takes_its_place_and_its_key(words: list[str]) -> None:
    ca("init", "--local")
    (before,), (old_key,) = pem("--root"), keys()
    ca("init", "--local", *words)
    assert pem("--root") != [before]
    assert not old_key.exists()
    assert len(keys()) == 1
    roots = [x509.load_der_x509_certificate(a.root) for a in _authorities()]
    assert before in roots  # to be found when it is to be taken out of the stores


def _authorities() -> list[Any]:
    return load_authorities(data_home())


@pytest.mark.parametrize(
    ("allow", "shown"),
    [
        ("corp.example.com", "corp.example.com"),
        ("*.Corp.Example.com.", "corp.example.com"),
        (".corp.example.com", "corp.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("[2001:db8::1]", "2001:db8::1/128"),
    ],
)
def test_it_may_sign_for_what_is_allowed(allow: str, shown: str) -> None:
    facts = ca("init", "--local", "--allow", allow, "--json").facts
    assert facts["allowed_by_request"] == [shown]
    assert shown in facts["permitted_domains"] + facts["permitted_networks"]


@pytest.mark.parametrize(
    "allow",
    [
        "",
        "a b",
        "a_b.example.com",
        "0.0.0.0/0",
        "::/0",
        "11.0.0.0/7",
        "me@a.com",
        "https://a.com/",
        "example.com:443",
        "*",
    ],
)
def test_what_is_no_domain_and_no_network_is_one_clear_error(allow: str) -> None:
    done = tlsmith_here("ca", "init", "--local", "--allow", allow)
    assert (done.code, done.out) == (2, "")
    assert "hint: " in done.err
    assert not Path(data_home()).exists()


def test_shown_is_what_is_there() -> None:
    ca("init", "--local", "--allow", "corp.example.com")
    facts = ca("show", "--json").facts
    (root,) = pem("--root")
    assert facts["root_fingerprint_sha256"] == root.fingerprint(hashes.SHA256()).hex()
    assert datetime.fromisoformat(facts["not_after"]) == root.not_valid_after_utc
    assert Path(facts["folder"]).is_dir()
    assert "localhost" in facts["permitted_domains"]
    words = ca("show").out
    assert "corp.example.com" in words
    assert "10.0.0.0/8" in words
    assert str(root.not_valid_after_utc.date()) in words
    pairs = facts["root_fingerprint_sha256"].upper()
    assert f"{pairs[:2]}:{pairs[2:4]}:" in words
    assert f"{pairs[-4:-2]}:{pairs[-2:]}" in words


def test_what_is_printed_is_pem_alone() -> None:
    ca("init", "--local")
    done = tlsmith("ca", "export", "--chain")
    assert done.err == ""
    assert done.out.startswith("-----BEGIN CERTIFICATE-----\n")
    assert done.out.endswith("-----END CERTIFICATE-----\n")
    intermediate, root = pem("--chain")
    assert intermediate.issuer == root.subject
    assert pem("--root") == [root]


@pytest.mark.parametrize("words", [["show"], ["export", "--root"]])
def test_without_a_ca_it_says_how_one_is_made(words: list[str]) -> None:
    done = tlsmith_here("ca", *words)
    assert done.code == 2
    assert "there is no local CA yet" in done.err
    assert "tlsmith make localhost" in done.err
    assert not Path(data_home()).exists()


@pytest.mark.parametrize(
    ("words", "hint"),
    [(["init"], "--local"), (["export"], "--root, --chain")],
)
def test_what_is_missing_is_said(words: list[str], hint: str) -> None:
    done = tlsmith_here("ca", *words)
    assert done.code == 2
    assert hint in done.err


def test_a_damaged_one_is_told_and_replaced() -> None:
    ca("init", "--local")
    (authority,) = _authorities()
    Path(authority.folder, "root.pem").write_bytes(b"")
    for words in (["show"], ["export", "--root"]):
        done = tlsmith_here("ca", *words)
        assert done.code == 2
        assert "tlsmith ca init --local --replace" in done.err
    ca("init", "--local", "--replace")
    ca("show")


def test_an_expired_one_is_shown_with_its_date() -> None:
    create_authority(data_home(), datetime.now(UTC) - timedelta(days=4000))
    assert ca("show", "--json").facts["not_after"] < datetime.now(UTC).isoformat()


@pytest.mark.parametrize("domain", ["com", "*.org", "de", "CO"])
def test_no_ca_may_sign_for_a_whole_top_level_domain(domain: str) -> None:
    done = tlsmith_here("ca", "init", "--local", "--allow", domain)
    assert done.code == 2
    assert "a whole part of the internet" in done.err


def test_an_office_host_of_one_label_may_be_signed_for() -> None:
    assert tlsmith_here("ca", "init", "--local", "--allow", "intranet").code == 0


def test_a_ca_whose_key_is_gone_is_said_to_be_useless() -> None:
    tlsmith_here("ca", "init", "--local")
    authority = load_authority(data_home())
    assert authority is not None
    os.unlink(authority.key_file)
    assert tlsmith_here("ca", "show", "--json").facts["can_sign"] is False
    assert "cannot sign" in tlsmith_here("ca", "show").out


def test_a_home_that_others_can_write_in_is_warned_of(home: Path) -> None:
    place = home / "tlsmith"
    place.mkdir()
    place.chmod(0o777)
    done = tlsmith_here("ca", "init", "--local")
    assert (done.code, "warning: others can write in" in done.err) == (0, True)
    place.chmod(0o700)
    assert "warning" not in tlsmith_here("ca", "init", "--local", "--replace").err
