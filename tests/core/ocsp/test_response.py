"""What OCSP responses say, and what contradicts itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509 import ocsp

from tlsmith.core.ocsp import SingleResponse, error_response
from tlsmith.errors import InputError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = SingleResponse(b"\x30\0", "good", NOW, NOW + timedelta(1))


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("malformedRequest", ocsp.OCSPResponseStatus.MALFORMED_REQUEST),
        ("internalError", ocsp.OCSPResponseStatus.INTERNAL_ERROR),
        ("tryLater", ocsp.OCSPResponseStatus.TRY_LATER),
        ("sigRequired", ocsp.OCSPResponseStatus.SIG_REQUIRED),
        ("unauthorized", ocsp.OCSPResponseStatus.UNAUTHORIZED),
    ],
)
def test_an_error_is_what_another_library_reads(
    name: str, status: ocsp.OCSPResponseStatus
) -> None:
    assert ocsp.load_der_ocsp_response(error_response(name)).response_status == status


def test_an_error_there_is_not_is_refused() -> None:
    with pytest.raises(InputError, match="'successful'") as caught:
        error_response("successful")
    assert "tryLater" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (GOOD._replace(revocation_time=NOW), "'good', with when or why"),
        (GOOD._replace(reason="superseded"), "'good', with when or why"),
        (GOOD._replace(status="unknown", revocation_time=NOW), "'unknown', with"),
        (GOOD._replace(status="revoked"), "'revoked', without when"),
        (GOOD._replace(status="revoked", reason="superseded"), "'revoked', with"),
        (GOOD._replace(status="expired"), "'expired', without"),
        (
            GOOD._replace(status="revoked", revocation_time=NOW, reason="lost"),
            "no reason for a revocation is called 'lost'",
        ),
        (
            GOOD._replace(
                status="revoked", revocation_time=NOW, reason="removeFromCRL"
            ),
            "removeFromCRL",
        ),
        (GOOD._replace(next_update=NOW - timedelta(seconds=1)), "out of date"),
    ],
)
def test_what_contradicts_itself_is_refused(wrong: SingleResponse, why: str) -> None:
    with pytest.raises(InputError, match=why):
        wrong.encode()
