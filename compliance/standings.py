"""How mandates stand: what holds today, what is issued for a day to come, and what is under way."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts.models import User
from compliance.models import Mandate, Provision, ProvisionStage
from compliance.reading import Step, regions_by_code, rule_in_words
from compliance.step_line import spans_of


class Standing(NamedTuple):
    """How a mandate stands on a day."""

    mandate: Mandate
    in_force: Provision | None
    # What the provision in force says, in the reader's words; "" where none is.
    sentence: str
    # What is asked for today (None: nothing), and from which day what else (None as step: nothing any more).
    step: Step | None
    next_on: date | None
    next_step: Step | None
    # How many are written, proposed or approved, of those that the reader may know of.
    under_way: int


class OfMandate(NamedTuple):
    """The provisions of a mandate by what became of them; each list in the order of its days."""

    in_force: Provision | None
    coming: list[Provision]
    superseded: list[Provision]
    under_way: list[Provision]
    discarded: list[Provision]


class Row(NamedTuple):
    """A provision as a list shows it: what it says; where it is issued, how it stands, and its colour's name."""

    provision: Provision
    sentence: str
    standing: str = ""
    colour: str = ""


def standings(mandates: Iterable[Mandate], user: User, today: date) -> list[Standing]:
    """How each of `mandates` stands for `user`, in two queries."""
    listed = list(mandates)
    of_mandate = defaultdict(list)
    for provision in Provision.objects.visible_to(user).filter(mandate__in=listed):
        of_mandate[provision.mandate_id].append(provision)
    regions = regions_by_code()
    found = []
    for mandate in listed:
        sorted_out = sort_out(of_mandate[mandate.pk], today)
        holds = sorted_out.in_force
        sentence = rule_in_words(holds.rule, today, regions=regions) if holds else ""
        step, next_on, next_step = _asked(issued_of(sorted_out), today)
        found.append(Standing(mandate, holds, sentence, step, next_on, next_step, len(sorted_out.under_way)))
    return found


def sort_out(provisions: Iterable[Provision], today: date) -> OfMandate:
    """Provisions of one mandate, told apart by what became of them."""
    in_turn = sorted(provisions, key=lambda provision: (provision.from_on, provision.pk))
    issued = [provision for provision in in_turn if provision.issued_at]
    begun = [provision for provision in issued if provision.from_on <= today]
    others = [provision for provision in in_turn if not provision.issued_at]
    return OfMandate(
        in_force=begun[-1] if begun else None,
        coming=issued[len(begun) :],
        superseded=begun[:-1],
        under_way=[provision for provision in others if provision.stage != ProvisionStage.DISCARDED],
        discarded=[provision for provision in others if provision.stage == ProvisionStage.DISCARDED],
    )


def rows_of(sorted_out: OfMandate) -> dict[str, list[Row]]:
    """The provisions of a mandate as lists show them: ``issued``, what holds last first; ``under_way``; ``discarded``.

    One query.
    """
    regions = regions_by_code()

    def row(provision: Provision, *standing: str) -> Row:
        return Row(provision, rule_in_words(provision.rule, provision.from_on, regions=regions), *standing)

    holds = [sorted_out.in_force] if sorted_out.in_force else []
    return {
        "issued": [
            *(row(provision, _("to come"), "proposed") for provision in reversed(sorted_out.coming)),
            *(row(provision, _("in force"), "issued") for provision in holds),
            *(row(provision, _("superseded"), "discarded") for provision in reversed(sorted_out.superseded)),
        ],
        "under_way": [row(provision) for provision in sorted_out.under_way],
        "discarded": [row(provision) for provision in sorted_out.discarded],
    }


def issued_of(sorted_out: OfMandate) -> list[Provision]:
    """What was issued, in the order of its days."""
    return [*sorted_out.superseded, *([sorted_out.in_force] if sorted_out.in_force else []), *sorted_out.coming]


def _asked(issued: Sequence[Provision], today: date) -> tuple[Step | None, date | None, Step | None]:
    """What is asked for on `today`, and the day from which something else is."""
    spans = spans_of(issued)
    begun = sum(span.from_on <= today for span in spans)
    later = spans[begun] if begun < len(spans) else None
    step = spans[begun - 1].step if begun else None
    return step, later and later.from_on, later and later.step
