"""Where the lines of an outlook's chart run, as SVG: drawn on the server, it prints and needs no script."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from compliance.models import Outlook
from compliance.outlook.quarters import code_of, number_of, number_on
from compliance.outlook.trend import HORIZON
from compliance.outlook.words import asked_in_words

WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 12, 30
# What the name of a threshold takes.
_ROOM = 110


class Threshold(NamedTuple):
    """A step as a level line with its name."""

    x: str
    x_end: str
    y: str
    label_x: str
    label_y: str
    label: str
    # Whether the name ends at its place: there is no room for it on the right.
    is_at_end: bool


class Mark(NamedTuple):
    """A tick of an axis."""

    at: str
    label: str


class Chart(NamedTuple):
    """The chart's lines, each the `points` of a polyline; empty where there is nothing to draw."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    middle: str
    past: str
    dots: list[tuple[str, str, str]]
    unknown: str
    interval: str
    expected: str
    planned: str
    thresholds: list[Threshold]
    quarters: list[Mark]
    percents: list[Mark]


def chart_of(outlooks: Sequence[Outlook]) -> Chart | None:
    """The chart of the steps of one mandate for one centre or region; None where no share is known."""
    if not outlooks or not (outlooks[0].past or outlooks[0].points):
        return None
    first = outlooks[0]
    base = number_of(first.period_id)
    start = min(number_of(first.past[0]["period"]) if first.past else base, base - 3)
    at = _Scale(start, base + HORIZON)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        top=_TOP,
        bottom=HEIGHT - _BOTTOM,
        middle=_px(at.x(base)),
        past=at.line(first.past, "low"),
        dots=[(*at.point(one, "low"), f"{one['period']}: {one['low']}%") for one in first.past],
        unknown=at.between(first.past) if _is_open(first.past) else "",
        interval=at.between([*first.past[-1:], *first.points]) if _is_open(first.points) else "",
        expected=_onward(at, first, first.points),
        planned=_onward(at, first, first.planned["points"]) if first.planned else "",
        thresholds=list(_thresholds(at, outlooks)),
        quarters=[
            Mark(_px(at.x(number)), code_of(number)[:4] if number % 4 == 0 else "")
            for number in range(start, base + HORIZON + 1)
        ],
        percents=[Mark(_px(at.y(percent)), f"{percent}%") for percent in (0, 25, 50, 75, 100)],
    )


def _is_open(points: Iterable[dict[str, str]]) -> bool:
    """Whether something lies between the least and the greatest."""
    return any(one["low"] != one["high"] for one in points)


def _onward(at: "_Scale", outlook: Outlook, points: list[dict[str, str]]) -> str:
    """The expected shares, from the last known one on."""
    if not points:
        return ""
    return f"{at.line(outlook.past[-1:], 'low')} {at.line(points, 'expected')}".strip()


def _thresholds(at: "_Scale", outlooks: Iterable[Outlook]) -> Iterable[Threshold]:
    ordered = sorted(outlooks, key=lambda one: one.step_from)
    ends = [number_on(one.step_from) for one in ordered[1:]]
    for one, end in zip(ordered, [*ends, at.last], strict=True):
        begin = max(number_on(one.step_from), at.first)
        if begin > at.last:
            continue
        y = at.y(100 * float(one.threshold))
        x, x_end = at.x(begin), at.x(min(end, at.last))
        is_at_end = WIDTH - x < _ROOM
        label_x, label_y = x_end if is_at_end else x + 4, y + 15 if _runs_above(one, begin) or y <= 30 else y - 5
        yield Threshold(_px(x), _px(x_end), _px(y), _px(label_x), _px(label_y), asked_in_words(one), is_at_end)


def _runs_above(one: Outlook, begin: int) -> bool:
    """Whether the share lies above the threshold where its line begins: then its name goes below."""
    points = [(number_of(point["period"]), point["low"]) for point in one.past]
    points += [(number_of(point["period"]), point["expected"]) for point in one.points]
    return any(float(share) >= 100 * float(one.threshold) for number, share in points if number == begin)


class _Scale:
    """Quarters and percents as places of the drawing: floats, which decide nothing."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last

    def x(self, number: int) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (number - self.first) / (self.last - self.first)

    def y(self, percent: float) -> float:
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - percent / 100)

    def point(self, one: dict[str, Any], which: str) -> tuple[str, str]:
        return _px(self.x(number_of(one["period"]))), _px(self.y(float(one[which])))

    def line(self, points: Iterable[dict[str, str]], which: str) -> str:
        return " ".join(",".join(self.point(one, which)) for one in points)

    def between(self, points: Sequence[dict[str, str]]) -> str:
        """The outline of what lies between the least and the greatest."""
        return f"{self.line(points, 'high')} {self.line(points[::-1], 'low')}"


def _px(place: float) -> str:
    return f"{place:.1f}"
