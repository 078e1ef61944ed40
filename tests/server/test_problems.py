"""Errors as problem documents: our own faults do not tell where things are."""

from __future__ import annotations

import json

import pytest

from tlsmith.errors import (
    FileError,
    NotFoundError,
    PassphraseError,
    RequestRefusedError,
    SignerError,
    StorageError,
    TLSmithError,
)
from tlsmith.server.problems import problem_of

WHERE = "sqlite:////srv/ca.db"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (StorageError(f"the store {WHERE}: locked", hint=WHERE), 503, "the store"),
        (SignerError(f"no module {WHERE}", key=WHERE), 503, "the CA's key"),
        (PassphraseError(f"the file {WHERE} is empty"), 503, "the CA's key"),
        (FileError(f"cannot read {WHERE}", path=WHERE), 500, "a file"),
        (TLSmithError(f"{WHERE} is odd"), 500, "the log has more"),
        (ValueError(WHERE), 500, "the log has more"),
    ],
)
def test_faults_of_ours_do_not_tell_where_things_are(
    error: Exception, status: int, words: str
) -> None:
    found, body = problem_of(error, "r-1")
    document = json.loads(body)
    assert (found, document["status"], document["request_id"]) == (
        status,
        status,
        "r-1",
    )
    assert words in document["detail"]
    assert WHERE not in body.decode()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RequestRefusedError(503, "stopping", hint="elsewhere"), 503),
        (NotFoundError("no such CRL", hint="see which there are"), 404),
    ],
)
def test_what_is_the_clients_to_mend_is_told_in_its_words(
    error: TLSmithError, status: int
) -> None:
    found, body = problem_of(error, "r-1")
    document = json.loads(body)
    assert found == status
    assert (document["detail"], document["hint"]) == (error.message, error.hint)
