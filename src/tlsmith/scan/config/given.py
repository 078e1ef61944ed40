"""What a placeholder stands for when nothing else is given: `${VERIFY:-false}`."""

from __future__ import annotations

import re

_SCALAR = r"[\"']?(?P<{}>[^\"'{{}}()|]*?)[\"']?"
_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        # Spring's and Compose's ${NAME:x}, ${NAME:-x}, ${NAME-x}
        r"\$\{(?:[\w.-]*\w:[-=]?|[A-Z_][A-Z0-9_]*-)" + _SCALAR.format("given") + r"\}",
        # GitHub's ${{ inputs.x || 'false' }}
        r"\$\{\{[^{}|]*\|\|\s*" + _SCALAR.format("given") + r"\s*\}\}",
        # Helm's and Jinja's {{ x | default(false) }}, {{ default true .Values.x }}
        r"\{\{(?!\s*not\b)[^{}]*\bdefault\b\s*\(?\s*"
        + r"[\"']?(?P<given>\w+)[\"']?[^{}]*\}\}",
        # ERB's <%= ENV.fetch("X", "false") %> and <%= ENV["X"] || "false" %>
        r"<%=\s*ENV\.fetch\([^,()]*,\s*" + _SCALAR.format("given") + r"\s*\)\s*-?%>",
        r"<%=[^|%]*\|\|\s*" + _SCALAR.format("given") + r"\s*-?%>",
        # what is no placeholder at all: <%= OpenSSL::SSL::VERIFY_NONE %>, {{ false }}
        r"<%=\s*(?P<given>[\w:]+)\s*-?%>",
        r"\{\{-?\s*(?P<given>true|false|no|yes|none)\s*-?\}\}",
        r"\$\{(?P<given>true|false)\}",
    )
)
_MARKS = ("${", "{{", "<%")


def given(value: str) -> str | None:
    """The default that a placeholder names, or None where it names none."""
    text = value.strip()
    if not text.startswith(_MARKS):
        return None
    for form in _FORMS:
        if found := form.fullmatch(text):
            return found["given"].strip()
    return None
