"""The types of single values, in requests and in answers: checked, and documented."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from tlsmith.core.keys import KeyKind

# No control characters: they would be lines of their own in somebody's log. What ends
# it is an end of the text in the regular expressions of Python and of JSON Schema.
_PLAIN = r"^[^\x00-\x1f\x7f]+(?![\s\S])"
_HEXADECIMAL = r"^[0-9a-fA-F]{64}(?![\s\S])"
# What stands for a pattern in messages.
PATTERNS = {
    _PLAIN: "without control characters",
    _HEXADECIMAL: "of 64 hexadecimal digits",
    r"^[^\x00]+(?![\s\S])": "without NUL",
    r"^[0-9]{1,9}[smhdw]?(?![\s\S])": "such as 36h, 90d or 15m",
    r"^[0-9]{1,18}(-[0-9]{1,18})?(?![\s\S])": "as `next` of the page before",
    r"^[0-9a-fA-F:]{1,80}(?![\s\S])": "of hexadecimal digits",
    r"^[0-9a-z]{1,40}(?![\s\S])": "of lower-case letters and digits",
}

Word = Annotated[str, Meta(min_length=1, max_length=256, pattern=_PLAIN)]
Name = Annotated[str, Meta(min_length=1, max_length=1024, pattern=_PLAIN)]
Document = Annotated[
    str, Meta(min_length=1, max_length=100_000, pattern=r"^[^\x00]+(?![\s\S])")
]
SHA256 = Annotated[str, Meta(pattern=_HEXADECIMAL)]
Duration = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,9}[smhdw]?(?![\s\S])",
        description="such as 36h, 90d or 15m",
        examples=["36h"],
    ),
]
Days = Annotated[int, Meta(ge=1, le=36_500, description="days")]
Moment = Annotated[datetime, Meta(tz=True)]
Kind = KeyKind
Role = Literal["viewer", "issuer", "operator", "administrator"]
Status = Literal["good", "revoked", "hold", "expired"]
Reason = Literal[
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
]
Cursor = Annotated[str, Meta(pattern=r"^[0-9]{1,18}(-[0-9]{1,18})?(?![\s\S])")]
Limit = Annotated[int, Meta(ge=1, le=500)]
SerialNumber = Annotated[
    str,
    Meta(pattern=r"^[0-9a-fA-F:]{1,80}(?![\s\S])", description="hexadecimal"),
]
Slug = Annotated[str, Meta(pattern=r"^[0-9a-z]{1,40}(?![\s\S])")]
