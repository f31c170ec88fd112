"""What an outlook says, in whole sentences of the reader's language."""

from datetime import date
from fractions import Fraction
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import models
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from compliance.models import Outlook, OutlookBasis, OutlookError
from compliance.outlook.quarters import code_of, number_of, number_on
from compliance.outlook.trend import HELD_OF_TEN, HORIZON, LARGEST_GAP, LEAST_POINTS
from compliance.wording import threshold_in_words


class Standing(models.TextChoices):
    """How a centre will stand in the quarter in which a step first holds."""

    MISSES = "misses", _lazy("expected to miss it")
    OPEN = "open", _lazy("may miss it")
    MEETS = "meets", _lazy("will meet it")
    UNKNOWN = "unknown", _lazy("too little is known")
    EXEMPT = "exempt", _lazy("exempt")


def due_in(period: str, step_from: date) -> str:
    """The quarter in which a step is first held against shares, as seen from the end of `period`."""
    return code_of(max(number_of(period), number_on(step_from)))


def standing_of(outlook: Outlook) -> Standing:
    """How the centre of `outlook` will stand when the step first holds."""
    due = due_in(outlook.period_id, outlook.step_from)
    if outlook.is_exempt:
        return Standing.EXEMPT
    if outlook.basis == OutlookBasis.NONE:
        return Standing.UNKNOWN
    if not outlook.expected or outlook.expected > due:
        return Standing.MISSES
    return Standing.MEETS if outlook.latest and outlook.latest <= due else Standing.OPEN


def standing_as_query(standing: Standing, period: str, step_from: date) -> Q:
    """The outlooks of which `standing_of` says `standing`."""
    due = due_in(period, step_from)
    is_exempt = Q(is_exempt=True)
    is_known = ~is_exempt & ~Q(basis=OutlookBasis.NONE)
    is_expected = is_known & ~Q(expected="") & Q(expected__lte=due)
    is_sure = ~Q(latest="") & Q(latest__lte=due)
    return {
        Standing.EXEMPT: is_exempt,
        Standing.UNKNOWN: ~is_exempt & Q(basis=OutlookBasis.NONE),
        Standing.MISSES: is_known & (Q(expected="") | Q(expected__gt=due)),
        Standing.OPEN: is_expected & ~is_sure,
        Standing.MEETS: is_expected & is_sure,
    }[standing]


def asked_in_words(outlook: Outlook) -> str:
    """``at least 50%``."""
    limit = Fraction(outlook.threshold)
    return threshold_in_words(f"{limit.numerator}/{limit.denominator}", outlook.comparator)


def step_in_words(outlook: Outlook) -> str:
    """Since when, or from when on, how much is asked."""
    names = {"asked": asked_in_words(outlook), "day": date_format(outlook.step_from, "DATE_FORMAT")}
    if outlook.step_from <= outlook.period.ends_on:
        return _("%(asked)s, in force since %(day)s") % names
    return _("%(asked)s, from %(day)s on") % names


def share_now(outlook: Outlook) -> dict[str, str] | None:
    """The share that was read last; None where that is too long ago to go on from."""
    last: dict[str, str] | None = outlook.past[-1] if outlook.past else None
    return last if last and last["period"] >= code_of(number_of(outlook.period_id) - LARGEST_GAP) else None


def sentences(outlook: Outlook) -> list[str]:
    """What is foreseen of a step, whole: as it stands, by plan and by trend."""
    names = {"now": outlook.period_id, "end": _horizon_end(outlook)}
    said = [_exempt_in_words(outlook), _standing_in_words(outlook, names)]
    if outlook.basis not in (OutlookBasis.MEETS, OutlookBasis.NONE):
        said += [_planned_in_words(outlook, names), _trend_in_words(outlook, names)]
    return [sentence for sentence in said if sentence]


def units_in_words(outlook: Outlook) -> list[str]:
    """What planned and installing lines add, with and without a day to come."""
    said = []
    if outlook.units_due:
        units = intcomma(outlook.units_due)
        said.append(_("Planned or being installed with a day to come: %(units)s units.") % {"units": units})
    if outlook.units_without_day:
        units = intcomma(outlook.units_without_day)
        said.append(
            _("Planned or being installed without a day to come: %(units)s units, which are in the bounds alone.")
            % {"units": units}
        )
    return said


def _standing_in_words(outlook: Outlook, names: dict[str, str]) -> str:
    if outlook.basis == OutlookBasis.NONE or share_now(outlook) is None:
        if outlook.planned:
            return _("Nothing counts in %(now)s yet.") % names
        if share_now(outlook) is None:
            return _("Too little is known: no accepted inventory of the last quarters has a share.")
        names["points"] = str(LEAST_POINTS)
        return _(
            "The step is not met in %(now)s. Too little is known to foresee more: nothing is planned, and a trend "
            "needs shares of %(points)s quarters and past errors to learn from."
        ) % (names)
    if outlook.basis != OutlookBasis.MEETS:
        return _("The step is not met in %(now)s.") % names
    if not outlook.points:
        return _("The step is met in %(now)s. Too little is known to foresee whether it stays so.") % names
    if outlook.falls_in:
        return _("The step is met in %(now)s, and expected to be met no more in %(falls_in)s.") % (
            names | {"falls_in": outlook.falls_in}
        )
    if outlook.latest:
        return _("The step is met in %(now)s, and foreseen to stay so until %(end)s.") % names
    return _("The step is met in %(now)s, and expected to stay so; within the interval it may be lost.") % names


def _exempt_in_words(outlook: Outlook) -> str:
    if not outlook.is_exempt:
        return ""
    names = {"quarter": due_in(outlook.period_id, outlook.step_from)}
    said = _("In %(quarter)s the centre is exempt, whatever its share: what follows is what the rule itself asks for.")
    return said % names


def _planned_in_words(outlook: Outlook, names: dict[str, str]) -> str:
    if outlook.planned is None:
        return _("Nothing is planned that would change it.")
    if share_now(outlook) is None and outlook.planned["points"]:
        names["first"] = outlook.planned["points"][0]["period"]
        if not outlook.planned["expected"]:
            return _("With what is planned, the first counts in %(first)s, and it is not met by %(end)s.") % names
    if not outlook.planned["expected"]:
        return _("With what is planned, it is not met by %(end)s.") % names
    return _("With what is planned, it is met from %(quarter)s on.") % {"quarter": outlook.planned["expected"]}


def _trend_in_words(outlook: Outlook, names: dict[str, str]) -> str:
    trend = outlook.trend
    if trend is None:
        return _("Of a trend too little is known.")
    names |= {key: trend[key] for key in ("earliest", "expected", "latest")}
    if not trend["earliest"]:
        return _("By the trend alone, it is not met by %(end)s.") % names
    if not trend["expected"]:
        return _("By the trend alone, it is not expected by %(end)s; at the earliest in %(earliest)s.") % names
    if not trend["latest"]:
        return _(
            "By the trend alone, it is met in %(expected)s, at the earliest in %(earliest)s, at the latest after "
            "%(end)s."
        ) % (names)
    return _("By the trend alone, it is met between %(earliest)s and %(latest)s, most likely in %(expected)s.") % names


def _horizon_end(outlook: Outlook) -> str:
    return code_of(number_of(outlook.period_id) + HORIZON)


def quarters_in_words(outlook: Outlook) -> str:
    """The expected quarter and the interval as a table has them: ``2026Q3 (2026Q1 to 2027Q2)``."""
    names = {"expected": outlook.expected, "earliest": outlook.earliest, "latest": outlook.latest}
    names["end"] = _horizon_end(outlook)
    if outlook.basis == OutlookBasis.NONE:
        return "–"
    if not outlook.earliest:
        return _("after %(end)s") % names
    if not outlook.expected:
        return _("after %(end)s (at the earliest %(earliest)s)") % names
    if not outlook.latest:
        return _("%(expected)s (%(earliest)s to after %(end)s)") % names
    if outlook.earliest == outlook.latest:
        return outlook.expected
    return _("%(expected)s (%(earliest)s to %(latest)s)") % names


class ToldError:
    """How far past outlooks were off so many quarters ahead, as pages tell it."""

    # How many outlooks it takes to call what they came to good or bad.
    ENOUGH = 20

    def __init__(self, error: OutlookError) -> None:
        self.error = error

    @property
    def held_percent(self) -> int:
        """How many in a hundred intervals held what came, cut."""
        return 100 * self.error.within // self.error.outlooks

    @property
    def holds_too_seldom(self) -> bool:
        """Whether the intervals held clearly less often than they are to."""
        return self.error.outlooks >= self.ENOUGH and 10 * self.error.within < (HELD_OF_TEN - 1) * self.error.outlooks

    @property
    def is_too_few(self) -> bool:
        return self.error.outlooks < self.ENOUGH


def errors_in_words(errors: list[ToldError]) -> str:
    """How far past outlooks are to be trusted."""
    if not errors:
        return _("No past outlook could be tried yet: there are too few quarters. Read what is foreseen with care.")
    if any(told.holds_too_seldom for told in errors):
        return _(
            "Past intervals held less often than the eight times out of ten that they are made for: take the interval "
            "as narrower than it should be."
        )
    if all(told.is_too_few for told in errors):
        return _("Few past outlooks could be tried: what they came to says little.")
    return _("Past intervals held about as often as they are made for, which is eight times out of ten.")


def counts_in_words(outlook: Outlook) -> str:
    """How many centres of a region or the country meet the step now and when it first holds."""
    counts: dict[str, Any] = outlook.centres or {}
    ahead = min(number_of(due_in(outlook.period_id, outlook.step_from)) - number_of(outlook.period_id), HORIZON)
    if not ahead:
        ahead = HORIZON
    low, expected, high = counts["met"][ahead]
    names = {
        "met": intcomma(counts["met"][0][1]),
        "asked": intcomma(counts["asked"]),
        "now": outlook.period_id,
        "quarter": code_of(number_of(outlook.period_id) + ahead),
        "expected": intcomma(expected),
        "low": intcomma(low),
        "high": intcomma(high),
    }
    said = _(
        "Of %(asked)s centres that are asked, %(met)s meet it in %(now)s; in %(quarter)s %(expected)s are expected to "
        "(%(low)s if each comes out at the low end of its interval, %(high)s at the high end)."
    ) % (names)
    if not any(counts.get("exempt", ())):
        return said
    exempt = {"exempt": intcomma(counts["exempt"][0]), "exempt_then": intcomma(counts["exempt"][ahead])}
    apart = _("Exempt, and counted as neither: %(exempt)s in %(now)s, %(exempt_then)s in %(quarter)s.")
    return f"{said} {apart % (names | exempt)}"
