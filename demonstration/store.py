"""Writing a synthetic country into the register: files first, then rows, in batches of centres."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from random import Random
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from centres.models import Centre, CentreRecord, Operator, Provenance, ReportingPeriod
from chips.catalogue import for_intake
from chips.models import ChipModel, ChipRevision, InventoryLine, Submission
from chips.submissions import Incoming, store_all
from compliance.determine import determine
from demonstration import country as story
from demonstration.inventory import END
from demonstration.market import Chip, Key, Market
from demonstration.spellings import DIALECTS, Spellings, render

# Centres that are made, written and forgotten together: memory stays level for a country of any size.
_BATCH = 500
CAUSE = "demonstration"


class CannotLoad(Exception):
    """Why nothing was loaded: what stands in the way, and what to do."""


class Stored(NamedTuple):
    """What was written: rows of each kind, and the quarters that were told."""

    operators: int
    centres: int
    submissions: int
    periods: list[ReportingPeriod]


def require_room() -> None:
    """Raise `CannotLoad` where something stands in the register that a synthetic country must not be mixed with."""
    if not ChipModel.objects.exists() or not ReportingPeriod.objects.exists():
        raise CannotLoad("The reference data is not there; run manage.py load_reference first.")
    synthetic = Centre.objects.filter(provenance=Provenance.SYNTHETIC).count()
    if synthetic:
        raise CannotLoad(
            f"A synthetic country of {synthetic} centres stands in this database already, and what stands is never "
            "taken away; name an empty database in DATABASE_URL."
        )
    filed = Centre.objects.filter(provenance=Provenance.FILED).count()
    if filed:
        raise CannotLoad(
            f"This register holds {filed} centres that file; invented ones do not belong beside them. "
            "Set DEMONSTRATION=false."
        )


@transaction.atomic
def store_country(*, seed: int, centres: int, quarters: int) -> Stored:
    """Write the synthetic country that `seed` gives; raises `CannotLoad`, `TooManyQuarters` or `UnknownModel`."""
    require_room()
    periods = _periods(quarters)
    market = market_of_catalogue(END)
    spellings = Spellings(for_intake())
    made = story.country(seed=seed, centres=centres, quarters=quarters, market=market)
    operators: dict[story.Operator, Operator] = {}
    submissions = 0
    while batch := list(islice(made, _BATCH)):
        _store_operators(batch, operators)
        stored = _store_centres(batch, operators, seed)
        incoming = list(_incoming(batch, stored, periods, spellings, seed))
        store_all(incoming)
        submissions += len(incoming)
    return Stored(len(operators), centres, submissions, list(periods.values()))


def determine_periods(periods: list[ReportingPeriod]) -> None:
    """Determine every centre for `periods`."""
    with connection.cursor() as cursor:
        # The planner knows nothing yet of what was written in this transaction.
        for model in (Centre, CentreRecord, Submission, InventoryLine):
            cursor.execute(f"ANALYZE {model._meta.db_table}")
    for period in periods:
        determine(period=period, cause=CAUSE)


def market_of_catalogue(day: date) -> Market:
    """The market, with the figures that are adopted on `day`."""
    known = {revision.chip_model_id: revision for revision in ChipRevision.objects.as_of(day, timezone.now())}
    chips: dict[Key, Chip] = {}
    for model in ChipModel.objects.select_related("vendor"):
        revision = known.get(model.pk)
        chip = Chip(
            model.vendor.name,
            model.name,
            model.chip_class,
            _first_day(model.launched_on),
            Decimal(revision.compute) if revision and revision.compute else None,
            revision is not None and revision.designer_country == "CN",
        )
        chips[chip.key] = chip
    return Market(chips)


def _first_day(published: str) -> date | None:
    """The first day of a year, month or day as published; None where nothing was."""
    if not published:
        return None
    year, month, day = (*published.split("-"), "1", "1")[:3]
    return date(int(year), int(month), int(day))


def _periods(quarters: int) -> dict[str, ReportingPeriod]:
    codes = [period.code for period in story.quarters_until_the_end(quarters)]
    periods = ReportingPeriod.objects.in_bulk(codes)
    missing = [code for code in codes if code not in periods]
    if missing:
        raise CannotLoad(f"The register does not know {missing[0]}; run manage.py load_reference first.")
    return {code: periods[code] for code in codes}


def _store_operators(batch: list[story.Centre], known: dict[story.Operator, Operator]) -> None:
    """Write the operators of `batch` that are not in `known` yet, and add them to it."""
    for operator in dict.fromkeys(centre.operator for centre in batch):
        if operator not in known:
            known[operator] = Operator(
                name_en=operator.name_en,
                name_zh=operator.name_zh,
                uscc=operator.uscc,
                ownership=operator.ownership,
                provenance=Provenance.SYNTHETIC,
            )
    Operator.objects.bulk_create([operator for operator in known.values() if operator.pk is None])


def _store_centres(
    batch: list[story.Centre], operators: dict[story.Operator, Operator], seed: int
) -> dict[story.Centre, Centre]:
    """Write the centres of `batch` with what rules read of them."""
    stored = {
        centre: Centre(
            code=centre.code,
            name_en=centre.name_en,
            name_zh=centre.name_zh,
            operator=operators[centre.operator],
            region_id=centre.city.region_code[:2],
            region_code=centre.city.region_code,
            provenance=Provenance.SYNTHETIC,
            source=f"synthetic country, seed {seed}",
        )
        for centre in batch
    }
    Centre.objects.bulk_create(stored.values())
    CentreRecord.objects.bulk_create(
        CentreRecord(
            centre=stored[centre],
            region_code=stored[centre].region_code,
            kind=centre.kind,
            state_funded=centre.state_funded,
            **record._asdict(),
        )
        for centre in batch
        for record in centre.records
    )
    return stored


def _incoming(
    batch: list[story.Centre],
    stored: dict[story.Centre, Centre],
    periods: dict[str, ReportingPeriod],
    spellings: Spellings,
    seed: int,
) -> Iterator[Incoming]:
    """What the centres of `batch` filed, each file in the spelling of its centre."""
    for centre in batch:
        dialect = DIALECTS[centre.hand % len(DIALECTS)]
        for filing in centre.filings:
            submission = Submission(
                centre=stored[centre],
                period=periods[filing.period],
                version=filing.version,
                status=filing.status,
                provenance=Provenance.SYNTHETIC,
                created_at=filing.created_at,
                submitted_at=filing.submitted_at,
                decided_at=filing.decided_at,
                decision_comment=filing.comment,
            )
            content = None
            if filing.lines:
                name = f"{centre.name_zh}芯片台账" if dialect.is_chinese else f"{centre.code} inventory"
                submission.file_name = f"{name} {filing.period}{' v2' if filing.version > 1 else ''}.csv"
                random = Random(f"{seed}/file/{centre.code}/{filing.period}/{filing.version}")
                content = render(filing.lines, dialect=dialect, spellings=spellings, random=random)
            yield Incoming(submission, content)
