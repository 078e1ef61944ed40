"""`tlsmith trust install|uninstall|status` for a person's environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from running import Done, tlsmith_here
from tlsmith.local import trusted_roots
from tlsmith.truststores.base import certificates_in
from truststores.worlds import root_pair


@pytest.fixture
def person(home: Path) -> Path:
    (home / ".profile").write_text("export MINE=1\n")
    (home / ".zshenv").write_text("# mine")
    (home / ".local/state").mkdir(parents=True)
    return home


def trust(verb: str, *words: str) -> Done:
    # This machine's own stores are left alone: --store says so.
    return tlsmith_here("trust", verb, "--store", "env", *words)


def state(person: Path) -> dict[str, str]:
    """Return what is in the home, but for the CA's own folder."""
    return {
        str(path.relative_to(person)): hashlib.sha256(
            path.read_bytes() if path.is_file() else b""
        ).hexdigest()
        for path in sorted(person.rglob("*"))
        if person / "tlsmith" not in (path, *path.parents)
    }


def variable(person: Path, name: str = "SSL_CERT_FILE") -> str:
    """Return what a login shell has."""
    done = subprocess.run(
        ["sh", "-l", "-c", f'printf %s "${name}"'],
        env={"HOME": str(person), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def bundled(path: str) -> list[bytes]:
    return certificates_in(Path(path).read_bytes())


def test_a_login_shell_has_the_variables_until_they_are_taken_out(
    person: Path,
) -> None:
    before = state(person)
    done = trust("install", "--json")
    assert done.code == 0, done.err
    assert done.facts["changed"]
    (root,) = trusted_roots(str(person / "tlsmith"))
    bundle = variable(person)
    assert root in bundled(bundle)
    assert not trust("install", "--json").facts["changed"]
    gone = trust("uninstall")
    assert gone.code == 0, gone.err
    assert state(person) == before
    assert variable(person) == ""
    # Programs that still run with the variable reject ours, and have the rest.
    assert root not in bundled(bundle)
    assert bundled(bundle)


def test_it_says_what_is_next(person: Path) -> None:
    assert 'eval "$(tlsmith env)"' in trust("install").err
    assert "gone from the next login" in trust("uninstall").err


def test_the_option_does_the_same_as_the_name(person: Path) -> None:
    planned = trust("install", "--env", "--dry-run", "--json").facts
    assert str(person / ".profile") in [row["place"] for row in planned["stores"]]
    assert not (person / "tlsmith").exists()
    assert "tlsmith" not in (person / ".profile").read_text()


def test_a_plan_with_a_ca_says_which_files(person: Path) -> None:
    tlsmith_here("env")
    before = state(person)
    done = trust("install", "--dry-run")
    assert "would set variables in" in done.out
    assert state(person) == before
    trust("install")
    assert "would take it out" in trust("uninstall", "--dry-run").out
    assert variable(person)


def test_status_tells_of_each_file(person: Path) -> None:
    trust("install")
    (person / ".zshenv").write_text("# mine alone")
    rows = trust("status", "--json", "--no-proof").facts["stores"]
    states = {os.path.basename(row["place"]): row["state"] for row in rows}
    assert states[".profile"] == "trusted"
    assert states[".zshenv"] == "not-trusted"


def test_status_without_a_ca_has_none_to_tell(person: Path) -> None:
    done = trust("status", "--no-proof", "--json")
    assert done.code == 1
    assert {row["state"] for row in done.facts["stores"]} == {"not-trusted"}


def test_it_is_undone_after_the_ca_is_gone(person: Path) -> None:
    before = state(person)
    trust("install")
    shutil.rmtree(person / "tlsmith")
    assert variable(person) == ""  # and no client is led to a file that is gone
    assert trust("uninstall").code == 0
    assert state(person) == before


def test_a_new_ca_is_trusted_by_the_same_lines(person: Path) -> None:
    before = state(person)
    trust("install")
    tlsmith_here("ca", "init", "--local", "--replace")
    done = tlsmith_here("trust", "install", "--store", "env", "--json")
    assert done.code == 0, done.err
    newer, older = trusted_roots(str(person / "tlsmith"))
    assert {newer, older} <= set(bundled(variable(person)))
    trust("uninstall")
    assert state(person) == before


def test_what_a_variable_named_is_kept_at_every_login(
    person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = tmp_path / "company.pem"
    company.write_bytes(root_pair("company").pem)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(company))
    trust("install")
    assert root_pair("company").der in bundled(variable(person, "REQUESTS_CA_BUNDLE"))


def test_another_root_comes_and_goes(person: Path, tmp_path: Path) -> None:
    before = state(person)
    file = tmp_path / "company.pem"
    file.write_bytes(root_pair("company").pem)
    done = trust("install", "--root", str(file))
    assert done.code == 0, done.err
    bundle = variable(person)
    assert root_pair("company").der in bundled(bundle)
    assert tlsmith_here("env").code == 0
    assert root_pair("company").der in bundled(bundle)
    gone = trust("uninstall", "--root", str(file))
    assert gone.code == 0, gone.err
    assert state(person) == before
    assert root_pair("company").der not in bundled(bundle)


def test_a_file_that_cannot_be_changed_is_named_and_the_rest_done(
    person: Path,
) -> None:
    (person / ".zshenv").chmod(0o444)
    done = trust("install")
    assert done.code == 3
    assert "is read-only" in done.out
    assert "tlsmith env" in done.out
    assert variable(person)


def test_variables_of_another_home_are_left_alone(
    person: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust("install")
    text = (person / ".profile").read_text()
    monkeypatch.setenv("TLSMITH_HOME", str(person / "other"))
    done = tlsmith_here("trust", "uninstall", "--store", "env", "--json")
    assert done.code == 0
    assert (person / ".profile").read_text() == text
