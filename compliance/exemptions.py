"""Exemptions: asked for by operators or proposed by one regulator, granted by another, and revoked."""

from datetime import date, timedelta
from decimal import Decimal
from hmac import compare_digest

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from centres.models import Centre
from compliance.effects import of_revocation
from compliance.exemption_effects import effects_of, seal_of
from compliance.models import (
    DeterminationRun,
    Exemption,
    ExemptionRequest,
    ExemptionStatus,
    Mandate,
)
from compliance.reading import percent_text
from compliance.touched import redo_for_exemption

LONGEST_REASON = 2000
# An end is required, and one that nobody lives to see is none.
LONGEST_YEARS = 10


class WrongExemption(ValueError):
    """Terms that cannot hold, with what is `wrong` by the name of its field."""

    def __init__(self, **wrong: str) -> None:
        super().__init__(" ".join(wrong.values()))
        self.wrong = wrong


class AlreadyAsked(Exception):
    """An exemption of the same centre from the same mandate was asked for, and nobody has answered yet."""


class NoLongerWaiting(Exception):
    """Somebody was quicker: the `request` was answered or withdrawn."""

    def __init__(self, request: ExemptionRequest) -> None:
        super().__init__(f"Exemption request {request.pk} waits no longer.")
        self.request = request


class NoLongerProposed(Exception):
    """Somebody was quicker: the `exemption` was granted, sent back or withdrawn."""

    def __init__(self, exemption: Exemption) -> None:
        super().__init__(f"Exemption {exemption.pk} is {exemption.status}.")
        self.exemption = exemption


class OwnProposal(Exception):
    """Whoever proposed an exemption neither grants it nor sends it back."""


class NotItsProposer(Exception):
    """Only whoever proposed an exemption withdraws it."""


class NeverGranted(Exception):
    """An exemption that nobody granted is not revoked."""


class AlreadyRevoked(Exception):
    """Somebody was quicker: the `exemption` is revoked."""

    def __init__(self, exemption: Exemption) -> None:
        super().__init__(f"Exemption {exemption.pk} is revoked from {exemption.revoked_from_on} on.")
        self.exemption = exemption


class ChangedMeanwhile(Exception):
    """It would change something else by now than what was looked at."""


def check_terms(*, mandate: Mandate, from_on: date, to_on: date, threshold: Decimal | None, reason: str) -> None:
    """Raise `WrongExemption` where an exemption from `mandate` could not be such.

    `threshold` is a share above 0 and below what the mandate asks for in that time; None releases from the mandate.
    """
    wrong = {}
    if to_on < from_on:
        wrong["to_on"] = _("An exemption does not end before it begins.")
    elif _lasts_too_long(from_on, to_on):
        wrong["to_on"] = _("An exemption lasts at most %(years)s years.") % {"years": LONGEST_YEARS}
    else:
        wrong |= _wrong_threshold(threshold, greatest_threshold(mandate, from_on, to_on))
    if not reason.strip():
        wrong["reason"] = _("Say why.")
    if wrong:
        raise WrongExemption(**wrong)


def _wrong_threshold(threshold: Decimal | None, greatest: Decimal | None) -> dict[str, str]:
    if greatest is None:
        return {"mandate": _("The mandate asks for nothing in that time: there is nothing to be exempt from.")}
    if threshold is None:
        return {}
    if threshold <= 0:
        return {"threshold": _("A threshold of nought asks for nothing: that is a full exemption.")}
    if threshold >= greatest:
        asked = percent_text(str(greatest))
        return {
            "threshold": _("The rule asks for %(asked)s%% at most in that time: this threshold releases from nothing.")
            % {"asked": asked}
        }
    return {}


def greatest_threshold(mandate: Mandate, from_on: date, to_on: date) -> Decimal | None:
    """The greatest share (0 to 1) that `mandate` asks for on any day from `from_on` to `to_on`; None: it never asks."""
    issued = list(mandate.provisions.issued().order_by("from_on"))
    found: list[Decimal] = []
    for place, provision in enumerate(issued):
        following = issued[place + 1] if place + 1 < len(issued) else None
        begins = max(from_on, provision.from_on)
        ends = min(to_on, following.from_on - timedelta(days=1)) if following else to_on
        if begins <= ends:
            found += _thresholds(provision.rule["steps"], begins.isoformat(), ends.isoformat())
    return max(found, default=None)


def _thresholds(steps: list[dict[str, str]], begins: str, ends: str) -> list[Decimal]:
    """What `steps` ask for from `begins` to `ends`: the step in force on the first day, and those that begin later."""
    ordered = sorted(steps, key=lambda step: step["from"])
    held = [step for step in ordered if step["from"] <= begins][-1:]
    return [Decimal(step["threshold"]) for step in [*held, *(s for s in ordered if begins < s["from"] <= ends)]]


def _lasts_too_long(from_on: date, to_on: date) -> bool:
    return (to_on.year - LONGEST_YEARS, to_on.month, to_on.day) >= (from_on.year, from_on.month, from_on.day)


@transaction.atomic
def ask(
    *,
    centre: Centre,
    mandate: Mandate,
    from_on: date,
    to_on: date,
    threshold: Decimal | None,
    reason: str,
    asked_by: User,
) -> ExemptionRequest:
    """Ask for `centre` to be exempt from `mandate`. Raises `WrongExemption` and `AlreadyAsked`."""
    check_terms(mandate=mandate, from_on=from_on, to_on=to_on, threshold=threshold, reason=reason)
    _require(asked_by, Role.OPERATOR, centre)
    try:
        with transaction.atomic():
            return ExemptionRequest.objects.create(
                centre=centre,
                mandate=mandate,
                from_on=from_on,
                to_on=to_on,
                threshold=threshold,
                reason=reason.strip(),
                asked_by=asked_by,
                asked_at=timezone.now(),
            )
    except IntegrityError as error:
        if ExemptionRequest.objects.waiting().filter(centre=centre, mandate=mandate).exists():
            raise AlreadyAsked from error
        raise


@transaction.atomic
def withdraw(*, request: ExemptionRequest, by: User) -> ExemptionRequest:
    """Take back what nobody has answered yet. Raises `NoLongerWaiting`."""
    request = _still_waiting(request)
    _require(by, Role.OPERATOR, request.centre)
    request.withdrawn_at = timezone.now()
    request.save(update_fields=["withdrawn_at"])
    return request


@transaction.atomic
def refuse(*, request: ExemptionRequest, answer: str, by: User) -> ExemptionRequest:
    """Grant nothing of what was asked for, saying why. Raises `WrongExemption` and `NoLongerWaiting`."""
    request = _still_waiting(request)
    _require(by, Role.REGULATOR, request.centre)
    if not answer.strip():
        raise WrongExemption(answer=_("Say why."))
    _answer(request, answer, by, exemption=None)
    return request


@transaction.atomic
def propose(
    *,
    centre: Centre,
    mandate: Mandate,
    from_on: date,
    to_on: date,
    threshold: Decimal | None,
    reason: str,
    by: User,
) -> Exemption:
    """Propose to exempt `centre` from `mandate`, on the days from `from_on` to `to_on` (both included).

    It releases from nothing until another regulator grants it. Raises `WrongExemption`.
    """
    check_terms(mandate=mandate, from_on=from_on, to_on=to_on, threshold=threshold, reason=reason)
    _require(by, Role.REGULATOR, centre)
    return Exemption.objects.create(
        centre=centre,
        mandate=mandate,
        from_on=from_on,
        to_on=to_on,
        threshold=threshold,
        reason=reason.strip(),
        proposed_by=by,
        proposed_at=timezone.now(),
    )


@transaction.atomic
def approve(*, exemption: Exemption, by: User, seen: str | None = None) -> tuple[Exemption, DeterminationRun | None]:
    """Grant what another regulator proposed; where the operator asked for some of it, that is answered with it.

    The centre is determined anew for the periods that are covered: in the run that is given back, None where none are.
    `seen` is the seal of the effects that were looked at. Raises `OwnProposal`, `NoLongerProposed` and, where it would
    change something else by now, `ChangedMeanwhile`.
    """
    exemption = _still_proposed(exemption, by)
    if exemption.proposed_by_id == by.pk:
        raise OwnProposal
    if seen is not None:
        _require_unchanged(seen, seal_of(exemption, effects_of(exemption)))
    exemption.granted_by, exemption.granted_at = by, timezone.now()
    exemption.save(update_fields=["granted_by", "granted_at"])
    if asked := answered_by(exemption):
        _answer(_still_waiting(asked), exemption.reason, by, exemption)
    return exemption, _taken_up(exemption, by)


def answered_by(exemption: Exemption) -> ExemptionRequest | None:
    """The request that waits and that granting `exemption` answers: of the same centre and mandate, of days of its."""
    return (
        ExemptionRequest.objects.waiting()
        .filter(centre=exemption.centre_id, mandate=exemption.mandate_id)
        .filter(from_on__lte=exemption.to_on, to_on__gte=exemption.from_on)
        .first()
    )


@transaction.atomic
def send_back(*, exemption: Exemption, comment: str, by: User) -> Exemption:
    """Turn down what another proposed, saying why. Raises `WrongExemption`, `OwnProposal` and `NoLongerProposed`."""
    exemption = _still_proposed(exemption, by)
    if exemption.proposed_by_id == by.pk:
        raise OwnProposal
    if not comment.strip():
        raise WrongExemption(comment=_("Say why."))
    return _close(exemption, by, comment.strip())


@transaction.atomic
def withdraw_proposal(*, exemption: Exemption, by: User) -> Exemption:
    """Take back what one proposed oneself. Raises `NotItsProposer` and `NoLongerProposed`."""
    exemption = _still_proposed(exemption, by)
    if exemption.proposed_by_id != by.pk:
        raise NotItsProposer
    return _close(exemption, by, "")


@transaction.atomic
def grant_request(
    *,
    request: ExemptionRequest,
    from_on: date,
    to_on: date,
    threshold: Decimal | None,
    reason: str,
    by: User,
) -> tuple[Exemption, DeterminationRun | None]:
    """Grant what `request` asks for, or less of it; the reason is its answer.

    Whoever asked has proposed it. What is more than was asked for would be the idea of one alone: it is proposed.
    Returns what `approve` does; raises `WrongExemption` and `NoLongerWaiting`.
    """
    request = _still_waiting(request)
    check_terms(mandate=request.mandate, from_on=from_on, to_on=to_on, threshold=threshold, reason=reason)
    check_within(request, from_on=from_on, to_on=to_on, threshold=threshold)
    _require(by, Role.REGULATOR, request.centre)
    if request.asked_by_id == by.pk:
        raise PermissionDenied
    exemption = Exemption.objects.create(
        centre=request.centre,
        mandate=request.mandate,
        from_on=from_on,
        to_on=to_on,
        threshold=threshold,
        reason=reason.strip(),
        proposed_by=request.asked_by,
        proposed_at=request.asked_at,
        granted_by=by,
        granted_at=timezone.now(),
    )
    _answer(request, reason, by, exemption)
    return exemption, _taken_up(exemption, by)


def check_within(request: ExemptionRequest, *, from_on: date, to_on: date, threshold: Decimal | None) -> None:
    """Raise `WrongExemption` where that is more than `request` asks for: other days, or a lower threshold."""
    too_much = {
        "from_on": from_on < request.from_on,
        "to_on": to_on > request.to_on,
        # To be released is to be asked for nothing.
        "threshold": (threshold or 0) < (request.threshold or 0),
    }
    said = _("That is more than was asked for: propose it, and another regulator grants it.")
    if wrong := {name: said for name, is_too_much in too_much.items() if is_too_much}:
        raise WrongExemption(**wrong)


def check_revoked_from(exemption: Exemption, from_on: date) -> None:
    """Raise `WrongExemption` where `from_on` is no day that `exemption` covers."""
    if not exemption.from_on <= from_on <= exemption.to_on:
        days = {"first": exemption.from_on.isoformat(), "last": exemption.to_on.isoformat()}
        raise WrongExemption(
            from_on=_("It covers the days from %(first)s to %(last)s: it is revoked from one of them on.") % days
        )


def check_revocation(exemption: Exemption, *, from_on: date, reason: str) -> None:
    """Raise `WrongExemption` where `exemption` could not be revoked from `from_on` on."""
    wrong: dict[str, str] = {}
    try:
        check_revoked_from(exemption, from_on)
    except WrongExemption as error:
        wrong |= error.wrong
    if not reason.strip():
        wrong["reason"] = _("Say why.")
    if wrong:
        raise WrongExemption(**wrong)


@transaction.atomic
def revoke(
    *, exemption: Exemption, from_on: date, reason: str, by: User, seen: str | None = None
) -> tuple[Exemption, DeterminationRun | None]:
    """Let `exemption` cover no day from `from_on` on; what it covered before that day was covered.

    The centre is determined anew for the periods that are covered no more: in the run that is given back, None where
    none are. `seen` is the seal of the effects that were looked at. Raises `WrongExemption`, `NeverGranted`,
    `AlreadyRevoked` and, where it would change something else by now, `ChangedMeanwhile`.
    """
    exemption = _locked(exemption, by)
    if exemption.granted_at is None:
        raise NeverGranted
    if exemption.revoked_at is not None:
        raise AlreadyRevoked(exemption)
    check_revocation(exemption, from_on=from_on, reason=reason)
    if seen is not None:
        _require_unchanged(seen, seal_of(exemption, of_revocation(exemption, from_on=from_on), from_on))
    exemption.revoked_from_on, exemption.revocation_reason = from_on, reason.strip()
    exemption.revoked_by, exemption.revoked_at = by, timezone.now()
    exemption.save(update_fields=["revoked_from_on", "revocation_reason", "revoked_by", "revoked_at"])
    return exemption, _taken_up(exemption, by)


def _require_unchanged(seen: str, now: str) -> None:
    if not compare_digest(seen.encode(), now.encode()):
        raise ChangedMeanwhile


def _taken_up(exemption: Exemption, by: User) -> DeterminationRun | None:
    """What follows once `exemption` was granted or revoked: who is told, and the run of what is determined anew."""
    from compliance.exemption_notices import write_late_notices

    write_late_notices(exemption, timezone.now())
    return redo_for_exemption(exemption, by=by)


def _require(user: User, role: Role, centre: Centre) -> None:
    """Let nobody decide of a centre that does not lie within what is theirs, by whatever way it came here."""
    if user.role != role or not Centre.objects.visible_to(user).filter(pk=centre.pk).exists():
        raise PermissionDenied


def _locked(exemption: Exemption, by: User) -> Exemption:
    """The exemption as it stands, held until the transaction ends, for a regulator of its centre."""
    locked = Exemption.objects.select_for_update(of=("self",)).select_related("centre", "mandate")
    exemption = locked.get(pk=exemption.pk)
    _require(by, Role.REGULATOR, exemption.centre)
    return exemption


def _still_proposed(exemption: Exemption, by: User) -> Exemption:
    exemption = _locked(exemption, by)
    if exemption.status != ExemptionStatus.PROPOSED:
        raise NoLongerProposed(exemption)
    return exemption


def _close(exemption: Exemption, by: User, comment: str) -> Exemption:
    exemption.closed_by, exemption.closed_at, exemption.comment = by, timezone.now(), comment
    exemption.save(update_fields=["closed_by", "closed_at", "comment"])
    return exemption


def _still_waiting(request: ExemptionRequest) -> ExemptionRequest:
    locked = ExemptionRequest.objects.select_for_update(of=("self",)).select_related("centre", "mandate")
    request = locked.get(pk=request.pk)
    if request.answered_at is not None or request.withdrawn_at is not None:
        raise NoLongerWaiting(request)
    return request


def _answer(request: ExemptionRequest, answer: str, by: User, exemption: Exemption | None) -> None:
    request.answer, request.exemption = answer.strip(), exemption
    request.answered_by, request.answered_at = by, timezone.now()
    request.save(update_fields=["answer", "exemption", "answered_by", "answered_at"])
