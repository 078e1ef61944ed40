"""Keys and certificates of different files, brought together."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from scan_artefacts import (
    Wanted,
    by_file,
    certificate,
    certificate_pem,
    der_of,
    new_key,
    of_artefacts,
    pem_of,
    root_pem,
    scanned,
)
from tlsmith.scan.engine import Options, scan
from tlsmith.scan.versions import scan_history, scan_staged

CA, PLAIN = "artefact-ca-private-key", "artefact-private-key"


def test_a_ca_with_its_key_beside_it_is_critical(tmp_path: Path) -> None:
    """As mkcert's CAROOT is."""
    key = new_key()
    done = scanned(tmp_path, rootCA_pem=root_pem(key))
    assert done.findings == []
    found = by_file(scanned(tmp_path, **{"rootCA-key_pem": pem_of(key)}))
    assert list(found) == ["rootCA-key.pem"]
    one = found["rootCA-key.pem"]
    assert (one.rule, one.severity) == (CA, "critical")
    assert "its certificate: a CA's, CN=Some CA" in one.reason
    assert "rootCA.pem:1" in one.reason


def test_the_certificate_may_be_der_and_elsewhere(tmp_path: Path) -> None:
    key = new_key()
    root = certificate(Wanted("Some CA", is_ca=True, key=key, key_usage=True))
    files = {
        "public__root_der": root.public_bytes(Encoding.DER),
        "secret__key_der": der_of(key),
    }
    found = by_file(scanned(tmp_path, **files))
    assert found["key.der"].rule == CA


def test_a_key_tells_its_certificate_and_the_reverse(tmp_path: Path) -> None:
    key, issuer = new_key(), new_key()
    leaf = Wanted(days=900, key=key, issuer=issuer)
    files = {"a_key": pem_of(key), "a_crt": certificate_pem(leaf)}
    other = {"b_key": pem_of(new_key()), "b_crt": certificate_pem(Wanted(days=900))}
    found = by_file(scanned(tmp_path, **files, **other))
    assert found["a.key"].rule == PLAIN
    assert "its certificate: for CN=web.example.com" in found["a.key"].reason
    assert "a.crt:1" in found["a.key"].reason
    assert "its private key is in " in found["a.crt"].reason
    assert "a.key:1" in found["a.crt"].reason
    assert "its" not in found["b.key"].reason
    assert "private key" not in found["b.crt"].reason


def test_a_key_and_its_certificate_in_one_file(tmp_path: Path) -> None:
    key = new_key()
    both = certificate_pem(Wanted(key=key)) + pem_of(key)
    first, second = scanned(tmp_path, both_pem=both).findings
    assert first.reason.endswith("its private key is in this file")
    assert second.reason.endswith("in this file")


def test_a_key_of_a_ca_in_tests_is_graded_lower(tmp_path: Path) -> None:
    key = new_key()
    files = {"tests__ca_key": pem_of(key), "tests__ca_crt": root_pem(key)}
    found = by_file(scanned(tmp_path, **files))
    assert (found["ca.key"].rule, found["ca.key"].severity) == (CA, "medium")


def test_what_is_for_this_machine_alone_is_graded_lower(tmp_path: Path) -> None:
    key = new_key()
    leaf = Wanted("localhost", key=key, issuer=new_key(), alternative="localhost")
    pem = certificate_pem(leaf)
    found = by_file(scanned(tmp_path, a_key=pem_of(key), a_crt=pem))
    assert (found["a.key"].rule, found["a.key"].severity) == (PLAIN, "low")
    assert "localhost is this machine itself" in found["a.key"].reason
    both = by_file(scanned(tmp_path, a_key=pem + pem_of(key)))
    assert both["a.key"].severity == "low"
    tests = by_file(scanned(tmp_path, tests__b_key=pem_of(key)))
    assert tests["b.key"].severity == "low"


def test_many_places_are_not_all_named(tmp_path: Path) -> None:
    key = new_key()
    leaf = certificate_pem(Wanted(key=key, issuer=new_key()))
    copies = {f"copy{number}_crt": leaf for number in range(9)}
    found = by_file(scanned(tmp_path, a_key=pem_of(key), **copies))
    assert "and 6 more" in found["a.key"].reason


def test_the_rule_about_cas_alone_finds_them_as_well(tmp_path: Path) -> None:
    key = new_key()
    scanned(tmp_path, ca_key=pem_of(key), ca_crt=root_pem(key), b_key=pem_of(new_key()))
    only = [rule for rule in of_artefacts() if rule.id == CA]
    (found,) = scan([str(tmp_path)], Options(only, jobs=1)).findings
    assert (found.rule, Path(found.path).name) == (CA, "ca.key")


def test_a_rule_that_is_not_asked_makes_nothing_worse(tmp_path: Path) -> None:
    key = new_key()
    scanned(tmp_path, ca_key=pem_of(key), ca_crt=root_pem(key))
    others = [rule for rule in of_artefacts() if rule.id != CA]
    (found,) = scan([str(tmp_path)], Options(others, jobs=1)).findings
    assert found.rule == PLAIN
    assert "its certificate: a CA's" in found.reason


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it has several processes")
def test_several_processes_bring_together_as_one_does(tmp_path: Path) -> None:
    key = new_key()
    for number in range(1300):
        (tmp_path / f"m{number}.txt").write_text("nothing\n")
    files = {"a_crt": root_pem(key), "z_key": pem_of(key)}
    one = scanned(tmp_path, **files)
    several = scan([str(tmp_path)], Options(of_artefacts(), jobs=2))
    assert one.findings == several.findings
    assert [finding.rule for finding in one.findings] == [CA]
    assert one.files == several.files == 1302


@pytest.mark.skipif(not shutil.which("git"), reason="it asks git")
def test_history_and_what_is_staged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that was removed is still found, and matched with what has stayed."""
    monkeypatch.chdir(tmp_path)

    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *who, *words], check=True, capture_output=True)

    key = new_key()
    git("init")
    scanned(tmp_path, ca_key=pem_of(key), store_der=der_of(new_key()))
    git("add", ".")
    staged = scan_staged(["."], Options(of_artefacts()), None)
    assert [one.rule for one in staged.findings] == [PLAIN, PLAIN]
    git("commit", "-m", "keys")
    git("rm", "ca.key", "store.der")
    scanned(tmp_path, ca_crt=root_pem(key))
    git("add", ".")
    git("commit", "-m", "no keys")
    assert scan(["."], Options(of_artefacts())).findings == []
    found = by_file(scan_history(["."], Options(of_artefacts()), None))
    assert found["ca.key"].rule == CA
    assert found["store.der"].rule == PLAIN
    assert all(one.revision for one in found.values())
