"""The quarterly report: what stands in a row of it."""

from typing import Any

from chips.safe_cells import safe_cell
from compliance.models import Determination
from compliance.shares import decimal_of, parts_of, percent_of

COLUMNS = (
    "period", "as_of", "mandate", "mandate_confidence", "centre", "centre_name_en", "centre_name_zh", "provenance",
    "region", "region_name_en", "region_name_zh", "operator_en", "operator_zh", "outcome", "reason", "units_domestic",
    "units_foreign", "units_unknown", "share_low_percent", "share_low_numerator", "share_low_denominator",
    "share_high_percent", "share_high_numerator", "share_high_denominator", "comparator", "threshold",
    "gap_replace_units", "gap_add_units", "shortfall", "submission", "determination", "digest",
)  # fmt: skip


def row_of(determination: Determination) -> dict[str, Any]:
    """The row of the report, a column each of `COLUMNS`; shares are exact, and cut to four places beside."""
    centre, answer = determination.centre, determination.answer
    operator, region = centre.operator, centre.region
    submission = determination.submission
    row = {
        "period": determination.period_id,
        "as_of": determination.as_of.isoformat(),
        "mandate": determination.provision.mandate.code,
        "mandate_confidence": determination.provision.mandate.confidence,
        "centre": centre.code,
        "centre_name_en": centre.name_en,
        "centre_name_zh": centre.name_zh,
        "provenance": submission.provenance if submission else centre.provenance,
        "region": region.code,
        "region_name_en": region.name_en,
        "region_name_zh": region.name_zh,
        "operator_en": operator.name_en if operator else None,
        "operator_zh": operator.name_zh if operator else None,
        "outcome": determination.outcome,
        "reason": answer["reason"],
        "units_domestic": determination.units_domestic,
        "units_foreign": determination.units_foreign,
        "units_unknown": determination.units_unknown,
        **_share("share_low", answer["low"]),
        **_share("share_high", answer["high"]),
        "comparator": answer["comparator"],
        "threshold": answer["threshold"] and decimal_of(answer["threshold"]),
        "gap_replace_units": answer["replace"],
        "gap_add_units": answer["add"],
        "shortfall": answer["shortfall"] and decimal_of(answer["shortfall"]),
        "submission": submission.pk if submission else None,
        "determination": determination.pk,
        "digest": determination.digest,
    }
    return {column: safe_cell(value) for column, value in row.items()}


def _share(name: str, fraction: str | None) -> dict[str, Any]:
    """The three columns of a share: a spreadsheet would take ``1/2`` for a day in January."""
    if fraction is None:
        return {f"{name}_percent": None, f"{name}_numerator": None, f"{name}_denominator": None}
    numerator, denominator = parts_of(fraction)
    return {
        f"{name}_percent": percent_of(fraction),
        f"{name}_numerator": numerator,
        f"{name}_denominator": denominator,
    }
