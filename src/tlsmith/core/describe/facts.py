"""The type of what is known about an object: plain values that JSON can hold."""

from typing import Any

# Keys are RFC names in snake_case; docs/show.md lists them.
Facts = dict[str, Any]
