"""A chart of what happened by day: bars, in SVG without a script."""

from __future__ import annotations

from collections.abc import Sequence

from tlsmith.authority.acme.figures import DayFigures
from tlsmith.server.dashboard.html import Markup, element

# Of a bar and the space after it, and of the whole.
_BAR, _GAP, _HEIGHT, _BELOW = 28, 6, 150, 16


def day_chart(days: Sequence[DayFigures]) -> Markup:
    """Return bars of how many orders became valid, and how many failed, each day."""
    most = max([1, *(one.valid + one.invalid for one in days)])
    width = len(days) * (_BAR + _GAP)
    bars = [
        _bar(one, number * (_BAR + _GAP), _HEIGHT / most)
        for number, one in enumerate(days)
    ]
    base = element("line", x1=0, x2=width, y1=_HEIGHT, y2=_HEIGHT, class_="axis")
    total = sum(one.valid for one in days), sum(one.invalid for one in days)
    return element(
        "svg",
        bars,
        base,
        _labels(days, width),
        viewBox=f"0 0 {width} {_HEIGHT + _BELOW}",
        role="img",
        aria_label=f"orders by day: {total[0]} became valid, {total[1]} failed",
    )


def _bar(day: DayFigures, x: int, scale: float) -> Markup:
    """Return a day: what became valid below, what failed on it."""
    # Where something happened there is something to be seen.
    valid = max(1.0, day.valid * scale) if day.valid else 0.0
    failed = max(1.0, day.invalid * scale) if day.invalid else 0.0
    failed = min(failed, _HEIGHT - 1.0)
    valid = min(valid, _HEIGHT - failed)
    title = f"{day.date}: {day.made} ordered, {day.valid} valid, {day.invalid} failed"
    return element(
        "g",
        element("title", title),
        _rect(x, 0, _HEIGHT, "day"),
        _rect(x, _HEIGHT - valid, valid, "valid") if valid else None,
        _rect(x, _HEIGHT - valid - failed, failed, "failed") if failed else None,
    )


def _rect(x: int, y: float, height: float, kind: str) -> Markup:
    return element(
        "rect", x=x, y=f"{y:.1f}", width=_BAR, height=f"{height:.1f}", class_=kind
    )


def _labels(days: Sequence[DayFigures], width: int) -> list[Markup]:
    if not days:
        return []
    y = _HEIGHT + _BELOW - 3
    return [
        element("text", days[0].date.isoformat(), x=0, y=y),
        element("text", days[-1].date.isoformat(), x=width, y=y, class_="last"),
    ]
