"""Where a centre moved to another province, what stands of it and the sums of both follow, in the same transaction.

What was determined stays as it is: it is told, summed and shown under the province in which the centre lies.
"""

from typing import Any

from django.db.models import Exists, OuterRef

from centres.models import Centre, ReportingPeriod
from compliance import acquisitions, rollups
from compliance.determine import lock_period
from compliance.facts import facts_of_period
from compliance.models import CurrentDetermination, SummedStock


def follow(centres: list[int], **signal: Any) -> None:
    """Let what stands of centres by their keys, of every period, stand where they lie now; within a transaction.

    Nothing is determined meanwhile, so that nothing is made of a centre where it lay before.
    """
    for period in ReportingPeriod.objects.order_by("code"):
        lock_period(period)
    current, summed = (
        model._default_manager.filter(period=OuterRef("pk"), centre__in=centres)
        for model in (CurrentDetermination, SummedStock)
    )
    chosen = list(Centre.objects.filter(pk__in=centres))
    for period in ReportingPeriod.objects.filter(Exists(current) | Exists(summed)).order_by("code"):
        # Under no mandate: nobody is judged.
        facts = facts_of_period(period, chosen, [], is_read=False)
        acquisitions.sum_regions(period, rollups.move(facts))
