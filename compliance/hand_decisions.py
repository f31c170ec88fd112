"""What is decided by hand: the centres to which a provision might apply, and whether it does.

A provision can name a wider scope than its rule's own (`case_by_case`). Who lies in the wider one alone stands on a
list until a regulator decides, with a reason, that the rule applies to it or does not.
"""

from datetime import date, datetime
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, TextChoices, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import Role, User
from centres.models import Centre, CentreRecord, CentreStatus, Ownership
from compliance.models import DeterminationRun, HandDecision, Provision, Ruling
from compliance.touched import redo_for_hand_decision

# What excludes all and nothing: an empty `Q` would do neither where it is turned round.
_NOBODY, _EVERYBODY = Q(pk__in=[]), ~Q(pk__in=[])


class HandDecisionState(TextChoices):
    """Whether a centre is to be decided by hand under a provision, and how it was."""

    UNDECIDED = "undecided", _lazy("to be decided")
    APPLIES = "applies", _lazy("the rule applies")
    RELEASED = "released", _lazy("the rule does not apply")
    UNKNOWN = "unknown", _lazy("cannot be told")


class WrongHandDecision(ValueError):
    """A decision that cannot be taken, with what is `wrong` by the name of its field."""

    def __init__(self, **wrong: str) -> None:
        super().__init__(" ".join(wrong.values()))
        self.wrong = wrong


class Listed(NamedTuple):
    """What there is to decide under a provision on a day: the records of centres, each with its `state` and, where it
    was decided, the day `decided_from`; and apart from them those of which it cannot be told."""

    by_hand: QuerySet[Any]
    unknown: QuerySet[Any]


class OfCentre(NamedTuple):
    """How a centre stands under a provision that is decided by hand; `missing` is what would have to be known."""

    provision: Provision
    state: HandDecisionState
    decided_from: date | None
    missing: list[str]


def provisions_on(day: date, known_at: datetime) -> list[Provision]:
    """Of each mandate the provision that holds on `day`, where it leaves anybody to be decided by hand."""
    issued = Provision.objects.filter(issued_at__lte=known_at, from_on__lte=day).select_related("mandate")
    holding = issued.order_by("mandate_id", "-from_on").distinct("mandate_id")
    return [provision for provision in holding if provision.case_by_case is not None]


def listed(provision: Provision, *, user: User, day: date, known_at: datetime) -> Listed:
    """The centres that `user` may know of and that `provision` leaves to be decided by hand, as they are on `day`.

    What is undecided comes first, then by the codes of the centres.
    """
    seen = CentreRecord.objects.visible_to(user)
    holding = seen.as_of(day, known_at)
    records = seen.filter(pk__in=holding.values("pk")).exclude(status=CentreStatus.CLOSED)
    records = records.select_related("centre__region")
    own, wider = matching(provision.rule["scope"]), _NOBODY
    perhaps = _NOBODY
    if provision.case_by_case is not None:
        wider, perhaps = matching(provision.case_by_case), matching(provision.case_by_case, unknown=True)
    return Listed(
        _decided(records.filter(wider).exclude(own), provision, day, known_at),
        records.filter(perhaps).exclude(wider).exclude(own).order_by("centre__code"),
    )


def _decided(records: QuerySet[CentreRecord], provision: Provision, day: date, known_at: datetime) -> QuerySet[Any]:
    decisions = HandDecision.objects.filter(
        provision=provision, centre=OuterRef("centre"), from_on__lte=day, decided_at__lte=known_at
    ).order_by("-from_on", "-decided_at", "-pk")
    decided = records.annotate(
        ruling=Subquery(decisions.values("ruling")[:1]), decided_from=Subquery(decisions.values("from_on")[:1])
    )
    whens = [When(ruling=ruling, then=Value(HandDecisionState(ruling).value)) for ruling in Ruling.values]
    stated = decided.annotate(state=Case(*whens, default=Value(HandDecisionState.UNDECIDED.value)))
    undecided_first = Case(When(ruling__isnull=True, then=Value(0)), default=Value(1))
    return stated.order_by(undecided_first, "centre__code")


def matching(scope: dict[str, Any], *, unknown: bool = False) -> Q:
    """The records of centres that match a scope, as the engine matches it.

    Where `unknown`, those too that might, were what is not known of them known.
    """
    found = _EVERYBODY
    if scope["kinds"] is not None:
        found &= Q(kind__in=scope["kinds"])
    if scope["regions"] is not None:
        within = _NOBODY
        for prefix in scope["regions"]:
            within |= Q(region_code__startswith=prefix)
        found &= within
    if scope["ownership"] is not None:
        found &= Q(ownership__in=[*scope["ownership"], *([Ownership.UNKNOWN] if unknown else [])])
    for name, condition in _nullable(scope):
        found &= condition | Q(**{f"{name}__isnull": True}) if unknown else condition
    return found


def _nullable(scope: dict[str, Any]) -> list[tuple[str, Q]]:
    """What a scope asks of facts that may not be known, each under its name."""
    found = []
    if scope["state_funded"] is True:
        found.append(("state_funded", Q(state_funded=True)))
    elif scope["state_funded"] is False:
        # Not known is read as "no".
        found.append(("state_funded", Q(state_funded=False) | Q(state_funded__isnull=True)))
    if scope["commissioned_from"] is not None:
        found.append(("commissioned_on", Q(commissioned_on__gte=scope["commissioned_from"])))
    if scope["commissioned_to"] is not None:
        found.append(("commissioned_on", Q(commissioned_on__lte=scope["commissioned_to"])))
    if scope["progress_under"] is not None:
        found.append(("progress", Q(progress__lt=scope["progress_under"])))
    return found


def missing_facts(record: CentreRecord, scope: dict[str, Any]) -> list[str]:
    """What a scope asks for and is not known of a centre, in words."""
    names = {name for name, _condition in _nullable(scope) if getattr(record, name) is None}
    if scope["ownership"] is not None and record.ownership == Ownership.UNKNOWN:
        names.add("ownership")
    return [str(label) for name, label in _FACTS.items() if name in names]


_FACTS = {
    "progress": _lazy("how far it is built is not known"),
    "state_funded": _lazy("whether it is state-funded is not known"),
    "ownership": _lazy("who owns it is not known"),
    "commissioned_on": _lazy("when it was commissioned is not known"),
}


def of_centre(user: User, centre: Centre) -> list[OfCentre]:
    """How `centre` stands today under each provision that leaves it, or might leave it, to be decided by hand."""
    today, now = timezone.localdate(), timezone.now()
    found = (_standing(provision, centre, user, today, now) for provision in provisions_on(today, now))
    return [one for one in found if one is not None]


def _standing(provision: Provision, centre: Centre, user: User, day: date, known_at: datetime) -> OfCentre | None:
    """How `centre` stands under `provision`; None where that does not leave it to be decided by hand."""
    there = listed(provision, user=user, day=day, known_at=known_at)
    record = there.by_hand.filter(centre=centre).first()
    if record is not None:
        return OfCentre(provision, HandDecisionState(record.state), record.decided_from, [])
    record = there.unknown.filter(centre=centre).first()
    if record is None:
        return None
    return OfCentre(provision, HandDecisionState.UNKNOWN, None, missing_facts(record, provision.case_by_case or {}))


def check_hand_decision(
    *, centre: Centre, provision: Provision, ruling: str, from_on: date, reason: str, by: User
) -> None:
    """Raise `WrongHandDecision` where `centre` cannot be decided by hand under `provision` from `from_on` on."""
    now = timezone.now()
    wrong = {}
    if ruling not in Ruling.values:
        wrong["ruling"] = _("Decide whether the rule applies.")
    if provision not in provisions_on(from_on, now):
        wrong["from_on"] = _("The provision is not the one in force on that day.")
    else:
        standing = _standing(provision, centre, by, from_on, now)
        if standing is None:
            wrong["from_on"] = _("As the centre is on that day, the rule itself says whether it applies.")
        elif standing.state == HandDecisionState.UNKNOWN:
            wrong["from_on"] = _("It cannot be told as the centre is on that day: %(missing)s. Record that first.") % {
                "missing": _("; ").join(standing.missing)
            }
    if not reason.strip():
        wrong["reason"] = _("Say why.")
    if wrong:
        raise WrongHandDecision(**wrong)


@transaction.atomic
def decide(
    *, centre: Centre, provision: Provision, ruling: str, from_on: date, reason: str, by: User
) -> tuple[HandDecision, DeterminationRun | None]:
    """Decide whether `provision` applies to `centre`, from `from_on` on and until the next decision.

    The centre is determined anew for the periods that this reaches: in the run that is given back, None where it
    reaches none. Raises `WrongHandDecision`.
    """
    if by.role != Role.REGULATOR or not Centre.objects.visible_to(by).filter(pk=centre.pk).exists():
        raise PermissionDenied
    check_hand_decision(centre=centre, provision=provision, ruling=ruling, from_on=from_on, reason=reason, by=by)
    decision = HandDecision.objects.create(
        centre=centre,
        provision=provision,
        ruling=ruling,
        from_on=from_on,
        reason=reason.strip(),
        decided_by=by,
        decided_at=timezone.now(),
    )
    return decision, redo_for_hand_decision(decision, by=by)
