"""Records of ACME as tests put them in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tlsmith.storage.acme.accounts import AccountRecord
from tlsmith.storage.acme.authorizations import AuthorizationRecord, ChallengeRecord
from tlsmith.storage.acme.bindings import BindingRecord
from tlsmith.storage.acme.orders import OrderRecord

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def account(number: int, **more: Any) -> AccountRecord:
    made = AccountRecord(
        f"account-{number:04}",
        f"thumbprint-{number}",
        '{"kty":"EC"}',
        "valid",
        ("mailto:é@example.test", "https://a.test/?b=c d"),
        NOW,
        None,
        "2001:db8::1",
        NOW,
    )
    return made._replace(**more)


def binding(number: int, **more: Any) -> BindingRecord:
    made = BindingRecord(
        f"binding-{number}",
        "Team Ω; DROP TABLE acme_orders",
        bytes(range(32)),
        False,
        ("server",),
        ("a.test", "192.0.2.1"),
        (),
        NOW,
    )
    return made._replace(**more)


def order(number: int, **more: Any) -> OrderRecord:
    made = OrderRecord(
        f"order-{number:04}",
        "account-0001",
        "pending",
        NOW,
        NOW + HOUR,
        (("dns", "a.test"), ("dns", "*.a.test"), ("ip", "2001:db8::1")),
        ("authz-1", "authz-2", "authz-3"),
    )
    return made._replace(**more)


def authorization(number: int, **more: Any) -> AuthorizationRecord:
    made = AuthorizationRecord(
        f"authz-{number:04}",
        "account-0001",
        "order-0001",
        "dns",
        "a.test",
        False,
        "pending",
        NOW,
        NOW + HOUR,
        "token",
        (ChallengeRecord("http-01"), ChallengeRecord("dns-01")),
    )
    return made._replace(**more)
