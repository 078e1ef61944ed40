"""mkcert's flags are Go's, not click's."""

from __future__ import annotations

import pytest

from tlsmith.cli.mkcert_flags import Flags, parse_flags
from tlsmith.errors import InputError


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ([], Flags()),
        (["a.test"], Flags(names=("a.test",))),
        (["-install"], Flags(install=True)),
        (["--install"], Flags(install=True)),
        (["-CAROOT"], Flags(caroot=True)),
        (["-install", "5"], Flags(install=True, names=("5",))),
        (["-install=false", "a"], Flags(names=("a",))),
        (["-ecdsa=T", "-client=1"], Flags(ecdsa=True, client=True)),
        (["-ecdsa", "-ecdsa=0"], Flags()),
        (["-cert-file", "c", "a"], Flags(cert_file="c", names=("a",))),
        (["--cert-file=c=d"], Flags(cert_file="c=d")),
        (["-cert-file", "-install"], Flags(cert_file="-install")),
        (["-cert-file", "--", "a"], Flags(cert_file="--", names=("a",))),
        (["-csr="], Flags()),
        (["-key-file", "k", "-p12-file", "p"], Flags(key_file="k", p12_file="p")),
        (["a", "-ecdsa"], Flags(names=("a", "-ecdsa"))),
        (["-ecdsa", "--", "-client"], Flags(ecdsa=True, names=("-client",))),
        (["-", "-ecdsa"], Flags(names=("-", "-ecdsa"))),
        (["-ecdsa", "", "-client"], Flags(ecdsa=True, names=("", "-client"))),
        (["-version", "-help"], Flags(version=True, help=True)),
        (["-h"], Flags(asks_usage=True)),
        (["-install", "--h=1", "-bogus"], Flags(asks_usage=True)),
    ],
)
def test_flags_are_read_as_go_reads_them(words: list[str], flags: Flags) -> None:
    assert parse_flags(words) == flags


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-bogus"], "flag provided but not defined: -bogus"),
        (["--bogus=1"], "flag provided but not defined: -bogus"),
        (["-caroot"], "flag provided but not defined: -caroot"),
        (["-help", "-cert_file", "c"], "flag provided but not defined: -cert_file"),
        (["-cert-file"], "flag needs an argument: -cert-file"),
        (["---install"], "bad flag syntax: ---install"),
        (["-=x"], "bad flag syntax: -=x"),
        (["--=x"], "bad flag syntax: --=x"),
        (["-install=maybe"], "'maybe' is neither true nor false, for -install"),
        (["-install="], "'' is neither true nor false, for -install"),
        (["-install=yes"], "'yes' is neither true nor false, for -install"),
    ],
)
def test_what_is_no_flag_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_flags(words)
    assert caught.value.message == message
    assert caught.value.code == "usage"
    assert caught.value.hint == "see `tlsmith mkcert -help`"
