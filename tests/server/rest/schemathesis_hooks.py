"""What schemathesis is to know of this API; loaded by it, in its own process."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/toml")
def toml(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8")


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    # It sends `null` or `0` here as no string. In a header everything is one.
    return "Idempotency-Key" not in (case.headers or {})
