"""What a plan says, in whole sentences of the reader's language."""

from fractions import Fraction

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from compliance.models import Outcome
from compliance.plan.cheapest import Cheapest, Limit, Obstacles
from compliance.plan.integers import Minimum, Proof
from compliance.plan.targets import Target
from compliance.reading import threshold_in_words
from compliance.shares import decimal_of

# Of a yuan.
_FEN = 100


def target_in_words(target: Target) -> str:
    """``CN-2025: over 50%, from 1 January 2027 on``, or as of the inventory's last day."""
    names = {
        "mandate": target.provision.mandate.code,
        "threshold": threshold_in_words(target.answer["threshold"], target.answer["comparator"]),
        "day": date_format(target.day, "DATE_FORMAT"),
    }
    if target.answer["outcome"] == Outcome.EXEMPT:
        return (
            _("%(mandate)s: exempt from %(day)s on") if target.is_to_come else _("%(mandate)s: exempt on %(day)s")
        ) % names
    if target.is_to_come:
        return _("%(mandate)s: %(threshold)s, from %(day)s on") % names
    return _("%(mandate)s: %(threshold)s, on %(day)s") % names


def exact_number(value: Fraction) -> str:
    """A sum of decimals with all its places, thousands apart: ``"1,234.5"``."""
    return str(intcomma(decimal_of(f"{value.numerator}/{value.denominator}"), use_l10n=False))


def kilowatts(watts: Fraction) -> str:
    """W as kW, with all places."""
    return exact_number(watts / 1000)


def proof_in_words(found: Cheapest) -> str:
    """Whether a mix that was found is the cheapest, and how far it can be from that; or that there is proved none."""
    minimum = found.minimum
    if minimum.proof == Proof.NONE:
        return (
            _("No mix of those chips on offer whose power is known complies within these limits; that is proved.")
            if found.leaves_out
            else _("No mix of the chips on offer complies within these limits; that is proved.")
        )
    if minimum.proof == Proof.UNKNOWN:
        return _("The search ended before a mix was found, and before it was proved that there is none.")
    if minimum.proof == Proof.LEAST:
        return (
            _("Proved: no mix of those chips on offer whose power is known that keeps to these limits costs less.")
            if found.leaves_out
            else _("Proved: no mix of the chips on offer that keeps to these limits costs less.")
        )
    bound, cost = minimum.bound or Fraction(), minimum.cost or Fraction()
    names = {"bound": exact_number(_up(bound, _FEN)), "gap": exact_number(_up(cost - bound, _FEN))}
    return (
        _(
            "It is not proved that no mix costs less: this one costs at most %(gap)s CNY more than the cheapest, and "
            "none costs less than %(bound)s CNY."
        )
        % names
    )


def obstacles_in_words(obstacles: Obstacles) -> list[str]:
    """Which limits stand in the way of every mix, each with what would do."""
    if not obstacles.would_do:
        if obstacles.undecided:
            return [_("The search ended before it was found which limit stands in the way, if any does.")]
        return [_("No number of the chips on offer would do, whatever the limits.")]
    told = [_obstacle(limit, minimum) for limit, minimum in obstacles.would_do.items()]
    if not obstacles.is_together:
        ended = _("The search ended before it was found whether another limit stands in the way by itself, too.")
        return [*told, ended] if obstacles.undecided else told
    if obstacles.undecided:
        first = _(
            "These limits stand in the way together; the search ended before it was found whether one does by itself. "
            "Of each is told what would do without the others."
        )
    else:
        first = _(
            "No limit stands in the way by itself, but these do so together. "
            "Of each is told what would do without the others."
        )
    return [first, *told]


def _obstacle(limit: Limit, minimum: Minimum) -> str:
    cost = minimum.cost or Fraction()
    names = {"cost": exact_number(_up(cost, _FEN)), "power": kilowatts(_up(max(cost, Fraction()), 1))}
    is_least = minimum.proof == Proof.LEAST
    if limit == Limit.BUDGET:
        return (
            _("The budget stands in the way: %(cost)s CNY would do, and nothing less.")
            if is_least
            else _("The budget stands in the way: %(cost)s CNY would do; whether less would is not proved.")
        ) % names
    if limit == Limit.POWER:
        return (
            _("The power stands in the way: %(power)s kW would do, and nothing less.")
            if is_least
            else _("The power stands in the way: %(power)s kW would do; whether less would is not proved.")
        ) % names
    return {
        Limit.UNKNOWN_POWER: _(
            "The limit of power stands in the way, since it is not known what some chips draw: without such a limit, "
            "%(cost)s CNY would do, and the power that this takes is not known."
        ),
        Limit.DELIVERIES: _("What can be delivered stands in the way: with more of it, %(cost)s CNY would do."),
        Limit.COMPUTE: _(
            "That the computing power must not fall stands in the way: where it may, %(cost)s CNY would do."
        ),
        Limit.WAY: _(
            "What is to become of the cards that are not domestic stands in the way: "
            "where they may be taken out or stay, %(cost)s CNY would do."
        ),
    }[limit] % names


def _up(value: Fraction, parts: int) -> Fraction:
    """The least multiple of 1/`parts` that is not below `value`: what is told must be enough."""
    return Fraction(-(-value * parts // 1), parts)
