"""HTML that cannot be broken out of: text is escaped, whatever it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from tlsmith.core.describe.plain import safe

# Elements of HTML that have no end.
_VOID = ("link", "meta")


class Markup(str):
    """HTML that was made here."""

    __slots__ = ()


Child = Markup | str | int | None | Iterable["Child"]


def element(name: str, /, *children: Child, **attributes: str | int | None) -> Markup:
    """Return an element; text in it, and values of attributes, are escaped.

    Args:
        attributes: `class_` for class, `aria_label` for aria-label; None for none.
    """
    words = [name]
    for key, value in attributes.items():
        if value is not None:
            written = key.removesuffix("_").replace("_", "-")
            words.append(f'{written}="{escape(safe(str(value)))}"')
    begin = f"<{' '.join(words)}>"
    if name in _VOID:
        return Markup(begin)
    return Markup(f"{begin}{''.join(map(_shown, children))}</{name}>")


def _shown(child: Child) -> str:
    if isinstance(child, Markup):
        return child
    if child is None:
        return ""
    if isinstance(child, str | int):
        return escape(safe(str(child)))
    return "".join(map(_shown, child))


def html_table(heads: Sequence[str], rows: Iterable[Sequence[Child]]) -> Markup:
    """Return a table; cells that are numbers stand to the right."""
    head = element("tr", [element("th", one, scope="col") for one in heads])
    body = [element("tr", [_cell(cell) for cell in row]) for row in rows]
    table = element("table", element("thead", head), element("tbody", body))
    return element("div", table, class_="wide")


def _cell(cell: Child) -> Markup:
    return element("td", cell, class_="number" if isinstance(cell, int) else None)


def page(title: str, who: str, *parts: Child) -> bytes:
    """Return a whole page.

    Args:
        who: sees it; empty for nobody we know.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} - tlsmith"),
        element("link", rel="stylesheet", href="/dashboard/style.css"),
    )
    bar = element(
        "header",
        element("strong", "tlsmith"),
        element("nav", element("a", "ACME", href="/dashboard/acme")),
        element("span", who, class_="who"),
    )
    body = element("body", bar, element("main", element("h1", title), parts))
    return f"<!doctype html>{element('html', head, body, lang='en')}\n".encode()
