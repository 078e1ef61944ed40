"""Other implementations take what we make for what it is, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from interop import forging
from interop.gallery import Piece
from interop.tools import needs
from interop.verifiers import OK, VERIFIERS, Question, Verifier
from tlsmith.core.keys import KINDS

pytestmark = pytest.mark.interop

Gallery = Callable[[str], list[Piece]]
Forgeries = Callable[[str], dict[str, Question]]
OutOfTime = Callable[[str], list[Piece]]
# One of each family: what is refused does not depend on the size of the key.
FAMILIES = ("p256", "ed25519", "rsa2048", "ml-dsa-65")


def _pairs(kinds: Sequence[str], *, hosts: bool = False) -> list[Any]:
    """Return every implementation with every kind of key that it knows.

    Args:
        hosts: those that compare hosts only; others do in handshakes.
    """
    pairs = []
    for name, verifier in VERIFIERS.items():
        if hosts and not verifier.checks_hosts:
            continue
        marks = [pytest.mark.network] if verifier.is_fetched else []
        for kind in kinds:
            if kind not in verifier.unknown:
                pairs.append(
                    pytest.param(verifier, kind, marks=marks, id=f"{name}-{kind}")
                )
    return pairs


every_kind = pytest.mark.parametrize(("verifier", "kind"), _pairs(KINDS))
every_family = pytest.mark.parametrize(("verifier", "kind"), _pairs(FAMILIES))


@every_kind
def test_everything_we_make_is_accepted(
    verifier: Verifier, kind: str, gallery: Gallery
) -> None:
    needs(*verifier.tools)
    questions = [
        question
        for piece in gallery(kind)
        if piece.shape not in verifier.peculiar
        for question in _questions(piece)
        if question.usage in verifier.usages
    ]
    answers = zip(questions, verifier.ask(questions), strict=True)
    refused = [f"{question}: {said}" for question, said in answers if said != OK]
    assert questions
    assert not refused


@pytest.mark.parametrize(("verifier", "kind"), _pairs(KINDS, hosts=True))
def test_a_certificate_is_for_its_hosts_only(
    verifier: Verifier, kind: str, gallery: Gallery
) -> None:
    needs(*verifier.tools)
    pieces = {piece.shape: piece for piece in gallery(kind)}
    hosts = {
        "server": ["localhost.test", "127.0.0.2", "::2", "www.localhost"],
        "wildcard": ["app.test", "a.b.app.test", "xapp.test"],
        "idn": ["bucher.test"],
        "long-first": ["b.test"],
        "address": ["10.1.2.4", "localhost"],
        "self-signed": ["www.localhost", "127.0.0.2"],
    }
    questions = [
        _question(pieces[shape], "server", host)
        for shape, wrong in hosts.items()
        if shape in pieces
        for host in wrong
    ]
    _all_refused(verifier, questions)


@every_family
def test_a_certificate_is_for_its_purpose_only(
    verifier: Verifier, kind: str, gallery: Gallery
) -> None:
    needs(*verifier.tools)
    pieces = {piece.shape: piece for piece in gallery(kind)}
    questions = [
        _question(pieces["server"], "client"),
        _question(pieces["server"], "mail"),
        _question(pieces["e-mail"], "client"),
    ]
    asked = [question for question in questions if question.usage in verifier.usages]
    if verifier is VERIFIERS["java"]:
        # Java's own check of a path knows no purpose called mail.
        asked = [question for question in asked if question.usage != "mail"]
    _all_refused(verifier, asked)


@every_family
def test_a_stolen_key_signs_for_nobody_else(
    verifier: Verifier, kind: str, forgeries: Forgeries
) -> None:
    """The intermediate's key, in other hands: name constraints, and path length."""
    needs(*verifier.tools)
    questions = [
        question
        for name, question in forgeries(kind).items()
        if name not in verifier.unjudged and question.usage in verifier.usages
    ]
    _all_refused(verifier, questions)


@every_family
def test_the_same_key_signs_within_its_bounds(
    verifier: Verifier, kind: str, gallery: Gallery, tmp_path: Path
) -> None:
    """So that what is refused above is refused for its name and nothing else."""
    needs(*verifier.tools)
    piece = gallery(kind)[0]
    allowed = {
        "a.test": forging.dns("a.test"),
        "b.c.test": forging.dns("*.c.test"),
        "10.9.8.7": forging.ip("10.9.8.7"),
    }
    questions = [
        _asked(piece, forging.forge(piece, tmp_path / f"{host}.pem", names), host)
        for host, names in allowed.items()
    ]
    assert verifier.ask(questions) == [OK] * len(questions)


@every_family
def test_time_is_kept(verifier: Verifier, kind: str, out_of_time: OutOfTime) -> None:
    """An expired certificate, one of tomorrow, and an expired CA are all refused."""
    needs(*verifier.tools)
    questions = [_question(piece, "server", "localhost") for piece in out_of_time(kind)]
    _all_refused(verifier, questions)


@every_family
def test_another_root_does_not_do(
    verifier: Verifier, kind: str, gallery: Gallery, tmp_path: Path
) -> None:
    needs(*verifier.tools)
    other = forging.make_at(tmp_path, kind, datetime.now(UTC))
    question = _question(gallery(kind)[0], "server", "localhost")
    _all_refused(verifier, [question._replace(root=other.root)])


@pytest.fixture(scope="session")
def forgeries(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> Forgeries:
    """Give what a thief of the intermediate's key could try to pass off as good."""

    @cache
    def of_kind(kind: str) -> dict[str, Question]:
        return _forgeries(gallery(kind)[0], tmp_path_factory.mktemp("forgeries"))

    return of_kind


def _forgeries(piece: Piece, folder: Path) -> dict[str, Question]:
    domains = {
        "a-domain": (forging.dns("example.com"), "example.com"),
        "beside": (forging.dns("localhost", "example.com"), "localhost"),
        "wildcard": (forging.dns("*.com"), "example.com"),
        "look-alike": (forging.dns("mytest"), "mytest"),
        "below": (forging.dns("test.example.com"), "test.example.com"),
        "address": (forging.ip("8.8.8.8"), "8.8.8.8"),
        "address-6": (forging.ip("2606:4700::1"), "2606:4700::1"),
        "address-beside": (forging.dns("a.test") + forging.ip("8.8.8.8"), "a.test"),
        "uri": (forging.dns("a.test") + forging.uri("https://example.com/"), "a.test"),
    }
    found = {
        name: _asked(piece, forging.forge(piece, folder / f"{name}.pem", names), host)
        for name, (names, host) in domains.items()
    }
    chain = folder / "common-name.pem"
    forging.forge(piece, chain, [], common_name="www.example.com")
    found["common-name"] = _asked(piece, chain, "www.example.com")
    for host in ("example.com", "a.test"):
        chain = folder / f"under-{host}.pem"
        forging.forge_below(piece, chain, forging.dns(host))
        found[f"another CA, {host}"] = _asked(piece, chain, host)
    chain = folder / "mail.pem"
    forging.forge(piece, chain, forging.mail("me@example.com"))
    found["mail"] = _asked(piece, chain, None)._replace(usage="mail")
    return found


@pytest.fixture(scope="session")
def out_of_time(tmp_path_factory: pytest.TempPathFactory) -> OutOfTime:
    """Give certificates that were good, will be good, or whose CA was."""

    @cache
    def of_kind(kind: str) -> list[Piece]:
        now = datetime.now(UTC)
        return [
            forging.make_at(tmp_path_factory.mktemp("moment"), kind, now + away)
            for away in (
                timedelta(days=-300),
                timedelta(days=2),
                timedelta(days=-3700),
            )
        ]

    return of_kind


def _questions(piece: Piece) -> Iterator[Question]:
    """Yield everything a piece is good for."""
    if piece.host is not None or piece.shape == "uri":
        yield _question(piece, "server", piece.host)
    if "client" in piece.shape:
        yield _question(piece, "client")
    if "e-mail" in piece.shape:
        yield _question(piece, "mail")


def _question(piece: Piece, usage: str, host: str | None = None) -> Question:
    server = piece.chain if piece.is_self_signed else piece.folder / "server.pem"
    if usage == "client":
        host = piece.host if piece.is_self_signed else "localhost"
    return Question(piece.root, piece.chain, piece.key, usage, host, server)


def _asked(piece: Piece, chain: Path, host: str | None) -> Question:
    return Question(piece.root, chain, piece.key, "server", host, chain)


def _all_refused(verifier: Verifier, questions: Sequence[Question]) -> None:
    assert questions
    answers = zip(questions, verifier.ask(questions), strict=True)
    accepted = [str(question) for question, said in answers if said == OK]
    assert not accepted
