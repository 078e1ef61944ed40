"""The options that commands share: where files go, and what is warned of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import issued
from running import tlsmith_here

LONG = ".".join(["long" * 12] * 4) + ".test"


@pytest.mark.parametrize(
    ("words", "stem"),
    [
        (["localhost"], "localhost"),
        (["localhost", "127.0.0.1", "::1"], "localhost+2"),
        (["::1"], "__1"),
        (["*.app.test", "app.test"], "_wildcard.app.test+1"),
        (["a.test", "a.test"], "a.test"),
        (["A.Test."], "a.test"),
        (["bücher.test"], "xn--bcher-kva.test"),
        (["me@a.test"], "me@a.test"),
        (["spiffe://a.test/web/1"], "spiffe___a.test_web_1"),
        (["https://a.test/../x"], "https___a.test_.._x"),
        (["a.test", "--client"], "a.test-client"),
        (["a.test", "b.test", "--client"], "a.test+1-client"),
        ([LONG], LONG[:200]),
    ],
)
@pytest.mark.parametrize("command", ["make", "self-sign", "csr"])
def test_files_are_named_as_mkcert_names_them(
    folder: Path, command: str, words: list[str], stem: str
) -> None:
    assert tlsmith_here(command, *words).code == 0
    ending = ".csr" if command == "csr" else ".pem"
    assert sorted(os.listdir()) == sorted([f"{stem}-key.pem", f"{stem}{ending}"])


def test_a_name_that_starts_with_a_dash_makes_no_file_that_looks_like_an_option(
    folder: Path,
) -> None:
    done = tlsmith_here("make", "--json", "--", "-me@a.test")
    assert done.facts["cert_file"] == "./-me@a.test.pem"
    assert sorted(os.listdir()) == ["-me@a.test-key.pem", "-me@a.test.pem"]


@pytest.mark.parametrize("command", ["make", "self-sign"])
def test_files_go_where_they_are_sent(folder: Path, command: str) -> None:
    Path("tls").mkdir()
    words = ["--cert-file", "tls/a b.crt", "--key-file", "tls/clé.key"]
    assert tlsmith_here(command, "a.test", *words).code == 0
    assert issued.belong_together("tls/a b.crt", "tls/clé.key")
    assert os.listdir() == ["tls"]


@pytest.mark.parametrize("option", ["--cert-file", "--key-file", "--p12-file"])
def test_a_folder_that_is_not_there_is_not_made(folder: Path, option: str) -> None:
    done = tlsmith_here("make", "a.test", option, "nowhere/x")
    assert done.code == 3
    assert "nowhere/x" in done.err
    assert "no such file or directory" in done.err
    assert os.listdir() == []


@pytest.mark.parametrize("option", ["--cert-file", "--key-file", "--p12-file"])
def test_a_file_name_can_be_too_long(folder: Path, option: str) -> None:
    done = tlsmith_here("make", "a.test", option, "x" * 300)
    assert done.code == 3
    assert "file name too long" in done.err
    assert os.listdir() == []


def test_the_longest_file_name_there_can_be_works(folder: Path) -> None:
    name = "x" * 255
    assert tlsmith_here("make", "a.test", "--cert-file", name).code == 0
    assert tlsmith_here("make", "a.test", "--cert-file", name).code == 0
    assert sorted(os.listdir()) == ["a.test-key.pem", name]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("*.test", "warning: many clients refuse a wildcard as wide as *.test"),
        ("https://a.test/", "for the host give a.test"),
        ("*.a.test", ""),
        ("spiffe://a.test/web", ""),
    ],
)
@pytest.mark.parametrize("command", ["self-sign", "csr"])
def test_what_may_surprise_is_warned_of(
    folder: Path, command: str, name: str, said: str
) -> None:
    done = tlsmith_here(command, name)
    assert done.code == 0
    assert said in done.err
    assert ("warning" in done.err) is bool(said)


def test_names_of_a_request_are_warned_of_too(folder: Path) -> None:
    assert tlsmith_here("csr", "*.test").code == 0
    done = tlsmith_here("make", "--csr", "_wildcard.test.csr")
    assert "warning: many clients refuse" in done.err


def test_a_client_certificate_is_for_servers_too(folder: Path) -> None:
    from cryptography import x509

    usage = x509.ExtendedKeyUsageOID
    for words, expected in (
        (["a.test"], [usage.SERVER_AUTH]),
        (["a.test", "--client"], [usage.SERVER_AUTH, usage.CLIENT_AUTH]),
        (["me@a.test"], [usage.EMAIL_PROTECTION]),
        (["me@a.test", "--client"], [usage.CLIENT_AUTH, usage.EMAIL_PROTECTION]),
    ):
        facts = tlsmith_here("make", *words, "--json").facts
        leaf = issued.leaf(facts["cert_file"])
        found = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(found) == expected
