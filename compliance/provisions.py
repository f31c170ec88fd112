"""The way of a provision: written, proposed, approved by another, issued; sent back, taken back or discarded.

What is written is one document, the same from the page and from the API: ``from_on`` (ISO date), ``rule`` (the
provision of the engine's contract), ``case_by_case`` (a scope of that contract, or null), ``legal_text``,
``legal_text_zh``, ``citation`` and ``link``. Its faults are the engine's, with one sentence wherever they show.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Role, User
from centres.models import ReportingPeriod
from compliance import touched
from compliance.models import DeterminationRun, Mandate, Provision, ProvisionStage
from compliance.provision_faults import WrongProvision, faults_of, same_day_fault

LONGEST_COMMENT = 4000


class StepRefused(Exception):
    """A step that a provision does not take now, or not by this person."""

    def __init__(self, provision: Provision, step: str) -> None:
        super().__init__(f"{step} of provision {provision.pk}, which is {provision.stage}")
        self.provision, self.step = provision, step


class WrongStage(StepRefused):
    """It is not where the step begins; somebody may have been quicker."""


class OwnProvision(StepRefused):
    """Whoever wrote a provision neither approves it nor sends it back."""


class NotItsAuthor(StepRefused):
    """Only whoever wrote it changes, proposes, takes back, discards or restores it."""


class ChangedSince(StepRefused):
    """It is not what was read by whoever approves or issues it."""


class SameDay(StepRefused):
    """A provision of the same mandate was issued from the same day."""


class _Step(NamedTuple):
    stages: frozenset[ProvisionStage]
    # Who may take it: whether the author does (None: whether or not).
    by_author: bool | None


_DRAFT, _PROPOSED, _APPROVED = ProvisionStage.DRAFT, ProvisionStage.PROPOSED, ProvisionStage.APPROVED
_STEPS = {
    "rewrite": _Step(frozenset({_DRAFT}), by_author=True),
    "propose": _Step(frozenset({_DRAFT}), by_author=True),
    "take_back": _Step(frozenset({_PROPOSED, _APPROVED}), by_author=True),
    "approve": _Step(frozenset({_PROPOSED}), by_author=False),
    "send_back": _Step(frozenset({_PROPOSED, _APPROVED}), by_author=False),
    "withdraw_approval": _Step(frozenset({_APPROVED}), by_author=False),
    "issue": _Step(frozenset({_APPROVED}), by_author=None),
    "discard": _Step(frozenset({_DRAFT, _PROPOSED}), by_author=True),
    "restore": _Step(frozenset({ProvisionStage.DISCARDED}), by_author=True),
}


def may_write(user: User) -> bool:
    """Whether `user` writes, approves and issues provisions: a regulator of the whole country."""
    return user.role == Role.REGULATOR and user.sees_whole_country


def require_writer(user: User) -> None:
    """Raise `PermissionDenied` for whoever does not write provisions."""
    if not may_write(user):
        raise PermissionDenied


def steps_open(provision: Provision, user: User) -> set[str]:
    """The names of the steps that `user` can take with `provision` as it stands."""
    return {step for step in _STEPS if may_write(user) and _refusal(provision, step, user) is None}


@transaction.atomic
def write(*, mandate: Mandate, by: User, document: Mapping[str, Any]) -> Provision:
    """A new draft of `mandate`, written by `by`; raises `WrongProvision` with what is wrong in `document`."""
    require_writer(by)
    return Provision.objects.create(
        mandate=mandate, written_by=by, recorded_at=timezone.now(), **_columns(mandate, document)
    )


@transaction.atomic
def rewrite(*, provision: Provision, by: User, document: Mapping[str, Any]) -> Provision:
    """Write a draft anew, by whoever wrote it; raises `WrongProvision`, `WrongStage` or `NotItsAuthor`."""
    draft = _take(provision, "rewrite", by)
    return _saved(draft, recorded_at=timezone.now(), **_columns(draft.mandate, document))


@transaction.atomic
def propose(*, provision: Provision, by: User) -> Provision:
    """Hand a draft to the others for approval; what was asked to be changed in it counts as answered."""
    draft = _take(provision, "propose", by)
    _require_day(draft, "propose")
    return _saved(draft, proposed_at=timezone.now(), comment="")


@transaction.atomic
def take_back(*, provision: Provision, by: User) -> Provision:
    """Make it a draft again, by whoever wrote it; an approval is gone with it."""
    return _saved(_take(provision, "take_back", by), proposed_at=None, approved_by=None, approved_at=None)


@transaction.atomic
def approve(*, provision: Provision, by: User, seal: str) -> Provision:
    """Approve what another wrote, as it was read: `seal` is its `seal_of` then.

    Raises `OwnProvision`, `WrongStage`, `SameDay`, or `ChangedSince` where it was written anew in between.
    """
    proposed = _take(provision, "approve", by)
    if seal_of(proposed) != seal:
        raise ChangedSince(proposed, "approve")
    _require_day(proposed, "approve")
    return _saved(proposed, approved_by=by, approved_at=timezone.now())


@transaction.atomic
def send_back(*, provision: Provision, by: User, comment: str) -> Provision:
    """Make what another wrote a draft again, with what is to be changed in it; an approval is gone with it."""
    if not comment.strip() or len(comment) > LONGEST_COMMENT:
        raise ValueError(f"A comment has 1 to {LONGEST_COMMENT} characters.")
    sent = _take(provision, "send_back", by)
    return _saved(sent, proposed_at=None, approved_by=None, approved_at=None, comment=comment.strip())


@transaction.atomic
def withdraw_approval(*, provision: Provision, by: User) -> Provision:
    """Have it wait for approval again, as long as it is not issued."""
    return _saved(_take(provision, "withdraw_approval", by), approved_by=None, approved_at=None)


@transaction.atomic
def discard(*, provision: Provision, by: User) -> Provision:
    """Put away what was written; it stays readable for those who write provisions, and can be restored."""
    return _saved(_take(provision, "discard", by), discarded_at=timezone.now(), proposed_at=None)


@transaction.atomic
def restore(*, provision: Provision, by: User) -> Provision:
    """Make a draft again of what was discarded."""
    return _saved(_take(provision, "restore", by), discarded_at=None)


@transaction.atomic
def issue(*, provision: Provision, by: User, seal: str | None = None) -> DeterminationRun | None:
    """Bring an approved provision into force from its day, for good, and have determined anew whom it touches.

    `seal` is its `seal_of` when it was read; None: as it stands. Returns the run, None where nothing was determined or
    filed yet. Raises `WrongStage`, `SameDay`, or `ChangedSince` where it was written and approved anew in between.
    """
    approved = _take(provision, "issue", by)
    if seal is not None and seal_of(approved) != seal:
        raise ChangedSince(approved, "issue")
    _require_day(approved, "issue")
    try:
        with transaction.atomic():
            issued = _saved(approved, issued_by=by, issued_at=timezone.now())
    except IntegrityError as error:
        # Another of the same day was issued between the look and the write.
        raise SameDay(approved, "issue") from error
    return touched.redo_for_provision(issued, by=by)


def latest_issued(mandate: Mandate) -> Provision | None:
    """The provision of `mandate` that holds from the latest day; None where none is issued."""
    return mandate.provisions.issued().order_by("-from_on").first()


def superseded_on(provision: Provision) -> date | None:
    """The day from which another provision takes the place of an issued one; None where none does yet."""
    later = provision.mandate.provisions.issued().filter(from_on__gt=provision.from_on)
    return later.order_by("from_on").values_list("from_on", flat=True).first()


def reopened(provision: Provision, today: date) -> list[ReportingPeriod]:
    """The periods that are over and that issuing `provision` would have determined anew."""
    return [period for period in touched.periods_of_provision(provision) if period.ends_on < today]


def document_of(provision: Provision) -> dict[str, Any]:
    """The document that `provision` was written from."""
    return {
        "from_on": provision.from_on.isoformat(),
        "rule": provision.rule,
        "case_by_case": provision.case_by_case,
        "legal_text": provision.legal_text,
        "legal_text_zh": provision.legal_text_zh,
        "citation": provision.citation,
        "link": provision.link,
    }


def unsaved(document: Mapping[str, Any]) -> Provision:
    """The provision that a sound `document` comes to, to be read and nothing else."""
    return Provision(**_written(document))


def _written(document: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that a sound `document` fills, and no other that it might name."""
    texts = {
        name: document[name] for name in ("rule", "case_by_case", "legal_text", "legal_text_zh", "citation", "link")
    }
    return texts | {"from_on": date.fromisoformat(document["from_on"])}


def seal_of(provision: Provision) -> str:
    """SHA-256, in hex, of what `provision` says: another where anything of it is."""
    canonical = json.dumps(document_of(provision), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _columns(mandate: Mandate, document: Mapping[str, Any]) -> dict[str, Any]:
    faults = faults_of(document)
    if not faults and (taken := same_day_fault(mandate, document)):
        faults = [taken]
    if faults:
        raise WrongProvision(faults)
    return _written(document)


def _take(provision: Provision, step: str, by: User) -> Provision:
    """The provision as it stands, held until the transaction ends; raises why `by` cannot take `step`."""
    require_writer(by)
    standing = Provision.objects.select_for_update(of=("self",)).select_related("mandate").get(pk=provision.pk)
    if refusal := _refusal(standing, step, by):
        raise refusal(standing, step)
    return standing


def _refusal(provision: Provision, step: str, by: User) -> Callable[[Provision, str], StepRefused] | None:
    known = _STEPS[step]
    if provision.stage not in known.stages:
        return WrongStage
    is_author = provision.written_by_id == by.pk
    if known.by_author is None or known.by_author == is_author:
        return None
    return OwnProvision if is_author else NotItsAuthor


def _require_day(provision: Provision, step: str) -> None:
    """Raise `SameDay` where a provision of the same mandate is issued from the same day."""
    if provision.mandate.provisions.issued().filter(from_on=provision.from_on).exists():
        raise SameDay(provision, step)


def _saved(provision: Provision, **changes: Any) -> Provision:
    for name, value in changes.items():
        setattr(provision, name, value)
    provision.save(update_fields=list(changes))
    return provision
