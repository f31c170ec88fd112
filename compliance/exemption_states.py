"""How exemptions stand: until when, in what state, of which centre, and which determinations they bear on."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from django.db.models import Case, DateField, F, Func, QuerySet, TextChoices, Value, When
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import Role, User
from centres.models import Centre
from compliance.models import (
    Determination,
    Exemption,
    ExemptionQuerySet,
    ExemptionRequest,
    Mandate,
    Outcome,
)

# So many days before its end an exemption is said to end soon.
SOON = timedelta(days=60)
# Of these a mandate asks nothing, with an exemption or without.
_NOT_ASKED = (Outcome.OUT_OF_SCOPE, Outcome.NOT_IN_FORCE)


class ExemptionState(TextChoices):
    """Where an exemption stands on a day; one that nobody granted stands nowhere."""

    PROPOSED = "proposed", _lazy("proposed")
    SENT_BACK = "sent_back", _lazy("sent back")
    WITHDRAWN = "withdrawn", _lazy("withdrawn")
    TO_COME = "to_come", _lazy("to come")
    IN_FORCE = "in_force", _lazy("in force")
    ENDING_SOON = "ending_soon", _lazy("ending soon")
    ENDED = "ended", _lazy("ended")
    REVOKED = "revoked", _lazy("revoked")


def overlapping(*, centre: Centre, mandate: Mandate, from_on: date, to_on: date) -> list[Exemption]:
    """What covers days of that time already, the first first: where two cover a day, the lowest threshold holds."""
    others = with_states(Exemption.objects.granted().filter(centre=centre, mandate=mandate), timezone.localdate())
    return list(covering_any_day(others).filter(from_on__lte=to_on, ends__gte=from_on).order_by("from_on", "pk"))


def covering_any_day(exemptions: QuerySet[Any]) -> QuerySet[Any]:
    """Those that cover any day: one that was revoked from its first day on covers none."""
    return exemptions.filter(ends__gte=F("from_on"))


def with_states(exemptions: ExemptionQuerySet, today: date) -> QuerySet[Any]:
    """`exemptions`, each with the last day that it covers as it stands now (`ends`) and its `state` on `today`."""
    before_revoked = Func(F("revoked_from_on"), template="(%(expressions)s - 1)", output_field=DateField())
    state = Case(
        When(granted_at__isnull=True, closed_at__isnull=True, then=Value(ExemptionState.PROPOSED.value)),
        When(granted_at__isnull=True, closed_by=F("proposed_by"), then=Value(ExemptionState.WITHDRAWN.value)),
        When(granted_at__isnull=True, then=Value(ExemptionState.SENT_BACK.value)),
        When(revoked_from_on__lte=today, then=Value(ExemptionState.REVOKED.value)),
        When(ends__lt=today, then=Value(ExemptionState.ENDED.value)),
        When(from_on__gt=today, then=Value(ExemptionState.TO_COME.value)),
        When(ends__lte=today + SOON, then=Value(ExemptionState.ENDING_SOON.value)),
        default=Value(ExemptionState.IN_FORCE.value),
    )
    # Of a null and a day the least is the day.
    return exemptions.annotate(ends=Least("to_on", before_revoked), state=state)


class OfCentre(NamedTuple):
    """What a centre is or was exempt from, each with its `ends` and `state`, latest first; and what is asked for."""

    exemptions: list[Any]
    requests: list[ExemptionRequest]

    @property
    def ending_soon(self) -> list[Any]:
        return [exemption for exemption in self.exemptions if exemption.state == ExemptionState.ENDING_SOON]


def of_centre(user: User, centre: Centre) -> OfCentre:
    """The exemptions of `centre` that `user` may know of; analysts are not shown what is asked and answered."""
    standing = Exemption.objects.visible_to(user).filter(centre=centre, closed_at__isnull=True)
    found = with_states(standing, timezone.localdate())
    asked = ExemptionRequest.objects.visible_to(user).filter(centre=centre)
    if user.role == Role.ANALYST:
        asked = asked.none()
    return OfCentre(
        list(found.select_related("mandate").order_by("-from_on", "-pk")),
        list(asked.select_related("mandate").order_by("-asked_at", "-pk")),
    )


def not_ended(user: User, centre: Centre) -> QuerySet[Any]:
    """The granted exemptions of `centre` that cover today or a day to come, each with its `ends` and `state`."""
    today = timezone.localdate()
    found = with_states(Exemption.objects.visible_to(user).granted().filter(centre=centre), today)
    return covering_any_day(found).filter(ends__gte=today).select_related("mandate").order_by("from_on", "pk")


def bearing_on(determinations: Iterable[Determination]) -> dict[int, list[Exemption]]:
    """By the key of each determination, the exemptions that made it what it is: that released the centre, or lowered
    the threshold to the one applied. One query for any number of them."""
    found = [one for one in determinations if one.exemptions and one.outcome not in _NOT_ASKED]
    exemptions = Exemption.objects.in_bulk({key for one in found for key in one.exemptions}) if found else {}
    bearing = defaultdict(list)
    for one in found:
        for key in one.exemptions:
            if _bears_on(exemptions[key], one):
                bearing[one.pk].append(exemptions[key])
    return dict(bearing)


def _bears_on(exemption: Exemption, determination: Determination) -> bool:
    if not exemption.from_on <= determination.as_of <= exemption.ends_on(determination.known_at):
        return False
    if determination.outcome == Outcome.EXEMPT or exemption.threshold is None:
        return determination.outcome == Outcome.EXEMPT and exemption.threshold is None
    return Fraction(determination.answer["threshold"]) == Fraction(exemption.threshold)
