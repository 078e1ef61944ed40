"""Other implementations judge what `tlsmith mkcert` makes: mkcert's shapes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from interop.pkilint_findings import chain_findings, rfc5280_findings
from interop.test_pkilint import OF_RFC5280
from interop.tools import needs
from interop.verifiers import OK, VERIFIERS, Question, Verifier
from running import TLSMITH, environment_of
from tlsmith.core.formats import split_pem

pytestmark = pytest.mark.interop

# What to make, and what to ask of it.
MADE: dict[str, tuple[list[str], str, str | None]] = {
    "usual": (["localhost", "127.0.0.1", "::1"], "server", "localhost"),
    "address": (["10.0.0.1"], "server", "10.0.0.1"),
    "ecdsa": (["-ecdsa", "*.app.example.com"], "server", "www.app.example.com"),
    "client": (["-client", "a.example.com"], "client", "localhost"),
    "mail": (["me@example.com"], "mail", None),
    "mail-client": (["-client", "me@example.com"], "client", "localhost"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mkcert")
    environment = environment_of(folder, CAROOT=str(folder), TRUST_STORES="none")
    for name, (words, _, _) in MADE.items():
        files = ["-cert-file", f"{name}.pem", "-key-file", f"{name}-key.pem"]
        subprocess.run(
            [TLSMITH, "mkcert", *files, *words],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
        )
    return folder


def _question(place: Path, name: str) -> Question:
    _, usage, host = MADE[name]
    chain, key = place / f"{name}.pem", place / f"{name}-key.pem"
    # Who shows a client's certificate shows it to a server with the same key.
    server = place / f"{name}.pem"
    if usage == "client":
        host = "a.example.com" if name == "client" else None
    return Question(place / "rootCA.pem", chain, key, usage, host, server)


def _verifiers() -> list[Any]:
    return [
        pytest.param(
            verifier, id=name, marks=[pytest.mark.network] * verifier.is_fetched
        )
        for name, verifier in VERIFIERS.items()
    ]


@pytest.mark.parametrize("verifier", _verifiers())
def test_everything_is_accepted(verifier: Verifier, place: Path) -> None:
    needs(*verifier.tools)
    questions = [
        question
        for question in (_question(place, name) for name in MADE)
        if question.usage in verifier.usages
    ]
    if "mail" not in verifier.usages:  # it has no server to show that one to
        questions = [q for q in questions if q.chain.name != "mail-client.pem"]
    answers = zip(questions, verifier.ask(questions), strict=True)
    assert [f"{q}: {said}" for q, said in answers if said != OK] == []


@pytest.mark.parametrize("verifier", _verifiers())
def test_another_root_does_not_do(
    verifier: Verifier, place: Path, tmp_path: Path
) -> None:
    needs(*verifier.tools)
    environment = environment_of(tmp_path, CAROOT=str(tmp_path), TRUST_STORES="none")
    subprocess.run(
        [TLSMITH, "mkcert", "x.test"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
    )
    question = _question(place, "usual")._replace(root=tmp_path / "rootCA.pem")
    assert verifier.ask([question]) != [OK]


def test_none_breaks_rfc_5280(place: Path) -> None:
    for path in (place / "rootCA.pem", *(place / f"{name}.pem" for name in MADE)):
        for _, der in split_pem(path.read_bytes()):
            faults = [
                str(finding)
                for finding in rfc5280_findings(der)
                if not any(allowed.covers(finding) for allowed in OF_RFC5280)
            ]
            assert faults == [], os.path.basename(path)


def test_every_link_of_the_chain_fits(place: Path) -> None:
    ((_, root),) = split_pem((place / "rootCA.pem").read_bytes())
    for name in MADE:
        ((_, leaf),) = split_pem((place / f"{name}.pem").read_bytes())
        assert list(chain_findings(root, leaf)) == []
    assert list(chain_findings(root, root)) == []
