"""HTML whose text is text, whatever it is."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from tlsmith.core.describe.plain import safe
from tlsmith.server.dashboard.html import Markup, element, html_table, page


class Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: list[str | None] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(st.characters(exclude_categories=[])))
def test_text_and_values_come_out_as_they_went_in_but_for_what_misleads(
    text: str,
) -> None:
    read = Reader(element("p", text, title=text))
    assert read.tags == ["p"]
    assert read.text == safe(text)
    assert read.values == [safe(text)]


def test_what_was_made_here_is_left_as_it_is() -> None:
    inner = element("b", "<")
    assert element("p", inner, [inner, None], 7) == Markup(
        "<p><b>&lt;</b><b>&lt;</b>7</p>"
    )


def test_attributes_are_named_as_html_names_them() -> None:
    made = element("svg", viewBox="0 0 1 1", aria_label="a", class_=None, x=0)
    assert made == '<svg viewBox="0 0 1 1" aria-label="a" x="0"></svg>'
    assert element("link", rel="stylesheet") == '<link rel="stylesheet">'


def test_a_table_has_its_numbers_told_apart() -> None:
    made = html_table(("name", "number"), [("<a>", 3)])
    assert '<th scope="col">name</th>' in made
    assert '<td>&lt;a&gt;</td><td class="number">3</td>' in made


def test_a_page_says_its_language_and_title() -> None:
    made = page("A & B", "me", element("p", "x")).decode()
    assert made.startswith(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    )
    assert "<title>A &amp; B - tlsmith</title>" in made
