"""What the catalogue says of each chip model on a day, as second looks and movements read it."""

from collections import defaultdict
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple

from django.utils import timezone

from chips.catalogue import differ
from chips.models import ChipModel, ChipRevision, Claim, Figure
from compliance.models import InventoryRollup

DOMESTIC, FOREIGN, UNKNOWN = "domestic", "foreign", "unknown"
_READ = (Figure.FP16_TFLOPS, Figure.TDP_W, Figure.EXPORT_CONTROLLED_ON)


class ChipFacts(NamedTuple):
    """A model with what counts of it: its origin by its designer, and the adopted figures that looks read."""

    chip: ChipModel
    chip_class: str
    origin: str
    # TFLOPS dense FP16 and watts of a unit; None: no figure is adopted.
    compute: Fraction | None
    power: Fraction | None
    # Whether sources differ on its computing power.
    is_contested: bool
    # Since when a licence is required to sell it to China, and who says so; None: no control is recorded.
    control: Claim | None

    @property
    def controlled_on(self) -> date | None:
        return date.fromisoformat(self.control.value) if self.control else None


class Catalogue:
    """What the catalogue says of every model on any day, as known at `known_at` (None: now), read by three queries."""

    def __init__(self, known_at: datetime | None = None) -> None:
        revisions = ChipRevision.objects.filter(recorded_at__lte=known_at or timezone.now())
        self.revisions = list(revisions.order_by("from_on", "recorded_at", "pk"))
        self.claims: dict[int, list[Claim]] = defaultdict(list)
        for claim in Claim.objects.filter(figure__in=_READ):
            self.claims[claim.chip_model_id].append(claim)
        self.models = list(ChipModel.objects.select_related("vendor"))

    def on(self, day: date) -> dict[int, ChipFacts]:
        """The facts of every model by its key, as of `day`."""
        # Of several of one model the last that begins by then.
        holding = {revision.chip_model_id: revision for revision in self.revisions if revision.from_on <= day}
        return {chip.pk: _facts(chip, holding.get(chip.pk), self.claims[chip.pk]) for chip in self.models}


def chip_facts(day: date, *, known_at: datetime | None = None) -> dict[int, ChipFacts]:
    """The facts of every model by its key, as of `day` and as known at `known_at` (None: now)."""
    return Catalogue(known_at).on(day)


def _facts(chip: ChipModel, revision: ChipRevision | None, claims: list[Claim]) -> ChipFacts:
    adopted = set(revision.claims) if revision else set()
    counting = {claim.figure: claim for claim in claims if claim.pk in adopted}
    compute, power = counting.get(Figure.FP16_TFLOPS), counting.get(Figure.TDP_W)
    country = revision.designer_country if revision else None
    return ChipFacts(
        chip=chip,
        chip_class=revision.chip_class if revision else chip.chip_class,
        origin=UNKNOWN if country is None else DOMESTIC if country == InventoryRollup.HOME else FOREIGN,
        compute=_above_nothing(compute),
        power=_above_nothing(power),
        is_contested=differ(claim.value for claim in claims if claim.figure == Figure.FP16_TFLOPS),
        control=counting.get(Figure.EXPORT_CONTROLLED_ON),
    )


def _above_nothing(claim: Claim | None) -> Fraction | None:
    """The claimed value; a figure of nothing is none, as for the engine."""
    return Fraction(claim.value) or None if claim else None
