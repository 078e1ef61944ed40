"""JSON that others wrote, read into what is expected of it."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from tlsmith.acme.problems import malformed

T = TypeVar("T")


def read_json(decoder: msgspec.json.Decoder[T], data: bytes, what: str) -> T:
    """Return what `data` says.

    Args:
        what: it is, for the problem's detail.

    Raises:
        ACMEProblem: malformed, naming the member that is not as it should be.
    """
    try:
        # The library passes over members it does not keep without reading them.
        if not data.isascii():
            data.decode("utf-8")
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise malformed(f"{what}: {_plain(str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(f"{what} is not JSON in UTF-8") from None
    except RecursionError:
        raise malformed(f"{what} is nested too deeply") from None


def _plain(text: str) -> str:
    """Return "contact[0]: expected str, got int" of the library's words."""
    reason, _, path = text.replace("`", "").partition(" - at ")
    member = path.removeprefix("$").removeprefix(".")
    reason = reason[:1].lower() + reason[1:]
    return f"{member}: {reason}" if member else reason
