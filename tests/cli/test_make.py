"""`tlsmith make`: the local CA signs, in place, for what it may sign."""

from __future__ import annotations

import os
import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import issued
from running import Done, tlsmith, tlsmith_here
from strategies import QUICK_KINDS, hostile_texts, key_of_kind, name_texts
from tlsmith.core.formats import encode_private_key
from tlsmith.core.keys import kind_of
from tlsmith.core.names import parse_name
from tlsmith.files import data_home
from tlsmith.local import create_authority, load_authority
from tlsmith.local.reach import constraints_for


def make(*words: str) -> Done:
    done = tlsmith_here("make", *words)
    assert done.code == 0, done.err
    return done


def root() -> str:
    return tlsmith_here("ca", "export", "--root").out


def test_the_first_certificate_brings_the_ca(folder: Path) -> None:
    done = tlsmith("make", "localhost", "127.0.0.1", "::1")
    assert done.code == 0, done.err
    assert sorted(os.listdir(folder)) == ["localhost+2-key.pem", "localhost+2.pem"]
    assert "localhost+2.pem" in done.out
    assert "tlsmith trust install" in done.err
    assert issued.belong_together("localhost+2.pem", "localhost+2-key.pem")
    issued.verify("localhost+2.pem", root(), "localhost")
    assert issued.names(issued.leaf("localhost+2.pem")) == [
        "localhost",
        "127.0.0.1",
        "::1",
    ]


def test_the_second_uses_the_same_ca_and_says_nothing_more(folder: Path) -> None:
    make("a.test")
    before = root()
    done = make("b.test")
    assert done.err == ""
    assert root() == before
    issued.verify("b.test.pem", before, "b.test")


def test_the_chain_is_there_without_the_root(folder: Path) -> None:
    make("a.test")
    leaf, intermediate = issued.chain("a.test.pem")
    assert leaf.issuer == intermediate.subject
    assert intermediate.issuer != intermediate.subject


@pytest.mark.parametrize("kind", QUICK_KINDS)
def test_every_kind_of_key_can_be_made(folder: Path, kind: str) -> None:
    facts = make("a.test", "--key", kind, "--json").facts
    assert facts["key"] == kind
    assert kind_of(issued.key("a.test-key.pem")) == kind
    assert issued.belong_together("a.test.pem", "a.test-key.pem")


def test_json_tells_what_is_in_the_files(folder: Path) -> None:
    facts = make("bücher.test", "10.0.0.1", "--json").facts
    leaf = issued.leaf(facts["cert_file"])
    assert facts["names"] == ["xn--bcher-kva.test", "10.0.0.1"]
    assert int(facts["serial_number"], 16) == leaf.serial_number
    assert datetime.fromisoformat(facts["not_after"]) == leaf.not_valid_after_utc
    assert datetime.fromisoformat(facts["not_before"]) == leaf.not_valid_before_utc
    assert facts["changed"] is True
    assert facts["renewed"] is False
    assert facts["signed_by"] == "local CA"
    assert Path(facts["key_file"]).exists()
    assert facts["p12_file"] is None


# Names ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "not a name"),
        (" a.test", "not a name"),
        ("a b.test", "not a DNS name"),
        ("a_b.test", "a-b"),
        ("-a.test", "not a DNS name"),
        ("a..test", "empty label"),
        ("localhost:8443", "not ports"),
        ("[::1]:8443", "not ports"),
        ("127.0.0.1/8", "not an IP address"),
        ("300.1.1.1", "not an IP address"),
        ("fe80::1%eth0", "zone"),
        ("a.*.test", "wildcard stands alone"),
        ("**.test", "wildcard"),
        ("@a.test", "not an e-mail address"),
        ("a@", "empty label"),
        ("https:///x", "without a host"),
        ("x" * 64 + ".test", "63 is the most"),
        (".".join(["x" * 60] * 5) + ".test", "253 is the most"),
        ("☃.test", "IDNA 2008"),
        ("a\nb.test", "not a DNS name"),
        ("a\x00b.test", "not a DNS name"),
    ],
)
def test_what_is_no_name_is_one_clear_error(folder: Path, name: str, said: str) -> None:
    done = tlsmith_here("make", "--", name)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) <= 2
    assert os.listdir() == []
    assert not Path(data_home()).exists()


def test_no_name_at_all_is_one_clear_error(folder: Path) -> None:
    done = tlsmith_here("make")
    assert done.code == 2
    assert done.err.startswith("tlsmith: no name was given\nhint: give one")


@given(texts=st.lists(hostile_texts(), min_size=1, max_size=3))
def test_no_text_makes_it_stumble(
    texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("names")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        done = tlsmith_here("make", "--json", "--", *texts)
    if done.code:
        assert os.listdir(place) == []
        assert done.error["code"] != "internal"
        assert done.code in (2, 3)
        assert not done.error["message"].endswith(".")
    else:
        files = [place / done.facts[name] for name in ("cert_file", "key_file")]
        assert issued.belong_together(*files)
        assert sorted(place.iterdir()) == sorted(files)


@given(texts=st.lists(name_texts, min_size=1, max_size=4))
def test_every_name_is_in_the_certificate_or_refused_by_name(
    texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("names")
    names = [parse_name(text) for text in texts]
    constraints = _authority().name_constraints
    outside = [n for n in names if not constraints.permits(n.kind, n.host)]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        done = tlsmith_here("make", "--json", "--", *texts)
        if outside:
            assert done.code == 3
            assert all(name.value in done.error["message"] for name in outside)
        else:
            found = issued.names(issued.leaf(done.facts["cert_file"]))
            assert found == list(dict.fromkeys(name.value for name in names))


def test_a_name_outside_is_refused_with_the_command_that_helps(folder: Path) -> None:
    make("a.test")
    before = root()
    done = tlsmith_here("make", "*.app.example.com", "b.test", "203.0.113.7")
    assert done.code == 3
    assert "may sign: *.app.example.com, 203.0.113.7" in done.err
    _, _, command = done.err.partition("hint: a CA for these too: ")
    words = shlex.split(command)
    assert words[:4] == ["tlsmith", "ca", "init", "--local"]
    assert os.listdir() != []
    assert tlsmith_here(*words[1:]).code == 0
    make("*.app.example.com", "b.test", "203.0.113.7", "--cert-file", "new.pem")
    issued.verify("new.pem", root(), "www.app.example.com")
    # What was made before is good as long as its root is trusted.
    assert root() != before
    issued.verify("a.test.pem", before, "a.test")


def test_the_hint_keeps_what_was_allowed_before(folder: Path) -> None:
    allow = ["--allow", "first.example.com", "--allow", "203.0.113.0/24"]
    assert tlsmith_here("ca", "init", "--local", *allow).code == 0
    done = tlsmith_here("make", "second.example.com")
    _, _, hint = done.err.partition("--local ")
    assert hint.split() == [*allow, "--allow", "second.example.com"]


@pytest.mark.parametrize(
    "name", ["urn:isbn:0451450523", "https://8.8.8.8/", "https://[2606:4700::1]/x"]
)
def test_a_uri_no_ca_could_sign_for_has_another_hint(folder: Path, name: str) -> None:
    done = tlsmith_here("make", "b.example.com", name)
    assert done.code == 3
    assert "--allow" not in done.err
    assert "tlsmith self-sign" in done.err


@given(texts=st.lists(name_texts, min_size=1, max_size=3))
def test_the_command_in_the_hint_helps(
    texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("names"))
        done = tlsmith_here("make", "--json", "--", *texts)
    hint = "" if done.code == 0 else done.error["hint"]
    if "--allow" in hint:
        words = shlex.split(hint.partition("--local ")[2])[1::2]
        constraints = constraints_for(words)
        names = [parse_name(text) for text in texts]
        assert all(constraints.permits(name.kind, name.host) for name in names)


# Days -----------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "days"), [([], 199), (["397"], 397), (["1"], 1)])
def test_it_lives_as_long_as_asked(folder: Path, words: list[str], days: int) -> None:
    make("a.test", *(["--days", *words] if words else []))
    leaf = issued.leaf("a.test.pem")
    # The CA is new: what it signs cannot be older, and lives to the same second.
    assert days - 0.05 < issued.days(leaf) <= days
    assert leaf.not_valid_before_utc < datetime.now(UTC)


@pytest.mark.parametrize("days", ["0", "-1", "398", "36500", "9" * 30])
def test_it_lives_neither_never_nor_too_long(folder: Path, days: str) -> None:
    done = tlsmith_here("make", "a.test", "--days", days)
    assert done.code == 2
    assert f"{days} days: there may be 1 to 397" in done.err
    assert os.listdir() == []


def test_it_never_outlives_the_ca(folder: Path) -> None:
    create_authority(data_home(), datetime.now(UTC) - timedelta(days=3600))
    make("a.test")
    leaf, intermediate = issued.chain("a.test.pem")
    assert leaf.not_valid_after_utc == intermediate.not_valid_after_utc


def test_an_expired_ca_says_how_to_get_another(folder: Path) -> None:
    create_authority(data_home(), datetime.now(UTC) - timedelta(days=3700))
    done = tlsmith_here("make", "a.test")
    assert done.code == 3
    assert "expired" in done.err
    assert "hint: make a new CA: tlsmith ca init --local --replace" in done.err
    assert tlsmith_here("ca", "init", "--local", "--replace").code == 0
    make("a.test")


# Damage ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part", ["intermediate-key.pem", "intermediate.pem", "current"]
)
@pytest.mark.parametrize("harm", ["gone", "empty", "text", "half", "another"])
def test_a_damaged_ca_says_how_to_get_another(
    folder: Path, part: str, harm: str
) -> None:
    authority = _authority()
    home = Path(data_home())
    place = home / part if part == "current" else Path(authority.folder) / part
    content = place.read_bytes()
    place.unlink()
    if harm != "gone":
        other = encode_private_key(key_of_kind("p384"))
        new = {"empty": b"", "text": b"x\n", "half": content[:-40], "another": other}
        place.write_bytes(new[harm])
    done = tlsmith_here("make", "a.test", "--json")
    if part == "current" and harm == "gone":
        assert done.code == 0  # as if there had been none
        return
    assert done.code == 2
    assert done.error["code"] == "local-ca-damaged"
    assert done.error["hint"].endswith("tlsmith ca init --local --replace")
    assert os.listdir() == []
    assert tlsmith_here("ca", "init", "--local", "--replace").code == 0
    make("a.test")


# Standard output ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["/dev/stdout", "-"])
def test_the_certificate_can_go_to_standard_output(folder: Path, name: str) -> None:
    done = tlsmith("make", "a.test", "--cert-file", name)
    assert done.code == 0
    assert done.out.startswith("-----BEGIN CERTIFICATE-----")
    assert done.out.endswith("-----END CERTIFICATE-----\n")
    assert "A certificate for" in done.err
    assert os.listdir() == ["a.test-key.pem"]


@pytest.mark.parametrize("option", ["--cert-file", "--key-file", "--p12-file"])
def test_a_file_and_json_are_not_mixed_up(folder: Path, option: str) -> None:
    for name in ("-", "/dev/stdout"):
        done = tlsmith_here("make", "a.test", option, name, "--json")
        assert done.code == 2
        assert "mixed up on standard output" in done.error["message"]
    assert os.listdir() == []


def test_both_can_go_into_pipes(folder: Path) -> None:
    """As `docker secret` and the like take them."""
    words = "tlsmith make a.test --cert-file /dev/stdout --key-file /dev/fd/3 3>key"
    done = subprocess.run(
        ["/bin/sh", "-c", words],
        env={**os.environ, "PATH": f"{_bin()}:{os.environ['PATH']}"},
        capture_output=True,
        check=True,
    )
    Path("cert").write_bytes(done.stdout)
    assert issued.belong_together("cert", "key")


def _bin() -> str:
    from running import TLSMITH

    return os.path.dirname(TLSMITH)


def _authority() -> object:
    authority = load_authority(data_home())
    if authority is None:
        authority, _ = create_authority(data_home(), datetime.now(UTC))
    return authority


# Options that say nothing ---------------------------------------------------------


@pytest.mark.parametrize("option", ["--cert-file", "--key-file", "--p12-file", "--csr"])
def test_an_empty_place_is_an_unset_variable(folder: Path, option: str) -> None:
    done = tlsmith_here("make", "a.test", option, "")
    assert done.code == 2
    assert f"{option} is empty" in done.err
    assert os.listdir(folder) == []


def test_a_key_is_not_thrown_away(folder: Path) -> None:
    done = tlsmith_here("make", "a.test", "--key-file", os.devnull)
    assert done.code == 2
    assert "the key would be lost" in done.err


def test_legacy_needs_something_to_be_legacy(folder: Path) -> None:
    done = tlsmith_here("make", "a.test", "--legacy")
    assert done.code == 2
    assert "--p12-file" in done.err


def test_a_home_others_can_write_in_is_warned_of(folder: Path) -> None:
    os.makedirs(data_home(), 0o700)
    os.chmod(data_home(), 0o777)  # noqa: S103 -- the mistake to be warned of
    done = tlsmith_here("make", "a.test")
    assert done.code == 0
    assert "warning: others can write in" in done.err
    os.chmod(data_home(), 0o700)
    assert "warning" not in tlsmith_here("make", "a.test").err
