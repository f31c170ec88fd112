"""What rules read of a centre, recorded from a day on: one centre, or many at once from a table."""

import csv
import io
import re
from bisect import insort
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import asking
from accounts.models import User
from centres.models import Centre, CentreKind, CentreRecord, CentreStatus, Ownership, Region

# Sent with `records` and `by` in the transaction that writes them.
recorded = Signal()
# Sent with `centres`, the keys of those that lie in another province now, in the transaction that moved them.
moved = Signal()

FACTS = (
    "region_code", "kind", "ownership", "state_funded", "commissioned_on", "progress", "capacity", "power", "status",
)  # fmt: skip
# Facts that can be not known.
CAN_BE_UNKNOWN = ("state_funded", "commissioned_on", "progress", "capacity", "power")
CHOICES: dict[str, list[str]] = {
    "kind": CentreKind.values,
    "ownership": Ownership.values,
    "status": CentreStatus.values,
}
# In a table: a cell that is left blank leaves the fact as it is, and this one says that it is not known.
UNKNOWN = "?"
GREATEST_TABLE = 10_000


class WrongRecord(ValueError):
    """What is wrong with a record, by the names of its fields, in the reader's words."""

    def __init__(self, wrong: dict[str, str]) -> None:
        super().__init__("; ".join(wrong.values()))
        self.wrong = wrong


class Fault(NamedTuple):
    """A cell of a table that cannot be taken: line from 1 (the header), column, and what is wrong."""

    line: int
    column: str
    message: str


class WrongTable(ValueError):
    """Every fault of a table, in its order."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def record_on(centre: Centre, day: date) -> CentreRecord | None:
    """What holds of `centre` on `day`, as known now."""
    return CentreRecord.objects.as_of(day, timezone.now()).filter(centre=centre).first()


def changed_record(
    centre: Centre, *, from_on: date, facts: Mapping[str, Any], reason: str, by: User, before: CentreRecord | None
) -> CentreRecord:
    """The record, unsaved, that has `facts` from `from_on` on, and the rest as it is in `before`, what holds that day.

    Raises `WrongRecord`: also where nothing would change.
    """
    known = {name: getattr(before, name) for name in FACTS} if before else {}
    record = CentreRecord(
        centre=centre,
        from_on=from_on,
        recorded_at=timezone.now(),
        recorded_by=by,
        reason=reason.strip(),
        **known | dict(facts),
    )
    wrong = _wrong(record)
    if not wrong and before is not None and all(getattr(record, name) == known[name] for name in FACTS):
        wrong["from_on"] = _("Nothing changes: on that day the centre is recorded just so.")
    if wrong:
        raise WrongRecord(wrong)
    return record


@transaction.atomic
def record_all(records: Iterable[CentreRecord], *, by: User) -> list[CentreRecord]:
    """Write `records`, all or none; a centre that lies elsewhere today is moved there. Whom it touches is told."""
    now = timezone.now()
    made = list(records)
    for record in made:
        record.recorded_at = now
    CentreRecord.objects.bulk_create(made)
    # Before they are moved: whoever moves a centre out of their province does not see it any more.
    recorded.send(CentreRecord, records=made, by=by)
    today = CentreRecord.objects.as_of(timezone.localdate(), now)
    _move(today.filter(centre__in=[record.centre_id for record in made]))
    return made


@transaction.atomic
def move_centres() -> None:
    """Have every centre lie where it does from today on; for the day that a record told of beforehand."""
    _move(CentreRecord.objects.as_of(timezone.localdate(), timezone.now()))


# Whoever records it may see one of the two provinces alone, and what stands of centres is written by nobody who asks.
@asking.asked_by_register()
def _move(today: QuerySet[CentreRecord]) -> None:
    elsewhere = []
    held = CentreRecord.objects.filter(pk__in=today.values("pk"))
    for record in held.exclude(region_code=F("centre__region_code")).select_related("centre"):
        centre = record.centre
        if centre.region_id != record.region_code[:2]:
            elsewhere.append(centre.pk)
        centre.region_code, centre.region_id = record.region_code, record.region_code[:2]
        centre.save(update_fields=["region_code", "region"])
    if elsewhere:
        moved.send(Centre, centres=elsewhere)


def _wrong(record: CentreRecord) -> dict[str, str]:
    try:
        record.full_clean(exclude=["centre", "recorded_by"], validate_constraints=False)
    except ValidationError as error:
        wrong = {name: " ".join(said) for name, said in error.message_dict.items()}
    else:
        wrong = {}
    if not record.reason:
        wrong["reason"] = _("Say why.")
    code = record.region_code or ""
    if re.fullmatch(r"[0-9]{2}([0-9]{2}([0-9]{2})?)?", code, re.ASCII) is None:
        wrong["region_code"] = _("A region code has 2, 4 or 6 digits.")
    elif not Region.objects.filter(code=code[:2]).exists():
        wrong["region_code"] = _("%(code)s lies in no province.") % {"code": code}
    for name, greatest in (("progress", 100), ("capacity", None), ("power", None)):
        value = getattr(record, name)
        if name not in wrong and value is not None and (value < 0 or (greatest is not None and value > greatest)):
            wrong[name] = _("From 0 to 100.") if greatest else _("Not below 0.")
    return wrong


def records_of_table(text: str, *, centres: QuerySet[Centre], by: User) -> list[CentreRecord]:
    """The records, unsaved, of a table with a header: ``code``, ``from_on``, ``reason`` and any of `FACTS`.

    Only `centres` can be named. Raises `WrongTable` with every fault.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        table = [[cell.strip() for cell in row] for row in reader]
    except csv.Error as error:
        raise WrongTable(
            [Fault(reader.line_num, "", _("The table cannot be read: %(why)s.") % {"why": error})]
        ) from error
    header = table[0] if table else []
    _require_header(header)
    rows = [
        (line, dict(zip(header, cells, strict=False))) for line, cells in enumerate(table[1:], start=2) if any(cells)
    ]
    if not rows or len(rows) > GREATEST_TABLE:
        message = _("A table has 1 to %(greatest)d rows below its header.") % {"greatest": GREATEST_TABLE}
        raise WrongTable([Fault(1, "", message)])
    known = {
        centre.code: centre for centre in centres.filter(code__in=[cells.get("code", "") for _line, cells in rows])
    }
    holding = _holding(list(known.values()))
    records, faults, seen = [], [], set()
    # In the order of their days, so that what a row changes is what the rows before it left.
    for line, cells in sorted(rows, key=lambda row: row[1].get("from_on", "")):
        try:
            centre, from_on, facts = _row(cells, known)
            if (centre.pk, from_on) in seen:
                raise WrongRecord({"code": _("The centre stands twice for this day.")})
            seen.add((centre.pk, from_on))
            held = holding.setdefault(centre.pk, [])
            before = next((record for record in reversed(held) if record.from_on <= from_on), None)
            reason = cells.get("reason", "")
            record = changed_record(centre, from_on=from_on, facts=facts, reason=reason, by=by, before=before)
        except WrongRecord as wrong:
            faults += [Fault(line, column, message) for column, message in wrong.wrong.items()]
        else:
            records.append(record)
            insort(held, record, key=attrgetter("from_on"))
    if faults:
        raise WrongTable(sorted(faults))
    return records


def _require_header(header: list[str]) -> None:
    allowed = ("code", "from_on", "reason", *FACTS)
    faults = [
        Fault(1, name, _("There is no column “%(name)s”; columns are %(allowed)s.")
              % {"name": name, "allowed": ", ".join(allowed)})
        for name in header
        if name not in allowed
    ]  # fmt: skip
    faults += [
        Fault(1, name, _("The column “%(name)s” is missing.") % {"name": name})
        for name in allowed[:3]
        if name not in header
    ]
    faults += [
        Fault(1, name, _("The column “%(name)s” stands twice.") % {"name": name})
        for name in allowed
        if header.count(name) > 1
    ]
    if faults:
        raise WrongTable(faults)


def _holding(centres: list[Centre]) -> dict[int, list[CentreRecord]]:
    """What is known of each centre now, one record a day, in the order of their days."""
    found: dict[int, dict[date, CentreRecord]] = {}
    for record in CentreRecord.objects.filter(centre__in=centres).order_by("from_on", "recorded_at", "pk"):
        found.setdefault(record.centre_id, {})[record.from_on] = record
    return {centre: list(days.values()) for centre, days in found.items()}


def _row(cells: dict[str, str], known: dict[str, Centre]) -> tuple[Centre, date, dict[str, Any]]:
    """The centre, the day and the changed facts of a row; raises `WrongRecord`."""
    wrong = {}
    centre = known.get(cells.get("code", ""))
    if centre is None:
        wrong["code"] = _("There is no centre “%(code)s”.") % {"code": cells.get("code", "")}
    facts: dict[str, Any] = {}
    for name in ("from_on", *FACTS):
        text = cells.get(name, "")
        if not text and name != "from_on":
            continue
        try:
            facts[name] = _value(name, text)
        except ValueError as error:
            wrong[name] = str(error)
    if not cells.get("reason"):
        wrong["reason"] = _("Say why.")
    if wrong or centre is None:
        raise WrongRecord(wrong)
    return centre, facts.pop("from_on"), facts


def _value(name: str, text: str) -> Any:
    """A cell as the fact `name`; raises `ValueError` in the reader's words."""
    if text == UNKNOWN and name in CAN_BE_UNKNOWN:
        return None
    if name in CHOICES:
        if text not in CHOICES[name]:
            raise ValueError(_("One of %(choices)s is due here.") % {"choices": ", ".join(CHOICES[name])})
        return text
    if name == "state_funded":
        if text not in ("true", "false"):
            raise ValueError(_("“true” or “false” is due here."))
        return text == "true"
    if name in ("from_on", "commissioned_on"):
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            try:
                return date.fromisoformat(text)
            except ValueError:
                pass
        raise ValueError(_("A day is written like 2025-12-31."))
    if name == "region_code":
        return text
    # The pattern bounds the length before anything converts.
    if re.fullmatch(r"\d{1,11}(\.\d{1,3})?", text, re.ASCII) is None:
        raise ValueError(_("A decimal number is due here."))
    return Decimal(text)
