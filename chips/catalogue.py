"""The catalogue: loading what is published of chips, and deciding which claim counts."""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from centres.models import Confidence
from centres.reference import ALWAYS, DATA, Row, rows
from chips.models import (
    ORIGIN_FIGURES,
    Adoption,
    Alias,
    ChipClass,
    ChipModel,
    ChipRevision,
    Claim,
    Figure,
    MarketTotal,
    Vendor,
)

VENDOR_COLUMNS = (
    "vendor", "name_zh", "designer_country", "parent_country", "us_entity_list_on", "source", "confidence",
)  # fmt: skip
CHIP_COLUMNS = (
    "vendor", "model", "class", "aliases", "launched_on", "designer_country", "fabricator", "fabricator_country",
    "dies", "workload", "source", "confidence",
)  # fmt: skip
CLAIM_COLUMNS = ("vendor", "model", "figure", "value", "source", "confidence", "adopted")
CONTROL_COLUMNS = ("vendor", "model", "controlled_on", "measure", "source", "confidence")
MARKET_COLUMNS = ("period", "measure", "vendor", "units", "share_percent", "source", "confidence")
DECIDED_BY = "reference data"
_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?", re.ASCII)


def load_vendors(data: Path = DATA) -> int:
    """Write `vendors.csv`; returns the number of vendors."""
    count = 0
    for row in rows("vendors.csv", VENDOR_COLUMNS, data=data):
        Vendor.objects.update_or_create(
            name=row.text("vendor"),
            defaults={
                "name_zh": row.text("name_zh"),
                "designer_country": _country(row, "designer_country"),
                "parent_country": _country(row, "parent_country"),
                "us_entity_list_on": row.day("us_entity_list_on"),
                "source": row.optional("source"),
                "confidence": row.choice("confidence", Confidence.values),
            },
        )
        count += 1
    return count


def load_chips(data: Path = DATA) -> int:
    """Write `chips.csv`: models, aliases and what is claimed of their origin; returns the number of models."""
    vendors = {vendor.name: vendor for vendor in Vendor.objects.all()}
    count = 0
    for row in rows("chips.csv", CHIP_COLUMNS, data=data):
        if row.text("vendor") not in vendors:
            raise row.fault("vendor", f"{row.text('vendor')!r} is not in vendors.csv.")
        dies = row.matching("dies", r"\d{1,2}", "a whole number")
        model, _created = ChipModel.objects.update_or_create(
            vendor=vendors[row.text("vendor")],
            name=row.text("model"),
            defaults={
                "chip_class": row.choice("class", ChipClass.values),
                "launched_on": row.matching("launched_on", r"\d{4}(-\d{2}(-\d{2})?)?", "a year, month or day"),
                "dies": int(dies) if dies else None,
                "workload": row.text("workload"),
                "source": row.optional("source"),
                "confidence": row.choice("confidence", Confidence.values),
            },
        )
        for text in filter(None, map(str.strip, row.optional("aliases").split(";"))):
            Alias.objects.get_or_create(chip_model=model, text=text)
        _follow_correction(model)
        said = {f: row.optional(f) if f == Figure.FABRICATOR else _country(row, f) for f in ORIGIN_FIGURES}
        _adopt_published(model, [_claim(row, model, figure, value) for figure, value in said.items() if value])
        _record_name(model)
        count += 1
    return count


def load_claims(data: Path = DATA) -> int:
    """Write `chip_claims.csv`: what is claimed of models' figures; returns the number of claims."""
    models = _models_by_name()
    figures = [figure for figure in Figure.values if figure not in (*ORIGIN_FIGURES, Figure.EXPORT_CONTROLLED_ON)]
    published: dict[ChipModel, list[Claim]] = {}
    count = 0
    for row in rows("chip_claims.csv", CLAIM_COLUMNS, data=data):
        model = _model(row, models)
        figure = row.choice("figure", figures)
        value = row.matching("value", r"\d{1,18}(\.\d{1,9})?", "a decimal number")
        if not value:
            raise row.fault("value", "a value is missing here.")
        claim = _claim(row, model, figure, value)
        if row.choice("adopted", ["yes", "no"]) == "yes":
            published.setdefault(model, []).append(claim)
        count += 1
    for model, claims in published.items():
        _adopt_published(model, claims)
    return count


def load_export_controls(data: Path = DATA) -> int:
    """Write `export_controls.csv`: since when models need a licence to be sold to China; returns their number."""
    models = _models_by_name()
    count = 0
    for row in rows("export_controls.csv", CONTROL_COLUMNS, data=data):
        model = _model(row, models)
        controlled_on = row.day("controlled_on")
        if controlled_on is None:
            raise row.fault("controlled_on", "a day is missing here.")
        claim, _created = Claim.objects.get_or_create(
            chip_model=model,
            figure=Figure.EXPORT_CONTROLLED_ON,
            value=controlled_on.isoformat(),
            source=f"{row.text('measure')} ({row.text('source')})",
            defaults={"confidence": row.choice("confidence", Confidence.values)},
        )
        _adopt_published(model, [claim])
        count += 1
    return count


def load_market(data: Path = DATA) -> int:
    """Write `market.csv`: published totals of the market; returns their number."""
    count = 0
    for row in rows("market.csv", MARKET_COLUMNS, data=data):
        units, share = row.matching("units", r"\d{1,12}", "a whole number"), row.decimal("share_percent")
        if not units and share is None:
            raise row.fault("units", "a total names units, a share or both.")
        if share is not None and share > 100:
            raise row.fault("share_percent", f"{share} is over 100.")
        if not re.fullmatch(r"20\d{2}(H[12])?", row.text("period"), re.ASCII):
            raise row.fault("period", f"{row.text('period')!r} is no year or half-year.")
        MarketTotal.objects.update_or_create(
            period=row.text("period"),
            measure=row.choice("measure", ["share", "shipments"]),
            vendor=row.text("vendor"),
            source=row.text("source"),
            defaults={
                "units": int(units) if units else None,
                "share_percent": share,
                "confidence": row.choice("confidence", Confidence.values),
            },
        )
        count += 1
    return count


def _follow_correction(model: ChipModel) -> None:
    """Record anew the revisions of a model that the reference data calls or classes otherwise than before."""
    latest = model.revisions.order_by("recorded_at", "pk").last()
    if latest is not None and (latest.name, latest.chip_class) != (model.name, model.chip_class):
        days = sorted(set(model.revisions.values_list("from_on", flat=True)))
        counting = _counting(model)
        _record([_revision(model, day, counting) for day in days], timezone.now())
        adopted.send(ChipRevision, model=model, from_on=days[0], by=None)


def _record_name(model: ChipModel) -> None:
    """Record how a model is called of which nothing else is: what is determined of it must outlive a correction."""
    if not model.revisions.exists():
        _record([_revision(model, ALWAYS, [])], timezone.now())


def _models_by_name() -> dict[tuple[str, str], ChipModel]:
    return {(model.vendor.name, model.name): model for model in ChipModel.objects.select_related("vendor")}


def _model(row: Row, models: dict[tuple[str, str], ChipModel]) -> ChipModel:
    """The model that a row names."""
    model = models.get((row.text("vendor"), row.text("model")))
    if model is None:
        raise row.fault("model", f"{row.text('vendor')} {row.text('model')} is not in chips.csv.")
    return model


def _country(row: Row, column: str) -> str:
    return row.matching(column, r"[A-Z]{2}", "an ISO 3166 alpha-2 country")


def _claim(row: Row, model: ChipModel, figure: str, value: str) -> Claim:
    claim, _created = Claim.objects.get_or_create(
        chip_model=model,
        figure=figure,
        value=value,
        source=row.optional("source"),
        defaults={"confidence": row.choice("confidence", Confidence.values)},
    )
    return claim


def _adopt_published(model: ChipModel, claims: list[Claim]) -> None:
    """Adopt what the reference data adopts, but where a figure is decided already: that decision stands."""
    decided = set(model.adoptions.values_list("figure", flat=True))
    new = [claim for claim in claims if claim.figure not in decided]
    if new:
        adopt(model=model, claims=new, from_on=ALWAYS, decided_by=DECIDED_BY, reason="as published")


def add_claim(
    *, model: ChipModel, figure: str, value: str, source: str, confidence: str, read_on: date | None
) -> Claim:
    """Add what a source says of a figure; where it stands already, it stays as it is. Nothing counts by it yet."""
    claim, _created = Claim.objects.get_or_create(
        chip_model=model,
        figure=figure,
        value=value,
        source=source.strip(),
        defaults={"confidence": confidence, "read_on": read_on},
    )
    return claim


# Sent with `model`, `from_on` and `by` in the transaction that adopts a claim, or corrects a model's name or class.
adopted = Signal()


@transaction.atomic
def adopt(
    *, model: ChipModel, claims: list[Claim], from_on: date, decided_by: str, reason: str, by: User | None = None
) -> None:
    """Decide that `claims`, one a figure of `model`, count from `from_on` on; record the revisions that follow.

    Nothing is overwritten. Revisions that already begin on a later day are recorded anew, since they may rest on
    what is decided here; a later decision for the same figure keeps its day.
    """
    ChipModel.objects.select_for_update().get(pk=model.pk)
    now = timezone.now()
    revisions = revisions_after(model, claims, from_on=from_on)
    Adoption.objects.bulk_create(
        Adoption(
            claim=claim,
            chip_model=model,
            figure=claim.figure,
            from_on=from_on,
            recorded_at=now,
            decided_by=decided_by,
            reason=reason,
        )
        for claim in claims
    )
    _record(revisions, now)
    adopted.send(Adoption, model=model, from_on=from_on, by=by)


def revisions_after(model: ChipModel, claims: Iterable[Claim], *, from_on: date) -> list[ChipRevision]:
    """The revisions of `model` that follow where `claims` are adopted from `from_on` on: as they would be recorded.

    One begins on that day, and one on each later day that a revision begins on. None is stored.
    """
    later = model.revisions.filter(from_on__gt=from_on).values_list("from_on", flat=True)
    counting = sorted([*_counting(model), *((from_on, claim) for claim in claims)], key=lambda one: one[0])
    return [_revision(model, day, counting) for day in sorted({from_on, *later})]


def _counting(model: ChipModel) -> list[tuple[date, Claim]]:
    """The claims of `model` that were adopted, each with the day from which it counts; a later one goes before."""
    adoptions = model.adoptions.select_related("claim").order_by("from_on", "recorded_at", "pk")
    return [(adoption.from_on, adoption.claim) for adoption in adoptions]


def _revision(model: ChipModel, day: date, counting: list[tuple[date, Claim]]) -> ChipRevision:
    """What counts of `model` on `day`, not stored."""
    claims = {claim.figure: claim for from_on, claim in counting if from_on <= day}
    value = {figure: claim.value for figure, claim in claims.items()}
    return ChipRevision(
        chip_model=model,
        from_on=day,
        name=model.name,
        chip_class=model.chip_class,
        claims=sorted(claim.pk for claim in claims.values()),
        designer_country=value.get(Figure.DESIGNER_COUNTRY),
        fabricator_country=value.get(Figure.FABRICATOR_COUNTRY),
        compute=value.get(Figure.FP16_TFLOPS),
    )


def _record(revisions: list[ChipRevision], now: datetime) -> None:
    for revision in revisions:
        revision.recorded_at = now
    ChipRevision.objects.bulk_create(revisions)


# The figures that a determination can rest on: a doubt about these is shown beside every line.
DECIDING = (Figure.FP16_TFLOPS, Figure.DESIGNER_COUNTRY, Figure.FABRICATOR_COUNTRY)


def claims_known(known_at: datetime) -> QuerySet[Claim]:
    """The claims that had been recorded by `known_at`."""
    return Claim.objects.filter(recorded_at__lte=known_at)


def doubts(models: Iterable[int], known_at: datetime | None = None) -> dict[int, list[str]]:
    """What is contested or yet to be verified of the models with these keys, each figure with its values, in words.

    As it was known at `known_at` (None: now).
    """
    found = {}
    known = Prefetch("claims", claims_known(known_at or timezone.now()))
    for model in ChipModel.objects.filter(pk__in=set(models)).prefetch_related(known):
        contested = contested_figures(model)
        told = []
        for figure in DECIDING:
            claims = [claim for claim in model.claims.all() if claim.figure == figure]
            names = {"figure": Figure(figure).label, "values": " · ".join(sorted({claim.value for claim in claims}))}
            if figure in contested:
                told.append(_("Contested: %(figure)s (%(values)s)") % names)
            elif any(claim.confidence == Confidence.TO_VERIFY for claim in claims):
                told.append(_("To be verified: %(figure)s (%(values)s)") % names)
        if told:
            found[model.pk] = told
    return found


def has_contested(figure: str) -> bool:
    """Whether sources differ on `figure` of any model."""
    values = defaultdict(list)
    for model, value in Claim.objects.filter(figure=figure).values_list("chip_model", "value"):
        values[model].append(value)
    return any(map(differ, values.values()))


def contested_figures(model: ChipModel) -> set[str]:
    """The figures of `model` whose claims differ."""
    values = defaultdict(list)
    for claim in model.claims.all():
        values[claim.figure].append(claim.value)
    return {figure for figure, claimed in values.items() if differ(claimed)}


def differ(values: Iterable[str]) -> bool:
    """Whether what is claimed of one figure is contested: numbers are the same however they are written."""
    return len({Fraction(value) if _NUMBER.fullmatch(value) else value for value in values}) > 1


def for_intake() -> dict[str, Any]:
    """The catalogue as the inventory reader takes it: every vendor, every model, under all their names."""
    aliases: dict[int, list[str]] = {}
    for model, text in Alias.objects.order_by("text").values_list("chip_model", "text"):
        aliases.setdefault(model, []).append(text)
    return {
        "vendors": [
            {"id": key, "name": name, "names": [name_zh]}
            for key, name, name_zh in Vendor.objects.values_list("pk", "name", "name_zh")
        ],
        "models": [
            {"id": key, "vendor": vendor, "name": name, "aliases": aliases.get(key, [])}
            for key, vendor, name in ChipModel.objects.values_list("pk", "vendor", "name")
        ],
    }
