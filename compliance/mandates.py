"""Mandates: those that ship with the product, as published, and those that a regulator adds."""

import re
from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from centres.models import Confidence
from centres.reference import DATA, Row, rows
from compliance import touched
from compliance.models import Mandate, Provision
from compliance.provision_faults import faults_of_rule
from compliance.provisions import require_writer

MANDATE_COLUMNS = (
    "code", "title_en", "title_zh", "issuer", "issued_on", "scope", "classes", "metric", "comparator", "threshold",
    "effective_from", "wording", "source", "confidence",
)  # fmt: skip
# How `mandates.csv` names the keys of a provision's scope that hold a list.
_LISTED = {"kind": "kinds", "region": "regions", "ownership": "ownership"}
_CODE = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*", re.ASCII)
_ISSUED_ON = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", re.ASCII)


@transaction.atomic
def create_mandate(*, by: User, **columns: Any) -> Mandate:
    """A mandate without a provision yet, by a regulator of the whole country.

    Raises `PermissionDenied`, and `ValidationError` with what is wrong by column.
    """
    require_writer(by)
    mandate = Mandate(**columns)
    mandate.full_clean()
    wrong = {}
    if not _CODE.fullmatch(mandate.code):
        wrong["code"] = _("A code is of capital letters and digits with hyphens between, such as CN-2025.")
    if not _is_issued_on(mandate.issued_on):
        wrong["issued_on"] = _("A year, a month or a day, such as 2025, 2025-11 or 2025-11-05.")
    if wrong:
        raise ValidationError(wrong)
    mandate.save()
    return mandate


def _is_issued_on(text: str) -> bool:
    """Whether `text` is a year, a month or a day of the calendar."""
    try:
        return bool(_ISSUED_ON.fullmatch(text) and _first_day(text))
    except ValueError:
        return False


def load_mandates(data: Path = DATA) -> int:
    """Write `mandates.csv`: each mandate with its first provision; returns the number of mandates.

    Where something was determined or filed already, whom a new one touches is determined anew.
    """
    count = 0
    for row in rows("mandates.csv", MANDATE_COLUMNS, data=data):
        mandate, _created = Mandate.objects.update_or_create(
            code=row.text("code"),
            defaults={
                "issued_on": row.matching("issued_on", r"\d{4}(-\d{2}(-\d{2})?)?", "a year, month or day"),
                "source": row.text("source"),
                "confidence": row.choice("confidence", Confidence.values),
            }
            | {column: row.text(column) for column in ("title_en", "title_zh", "issuer")},
        )
        now = timezone.now()
        # A provision in force is never edited: reference data gives only the first.
        provision, is_new = Provision.objects.get_or_create(
            mandate=mandate,
            from_on=_first_day(mandate.issued_on),
            defaults={
                "recorded_at": now,
                "issued_at": now,
                "rule": _rule(row),
                "case_by_case": _case_by_case(row),
                "legal_text": row.text("wording"),
                "citation": row.text("source"),
            },
        )
        if is_new:
            touched.redo_for_provision(provision, by=None)
        count += 1
    return count


def _first_day(text: str) -> date:
    """The first day of a year, month or day as published."""
    year, month, day = (*text.split("-"), "1", "1")[:3]
    return date(int(year), int(month), int(day))


def _rule(row: Row) -> dict[str, Any]:
    """The provision of the engine's contract that a row of `mandates.csv` comes to."""
    rule = {
        "metric": row.text("metric"),
        "origin_rule": "designer",
        "domestic": ["CN"],
        "population": {
            "classes": row.text("classes").split(";"),
            "workloads": None,
            "statuses": ["in_service"],
            "acquired_from": None,
        },
        "scope": _scope(row),
        "steps": [
            {
                "from": row.text("effective_from"),
                "comparator": row.text("comparator"),
                "threshold": row.text("threshold"),
            }
        ],
    }
    for fault in faults_of_rule(rule):
        raise row.fault(fault.path.rsplit("/", 1)[-1], fault.message) from fault
    return rule


def _case_by_case(row: Row) -> dict[str, Any] | None:
    """The scope of those who are decided by hand: where the wording says so, whoever is further along and not done."""
    if "case by case" not in row.text("wording"):
        return None
    return _scope(row) | {"progress_under": "100"}


def _scope(row: Row) -> dict[str, Any]:
    scope: dict[str, Any] = dict.fromkeys(
        ("kinds", "regions", "ownership", "state_funded", "commissioned_from", "commissioned_to", "progress_under")
    )
    for part in row.text("scope").split(";"):
        key, _, value = part.strip().partition("=")
        if key in _LISTED:
            scope[_LISTED[key]] = value.split("|")
        elif key == "state_funded" and value in ("true", "false"):
            scope[key] = value == "true"
        elif key == "progress_under":
            scope[key] = value
        else:
            raise row.fault("scope", f"{part.strip()!r} is no part of a scope.")
    return scope
