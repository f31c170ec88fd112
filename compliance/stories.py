"""Determinations that units and computing power tell differently: found by an index of just these."""

from django.db.models import Q, QuerySet

from accounts.models import User
from centres.models import Provenance, Region, ReportingPeriod
from compliance.models import (
    COMPUTE_TELLS_OTHERWISE,
    TELLS_TWO_STORIES,
    UNITS_TELL_OTHERWISE,
    Determination,
    Mandate,
)

_BY_UNITS = Q(provision__rule__metric="units")
# What the rule does not measure tells otherwise than its verdict.
_OTHERWISE = (_BY_UNITS & COMPUTE_TELLS_OTHERWISE) | (~_BY_UNITS & UNITS_TELL_OTHERWISE)


def telling_two_stories(
    user: User, period: ReportingPeriod, *, region: Region | None = None, mandate: Mandate | None = None
) -> QuerySet[Determination]:
    """The current determinations of centres that file whose verdict the other measure contradicts, by code.

    Compliant by units and surely under 30% by computing power, or non-compliant and surely over 70%; for a rule that
    measures computing power or value, the same by units.
    """
    found = (
        Determination.objects.visible_to(user)
        .filter(TELLS_TWO_STORIES, _OTHERWISE, period=period, current__isnull=False)
        .exclude(centre__provenance=Provenance.ILLUSTRATIVE)
    )
    if region is not None:
        found = found.filter(centre__region=region)
    if mandate is not None:
        found = found.filter(provision__mandate=mandate)
    return found.select_related("centre__region", "provision__mandate").order_by("centre__code", "provision_id")


def tell_two_stories(determinations: QuerySet[Determination]) -> QuerySet[Determination]:
    """Those of `determinations` whose verdict the other measure contradicts."""
    return determinations.filter(_OTHERWISE)
