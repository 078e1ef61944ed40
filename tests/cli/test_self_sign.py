"""`tlsmith self-sign`: signed by its own key, and no more than that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import issued
from chains import family
from running import Done, tlsmith, tlsmith_here
from strategies import QUICK_KINDS, name_texts
from tlsmith.core.names import parse_name
from tlsmith.files import data_home


def self_sign(*words: str) -> Done:
    done = tlsmith_here("self-sign", *words)
    assert done.code == 0, done.err
    return done


def _extension(kind: type, path: str = "a.test.pem") -> object:
    return issued.leaf(path).extensions.get_extension_for_class(kind).value


def test_it_is_signed_by_its_own_key_and_no_ca_is_made(folder: Path) -> None:
    done = tlsmith("self-sign", "a.test")
    assert done.code == 0, done.err
    (leaf,) = issued.chain("a.test.pem")
    leaf.verify_directly_issued_by(leaf)
    assert issued.belong_together("a.test.pem", "a.test-key.pem")
    assert not Path(data_home()).exists()
    assert sorted(os.listdir(folder)) == ["a.test-key.pem", "a.test.pem"]


@pytest.mark.parametrize("kind", QUICK_KINDS)
def test_every_kind_of_key_signs_itself(folder: Path, kind: str) -> None:
    assert self_sign("a.test", "--key", kind, "--json").facts["key"] == kind
    leaf = issued.leaf("a.test.pem")
    leaf.verify_directly_issued_by(leaf)


def test_it_says_in_two_lines_what_such_a_certificate_cannot_do(folder: Path) -> None:
    done = self_sign("a.test")
    assert len(done.err.splitlines()) == 2
    assert "revoke" in done.err
    assert "tlsmith make" in done.err
    assert self_sign("b.test", "--json").err == ""


def test_it_is_no_ca_unless_that_is_asked(folder: Path) -> None:
    self_sign("a.test")
    constraints = _extension(x509.BasicConstraints)
    assert isinstance(constraints, x509.BasicConstraints)
    assert not constraints.ca
    usage = _extension(x509.KeyUsage)
    assert isinstance(usage, x509.KeyUsage)
    assert not usage.key_cert_sign


def test_a_ca_is_what_openssl_makes(folder: Path) -> None:
    """CA:TRUE without a path length, no extended key usage, and its names."""
    self_sign("a.test", "--ca")
    constraints = _extension(x509.BasicConstraints)
    assert isinstance(constraints, x509.BasicConstraints)
    assert (constraints.ca, constraints.path_length) == (True, None)
    usage = _extension(x509.KeyUsage)
    assert isinstance(usage, x509.KeyUsage)
    assert usage.key_cert_sign
    assert usage.digital_signature
    with pytest.raises(x509.ExtensionNotFound):
        _extension(x509.ExtendedKeyUsage)
    assert issued.names(issued.leaf("a.test.pem")) == ["a.test"]


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ([], 397),
        (["--days", "825"], 825),
        (["--days", "1"], 1),
        (["--ca", "--days", "3650"], 3650),
    ],
)
def test_it_lives_as_long_as_asked(folder: Path, words: list[str], days: int) -> None:
    self_sign("a.test", *words)
    assert issued.days(issued.leaf("a.test.pem")) == days


@pytest.mark.parametrize(
    ("words", "longest"),
    [
        (["--days", "0"], 825),
        (["--days", "826"], 825),
        (["--days", "-5"], 825),
        (["--ca", "--days", "3651"], 3650),
    ],
)
def test_it_lives_neither_never_nor_too_long(
    folder: Path, words: list[str], longest: int
) -> None:
    done = tlsmith_here("self-sign", "a.test", *words)
    assert done.code == 2
    assert f"there may be 1 to {longest}" in done.err
    assert os.listdir() == []


def test_it_is_for_any_name(folder: Path) -> None:
    self_sign("www.example.com", "203.0.113.7", "urn:isbn:0451450523")
    found = issued.names(issued.leaf("www.example.com+2.pem"))
    assert found == ["www.example.com", "203.0.113.7", "urn:isbn:0451450523"]


@given(texts=st.lists(name_texts, min_size=1, max_size=5))
def test_every_name_is_in_it(
    texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("names"))
        facts = self_sign("--json", "--", *texts).facts
        expected = list(dict.fromkeys(parse_name(text).value for text in texts))
        leaf = issued.leaf(facts["cert_file"])
        assert issued.names(leaf) == facts["names"] == expected
        assert leaf.issuer.rdns  # RFC 5280 4.1.2.4


def test_again_renews_in_place(folder: Path) -> None:
    first = self_sign("a.test", "--json").facts
    second = self_sign("a.test", "--json").facts
    assert (first["renewed"], second["renewed"]) == (False, True)
    assert first["serial_number"] != second["serial_number"]
    assert issued.belong_together("a.test.pem", "a.test-key.pem")


def test_it_takes_the_place_of_what_the_local_ca_signed(folder: Path) -> None:
    assert tlsmith_here("make", "a.test").code == 0
    self_sign("a.test")
    assert len(issued.chain("a.test.pem")) == 1


def test_make_does_not_take_its_place_unasked(folder: Path) -> None:
    """Somebody may have told a client to trust exactly this one."""
    self_sign("a.test")
    done = tlsmith_here("make", "a.test")
    assert done.code == 2
    assert "--force" in done.err
    assert len(issued.chain("a.test.pem")) == 1


@pytest.mark.parametrize("with_key", [True, False])
def test_what_others_signed_stays(folder: Path, with_key: bool) -> None:
    other = family("p256")
    pair = other.leaf if with_key else other.root
    Path("c.pem").write_bytes(pair.pem)
    if with_key:
        Path("k.pem").write_bytes(pair.key_pem)
    words = ["a.test", "--cert-file", "c.pem", "--key-file", "k.pem"]
    done = tlsmith_here("self-sign", *words)
    assert done.code == 2
    assert "tlsmith did not make" in done.err
    assert Path("c.pem").read_bytes() == pair.pem
    self_sign(*words, "--force")
    assert issued.belong_together("c.pem", "k.pem")


# Requests -------------------------------------------------------------------------


def test_a_request_is_signed_with_the_key_it_was_made_with(folder: Path) -> None:
    assert tlsmith_here("csr", "a.test", "--key", "ed25519").code == 0
    before = Path("a.test-key.pem").read_bytes()
    self_sign("--csr", "a.test.csr", "--key-file", "a.test-key.pem")
    assert Path("a.test-key.pem").read_bytes() == before
    leaf = issued.leaf("a.test.pem")
    leaf.verify_directly_issued_by(leaf)
    assert issued.belong_together("a.test.pem", "a.test-key.pem")


def test_a_request_alone_cannot_be_signed(folder: Path) -> None:
    assert tlsmith_here("csr", "a.test").code == 0
    done = tlsmith_here("self-sign", "--csr", "a.test.csr")
    assert done.code == 2
    assert "give that key with --key-file" in done.err


def test_a_request_is_not_signed_with_another_key(folder: Path) -> None:
    assert tlsmith_here("csr", "a.test").code == 0
    assert tlsmith_here("csr", "b.test").code == 0
    done = tlsmith_here(
        "self-sign", "--csr", "a.test.csr", "--key-file", "b.test-key.pem"
    )
    assert done.code == 3
    assert "is not the one of the request" in done.err
    assert not Path("a.test.pem").exists()


def test_a_request_whose_key_is_not_there_is_one_clear_error(folder: Path) -> None:
    assert tlsmith_here("csr", "a.test").code == 0
    done = tlsmith_here("self-sign", "--csr", "a.test.csr", "--key-file", "lost.pem")
    assert done.code == 2
    assert "lost.pem" in done.err or "no key to keep" in done.err
