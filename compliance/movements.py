"""Movements of an inventory that deserve a question: asked once, and dismissed with a reason.

A movement is a question to a person and decides nothing. What is a sign of one, `movement_signs` says. The very
same numbers of a centre are asked about once, whatever periods they are seen in.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from centres.models import ReportingPeriod
from compliance.models import Movement
from compliance.movement_signs import signs


class CannotDismiss(Exception):
    """A movement that was dismissed already, or is no longer seen."""

    def __init__(self, movement: Movement) -> None:
        super().__init__(f"Movement {movement.pk} is open no longer.")
        self.movement = movement


@transaction.atomic
def find(*, period: ReportingPeriod, centres: Iterable[int] | None = None, now: datetime | None = None) -> int:
    """Look for movements of centres by their keys (None: all that file) in `period`; returns how many are new.

    What is seen again is the movement that it was; what is seen no more is marked as gone. Running twice comes to the
    same. The number of queries is the same for any number of centres.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('movements'), hashtext(%s))", [period.code])
    chosen = None if centres is None else sorted(set(centres))
    seen = {(found.centre_id, found.kind, found.digest): found for found in signs(period, chosen, now)}
    known = Movement.objects.filter(period=period)
    if chosen is not None:
        known = known.filter(centre__in=chosen)
    standing = {(one.centre_id, one.kind, one.digest): one for one in known}
    gone = [one.pk for key, one in standing.items() if key not in seen and one.gone_at is None]
    back = [one.pk for key, one in standing.items() if key in seen and one.gone_at is not None]
    Movement.objects.filter(pk__in=gone).update(gone_at=now)
    Movement.objects.filter(pk__in=back).update(gone_at=None)
    elsewhere = _asked_elsewhere(period, chosen)
    new = [found for key, found in seen.items() if key not in standing and key not in elsewhere]
    Movement.objects.bulk_create(
        Movement(
            centre_id=found.centre_id,
            period=period,
            kind=found.kind,
            evidence=found.evidence,
            digest=found.digest,
            found_at=now,
        )
        for found in new
    )
    return len(new)


def find_around(*, period: ReportingPeriod, centres: Iterable[int] | None = None) -> None:
    """Look for movements in `period`, and in the one before, of which its inventories tell what left."""
    chosen = None if centres is None else list(centres)
    before = ReportingPeriod.objects.filter(code__lt=period.code).order_by("-code").first()
    for one in filter(None, (before, period)):
        find(period=one, centres=chosen)


def _asked_elsewhere(period: ReportingPeriod, chosen: list[int] | None) -> set[tuple[int, str, str]]:
    """What was dismissed of a centre in another period, or is seen in an earlier one."""
    answered, seen = Q(dismissed_at__isnull=False), Q(gone_at__isnull=True, period__lt=period)
    asked = Movement.objects.filter(answered | seen).exclude(period=period)
    if chosen is not None:
        asked = asked.filter(centre__in=chosen)
    return set(asked.values_list("centre_id", "kind", "digest"))


@transaction.atomic
def dismiss(*, movement: Movement, by: User, reason: str, now: datetime | None = None) -> Movement:
    """Answer the question that `movement` asks, for good.

    Raises `CannotDismiss` where it is open no longer, and `ValidationError` without a reason.
    """
    found = Movement.objects.select_for_update().get(pk=movement.pk)
    if found.dismissed_at is not None or found.gone_at is not None:
        raise CannotDismiss(found)
    found.dismissed_by, found.dismissed_at, found.dismissal_reason = by, now or timezone.now(), reason.strip()
    found.full_clean()
    found.save(update_fields=["dismissed_by", "dismissed_at", "dismissal_reason"])
    return found
