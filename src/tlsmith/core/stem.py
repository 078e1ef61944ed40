"""What to call the files of a certificate."""

from __future__ import annotations

from collections.abc import Sequence

from tlsmith.core.names import GeneralName

# A file name may have 255 bytes, and a DNS name 253 without any ending.
_LONGEST_STEM = 200


def default_stem(names: Sequence[GeneralName], *, client: bool) -> str:
    """Return the start of the file names mkcert gives: "localhost+2", "_wildcard.test".

    Args:
        client: whether it is a client's certificate too, which the name then says.
    """
    stem = names[0].value.replace(":", "_").replace("*", "_wildcard")
    stem = stem.replace("/", "_").replace("\\", "_")[:_LONGEST_STEM]
    if len(names) > 1:
        stem += f"+{len(names) - 1}"
    if client:
        stem += "-client"
    return f"./{stem}" if stem.startswith("-") else stem
