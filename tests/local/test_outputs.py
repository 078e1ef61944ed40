"""A certificate and its key as files: which, where, and who may read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from strategies import key_of_kind
from tlsmith.core.formats.load import load_objects
from tlsmith.core.issuer import self_issue
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import end_entity, validity
from tlsmith.local.outputs import ENDINGS, FORMATS, Made, encode_files, places_for
from tlsmith.local.places import Places

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = key_of_kind("p256")
_LIFE = validity(NOW, 9, longest=9)
CERTIFICATE = self_issue(end_entity(parse_names(["a.test"]), "p256", _LIFE), KEY).der
MADE = Made((CERTIFICATE,), KEY, "a.test")
HOLDS_ITS_KEY = ("combined", "p12", "k8s-secret")


@pytest.mark.parametrize("file_format", FORMATS)
def test_files_have_the_ending_of_their_format(file_format: str) -> None:
    places = places_for("a.test", file_format, with_key=True)
    assert places.cert_file == f"a.test{ENDINGS[file_format]}"
    assert places.p12_file is None
    assert (places.key_file is None) == (file_format in HOLDS_ITS_KEY)
    assert places_for("a", file_format, with_key=False).key_file is None


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_holds_a_key_is_secret_and_comes_first(file_format: str) -> None:
    places = places_for("a", file_format, with_key=True)._replace(p12_file="b.p12")
    files = encode_files(MADE, places, file_format, None)
    assert [file.path for file in files] == [
        path for path in (places.key_file, "b.p12", places.cert_file) if path
    ]
    for file in files:
        holds_key = bool(load_objects(file.data).keys)
        assert file.secret is holds_key
        assert file.permissions == (0o600 if holds_key else 0o644)


def test_a_key_that_is_kept_is_not_written_again() -> None:
    made = MADE._replace(key_is_new=False)
    files = encode_files(made, Places("c.pem", "k.pem", "b.p12"), "pem", None)
    assert [file.path for file in files] == ["b.p12", "c.pem"]


@pytest.mark.parametrize("file_format", ["pem", "der", "p7b"])
def test_without_a_key_there_is_the_certificate_alone(file_format: str) -> None:
    made = MADE._replace(key=None)
    files = encode_files(made, Places("c"), file_format, None)
    assert [(file.path, file.secret) for file in files] == [("c", False)]


@pytest.mark.parametrize("file_format", [f for f in FORMATS if f != "k8s-secret"])
def test_a_passphrase_closes_what_holds_a_key(file_format: str) -> None:
    places = places_for("a", file_format, with_key=True)
    for file in encode_files(MADE, places, file_format, b"correct horse"):
        if file.secret:
            (key,) = load_objects(file.data, [b"correct horse"]).keys
            assert key.was_encrypted
