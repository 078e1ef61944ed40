"""What an actor's scope reaches."""

import pytest

from tlsmith.authority.actor import Actor
from tlsmith.core.names import parse_name

ACTOR = Actor("token:ci", "issuer", names=("corp.example", "10.0.0.7"))


@pytest.mark.parametrize(
    "text",
    [
        "corp.example",
        "a.b.corp.example",
        "*.corp.example",
        "ops@corp.example",
        "https://a.corp.example/x",
        "spiffe://corp.example/web",
        "10.0.0.7",
    ],
)
def test_names_below_its_domains_are_an_actors_own(text: str) -> None:
    assert ACTOR.outside((parse_name(text),)) == []


@pytest.mark.parametrize(
    "text",
    [
        "evilcorp.example",
        "corp.example.evil.test",
        "ops@evil.test",
        "https://evil.test/.corp.example",
        "https://evil.test/?@corp.example",
        "https://evil.test/x#@a.corp.example",
        "urn:x:.corp.example",
        "10.0.0.70",
    ],
)
def test_other_names_are_not(text: str) -> None:
    name = parse_name(text)
    assert ACTOR.outside((name,)) == [name.value]
