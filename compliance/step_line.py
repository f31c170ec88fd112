"""What is asked for over time, as a line: the thresholds of a provision, or of a mandate's provisions in turn."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple

from compliance.models import Provision
from compliance.reading import Step, percent_text, steps_from

# The drawing's measures, in its own units.
WIDTH, HEIGHT = 360, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 22, 26
# Labels closer than this would run into each other: the list beside the drawing tells them all.
_PERCENT_APART, _DAY_APART = 44, 78


class Span(NamedTuple):
    """What is asked for from a day until the next span: nothing where there is no step."""

    from_on: date
    step: Step | None


class Mark(NamedTuple):
    """Where a step begins: at the threshold (``at_least``) or just above it (``over``)."""

    x: int
    y: int
    is_over: bool
    # "" where the label of the step before is too near.
    percent: str
    day: date | None


class Drawing(NamedTuple):
    spans: list[Span]
    # The path of the line, and the stretches of the ground line on which nothing is asked for.
    path: str
    nothing: list[tuple[int, int]]
    marks: list[Mark]
    # The height of 0, 50 and 100 percent.
    levels: list[tuple[int, int]]
    today: int | None
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def spans_of(provisions: Iterable[Provision]) -> list[Span]:
    """What provisions of one mandate ask for in turn, each from its day until the next one's."""
    in_turn = sorted(provisions, key=lambda provision: provision.from_on)
    spans: list[Span] = []
    for provision, later in zip_longest(in_turn, in_turn[1:]):
        _without_effect, steps = steps_from(provision.rule, provision.from_on)
        if not steps or steps[0].from_on > provision.from_on:
            spans.append(Span(provision.from_on, None))
        spans += [Span(step.from_on, step) for step in steps if later is None or step.from_on < later.from_on]
    return spans


def drawn(provisions: Iterable[Provision], today: date) -> Drawing | None:
    """The line of what `provisions` ask for; None where they ask for nothing at any time."""
    spans = spans_of(provisions)
    if not any(span.step for span in spans):
        return None
    begins, ends = _extent(spans, today)
    days = [_across(max(span.from_on, begins), begins, ends) for span in spans]
    return Drawing(
        spans=spans,
        path=_path(spans, [*days, WIDTH - _RIGHT]),
        nothing=[
            (x, next_x)
            for span, x, next_x in zip(spans, days, [*days[1:], WIDTH - _RIGHT], strict=True)
            if span.step is None
        ],
        marks=_marks(spans, days),
        levels=[(percent, _up(Fraction(percent, 100))) for percent in (0, 50, 100)],
        today=_across(today, begins, ends) if begins <= today <= ends else None,
    )


def _extent(spans: list[Span], today: date) -> tuple[date, date]:
    """The first and the last day of the drawing: a little room before the first span, more behind the last."""
    first, last = spans[0].from_on, spans[-1].from_on
    # A day within the span of years that the line is about is worth showing; one far away is not.
    if _moved(first, -730) <= today <= _moved(last, 1095):
        first, last = min(first, today), max(last, today)
    room = max((last - first).days // 6, 120)
    return _moved(first, -room // 3), _moved(last, room)


def _moved(day: date, days: int) -> date:
    """The day so many days away, within the calendar."""
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))


def _across(day: date, begins: date, ends: date) -> int:
    return _LEFT + (day - begins).days * (WIDTH - _LEFT - _RIGHT) // max((ends - begins).days, 1)


def _up(share: Fraction) -> int:
    return HEIGHT - _BOTTOM - int(share * (HEIGHT - _TOP - _BOTTOM))


def _path(spans: list[Span], days: list[int]) -> str:
    """Level from each step's day to the next, and straight up or down between them; broken where nothing is asked."""
    parts, is_drawing = [], False
    for span, x, next_x in zip(spans, days[:-1], days[1:], strict=True):
        if span.step is None:
            is_drawing = False
            continue
        y = _up(Fraction(span.step.threshold))
        parts.append(f"V{y}H{next_x}" if is_drawing else f"M{x} {y}H{next_x}")
        is_drawing = True
    return "".join(parts)


def _marks(spans: list[Span], days: list[int]) -> list[Mark]:
    marks: list[Mark] = []
    last_percent = last_day = -WIDTH
    for span, x in zip(spans, days, strict=True):
        if span.step is None:
            continue
        shows_percent, shows_day = x - last_percent >= _PERCENT_APART, x - last_day >= _DAY_APART
        last_percent = x if shows_percent else last_percent
        last_day = x if shows_day else last_day
        percent = f"{percent_text(span.step.threshold)}%" if shows_percent else ""
        y, is_over = _up(Fraction(span.step.threshold)), span.step.comparator == "over"
        marks.append(Mark(x, y, is_over, percent, span.from_on if shows_day else None))
    return marks
