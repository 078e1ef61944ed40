"""`tlsmith make` once more: in place, and without losing what is not its own."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import issued
from chains import family
from running import Done, tlsmith_here
from strategies import key_of_kind
from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.core.names import parse_name
from tlsmith.core.profiles import end_entity, validity
from tlsmith.files import data_home
from tlsmith.local import create_authority, inventory


def make(*words: str) -> Done:
    done = tlsmith_here("make", *words)
    assert done.code == 0, done.err
    return done


def root() -> str:
    return tlsmith_here("ca", "export", "--root").out


# Again ----------------------------------------------------------------------------


def test_the_same_names_again_renew_in_place_with_a_new_key(folder: Path) -> None:
    make("a.test")
    before = issued.leaf("a.test.pem"), Path("a.test-key.pem").read_bytes()
    done = make("a.test")
    assert "Renewed" in done.out
    assert issued.leaf("a.test.pem").serial_number != before[0].serial_number
    assert Path("a.test-key.pem").read_bytes() != before[1]
    assert issued.belong_together("a.test.pem", "a.test-key.pem")
    assert sorted(os.listdir()) == ["a.test-key.pem", "a.test.pem"]


def test_the_key_is_kept_if_that_is_asked(folder: Path) -> None:
    make("a.test")
    before = issued.leaf("a.test.pem"), Path("a.test-key.pem").read_bytes()
    stamp = os.stat("a.test-key.pem").st_mtime_ns
    done = make("a.test", "--reuse-key")
    assert "as it was" in done.out
    assert issued.leaf("a.test.pem").serial_number != before[0].serial_number
    assert Path("a.test-key.pem").read_bytes() == before[1]
    assert os.stat("a.test-key.pem").st_mtime_ns == stamp
    assert issued.belong_together("a.test.pem", "a.test-key.pem")


def test_a_key_cannot_be_kept_where_there_is_none(folder: Path) -> None:
    done = tlsmith_here("make", "a.test", "--reuse-key")
    assert done.code == 2
    assert "there is no key to keep" in done.err


def test_if_needed_changes_nothing_while_all_is_in_order(folder: Path) -> None:
    make("a.test", "b.test")
    before = _snapshot(folder), _snapshot(Path(data_home()))
    done = make(
        "b.test",
        "a.test",
        "--cert-file",
        "a.test+1.pem",
        "--if-needed",
        "--key-file",
        "a.test+1-key.pem",
    )
    assert "nothing was changed" in done.out
    facts = make("a.test", "b.test", "--if-needed", "--json").facts
    assert facts["changed"] is False
    assert facts["names"] == ["a.test", "b.test"]
    assert (_snapshot(folder), _snapshot(Path(data_home()))) == before


@pytest.mark.parametrize(
    "words",
    [
        ["a.test", "c.test"],
        ["a.test"],
        ["a.test", "b.test", "--client"],
        ["a.test", "b.test", "--key", "p384"],
        ["a.test", "b.test", "--p12-file", "new.p12"],
    ],
    ids=" ".join,
)
def test_if_needed_makes_what_is_not_there_yet(folder: Path, words: list[str]) -> None:
    files = ["--cert-file", "c.pem", "--key-file", "k.pem"]
    make("a.test", "b.test", *files)
    before = issued.leaf("c.pem").serial_number
    assert make(*words, *files, "--if-needed", "--json").facts["changed"] is True
    assert issued.leaf("c.pem").serial_number != before


@pytest.mark.parametrize("lost", ["c.pem", "k.pem"])
def test_if_needed_mends_a_pair_with_a_part_gone(folder: Path, lost: str) -> None:
    files = ["--cert-file", "c.pem", "--key-file", "k.pem", "--if-needed"]
    make("a.test", *files)
    Path(lost).unlink()
    # A key without its certificate may be anyone's.
    forced = ["--force"] if lost == "c.pem" else []
    assert make("a.test", *files, *forced, "--json").facts["changed"] is True
    assert issued.belong_together("c.pem", "k.pem")


@pytest.mark.parametrize(("age", "changes"), [(10, False), (132, False), (134, True)])
def test_if_needed_renews_in_the_last_third(
    folder: Path, age: int, changes: bool
) -> None:
    """Of 199 days: 66 are left after 133."""
    moment = datetime.now(UTC) - timedelta(days=age)
    authority, _ = create_authority(data_home(), moment)
    issuer, key = authority.issuer(), key_of_kind("p256")
    names = (parse_name("a.test"),)
    life = validity(moment, 199, longest=199, within=issuer.view)
    old = issuer.issue(end_entity(names, "p256", life), key.public_key())
    Path("a.test.pem").write_bytes(encode_chain([old.der, issuer.certificate]))
    Path("a.test-key.pem").write_bytes(encode_private_key(key))
    Path("a.test-key.pem").chmod(0o600)
    assert make("a.test", "--if-needed", "--json").facts["changed"] is changes


def test_if_needed_renews_a_key_that_others_could_read(folder: Path) -> None:
    make("a.test")
    Path("a.test-key.pem").chmod(0o644)
    assert make("a.test", "--if-needed", "--json").facts["changed"] is True
    assert Path("a.test-key.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["p384", "ed25519", "ml-dsa-44"])
def test_a_renewal_has_the_kind_of_key_there_was(folder: Path, kind: str) -> None:
    make("a.test", "--key", kind)
    before = Path("a.test-key.pem").read_bytes()
    assert make("a.test", "--json").facts["key"] == kind
    assert Path("a.test-key.pem").read_bytes() != before
    assert make("a.test", "--key", "p256", "--json").facts["key"] == "p256"


def test_a_pair_for_another_name_is_said_to_be_replaced(folder: Path) -> None:
    places = ("--cert-file", "c.pem", "--key-file", "k.pem")
    make("a.test", *places)
    done = make("b.test", *places)
    assert "takes the place of a certificate for a.test" in done.err
    assert "Renewed" not in done.out


def test_if_needed_signs_a_request_once(folder: Path) -> None:
    assert tlsmith_here("csr", "a.test").code == 0
    words = ["--csr", "a.test.csr", "--cert-file", "c.pem", "--if-needed", "--json"]
    assert make(*words).facts["changed"] is True
    assert make(*words).facts["changed"] is False
    assert tlsmith_here("csr", "a.test", "--key-file", "other.pem").code == 0
    assert make(*words).facts["changed"] is True


def test_a_new_ca_signs_again_if_needed(folder: Path) -> None:
    make("a.test")
    assert tlsmith_here("ca", "init", "--local", "--replace").code == 0
    assert make("a.test", "--if-needed", "--json").facts["changed"] is True
    issued.verify("a.test.pem", root(), "a.test")


def test_a_lost_home_does_not_stand_in_the_way(folder: Path) -> None:
    make("a.test")
    os.rename(data_home(), f"{data_home()}-lost")
    make("a.test")
    issued.verify("a.test.pem", root(), "a.test")


def test_what_was_made_is_in_the_inventory(folder: Path) -> None:
    make("a.test")
    make("a.test")
    make("b.test", "--cert-file", "elsewhere.pem")
    found = inventory(data_home())
    assert [record.names for record in found] == [("a.test",), ("b.test",)]
    assert found[0].serial_number == f"{issued.leaf('a.test.pem').serial_number:x}"
    assert found[1].cert_file == str(folder / "elsewhere.pem")


# Foreign files --------------------------------------------------------------------


def _foreign_files() -> dict[str, bytes]:
    other = key_of_kind("p256")
    return {
        "text": b"my notes\n",
        "half a certificate": b"-----BEGIN CERTIFICATE-----\nMIIB\n",
        "a key": encode_private_key(other),
        "an encrypted key": encode_private_key(other, b"secret"),
        "zeroes": bytes(300),
    }


@pytest.mark.parametrize("what", _foreign_files())
@pytest.mark.parametrize("place", ["a.test.pem", "a.test-key.pem", "b.p12"])
def test_a_foreign_file_is_not_replaced(folder: Path, what: str, place: str) -> None:
    content = _foreign_files()[what]
    Path(place).write_bytes(content)
    words = ["make", "a.test", "--p12-file", "b.p12"]
    done = tlsmith_here(*words, "--json")
    assert done.code == 2
    assert done.error["code"] == "would-be-lost"
    assert "--force" in done.error["hint"]
    assert os.listdir() == [place]
    assert Path(place).read_bytes() == content
    assert tlsmith_here(*words, "--force").code == 0
    assert issued.belong_together("a.test.pem", "a.test-key.pem")


def test_a_pair_of_another_ca_is_not_replaced(folder: Path) -> None:
    """Such as one that a public CA signed, whose key nobody else has."""
    _make_foreign_pair("other")
    before = _snapshot(folder)
    words = [
        "make",
        "a.test",
        "--cert-file",
        "other.pem",
        "--key-file",
        "other-key.pem",
    ]
    done = tlsmith_here(*words)
    assert done.code == 2
    assert "holds a certificate that tlsmith did not make" in done.err
    assert _snapshot(folder) == before
    make(*words[1:], "--force")
    issued.verify("other.pem", root(), "a.test")


def test_a_key_of_another_certificate_is_not_replaced(folder: Path) -> None:
    make("a.test")
    make("b.test")
    before = _snapshot(folder)
    done = tlsmith_here("make", "a.test", "--key-file", "b.test-key.pem")
    assert done.code == 2
    assert "belongs to another certificate" in done.err
    assert _snapshot(folder) == before


def test_a_folder_is_not_replaced_even_by_force(folder: Path) -> None:
    Path("a.test.pem").mkdir()
    for force in ([], ["--force"]):
        done = tlsmith_here("make", "a.test", *force)
        assert done.code == 3
        assert "a.test.pem': is a directory" in done.err
        assert os.listdir() == ["a.test.pem"]


def test_a_link_is_followed_and_stays(folder: Path) -> None:
    Path("real").mkdir()
    Path("a.test.pem").symlink_to("real/cert.pem")
    Path("a.test-key.pem").symlink_to("real/key.pem")
    make("a.test")
    make("a.test")
    assert Path("a.test.pem").is_symlink()
    assert sorted(os.listdir("real")) == ["cert.pem", "key.pem"]
    assert issued.belong_together("real/cert.pem", "real/key.pem")
    assert issued.mode("real/key.pem") == 0o600


def test_what_a_link_leads_to_is_not_replaced(folder: Path) -> None:
    Path("notes.txt").write_text("mine")
    Path("a.test.pem").symlink_to("notes.txt")
    done = tlsmith_here("make", "a.test")
    assert done.code == 2
    assert Path("notes.txt").read_text() == "mine"


def test_a_certificate_and_its_key_need_two_files(folder: Path) -> None:
    done = tlsmith_here("make", "a.test", "--cert-file", "x", "--key-file", "./x")
    assert done.code == 3
    assert "two different things" in done.err
    assert os.listdir() == []


def test_an_encrypted_key_is_renewed_with_its_passphrase(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSPHRASE", "correct horse")
    make("a.test", "--passphrase-env", "PASSPHRASE")
    refused = tlsmith_here("make", "a.test")
    assert refused.code == 2
    assert "--passphrase-file" in refused.err
    make("a.test", "--passphrase-env", "PASSPHRASE")
    assert issued.key("a.test-key.pem", b"correct horse")


def _make_foreign_pair(stem: str) -> None:
    """A certificate by a CA that is none of ours, with its key."""
    other = family("p256")
    Path(f"{stem}.pem").write_bytes(other.leaf.pem + other.intermediate.pem)
    Path(f"{stem}-key.pem").write_bytes(other.leaf.key_pem)


def _snapshot(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
