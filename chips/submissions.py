"""Filing an inventory: read, checked and stored, all of it or nothing."""

import os
import shutil
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from centres.models import Centre, Provenance, ReportingPeriod
from chips.catalogue import for_intake
from chips.intake.check import Report
from chips.intake.rows import COLUMNS
from chips.intake.sandbox import read_rows
from chips.models import InventoryLine, Submission


class _Faulty(Exception):
    """Rolls back what was stored of a file that turned out to have a fault."""


def store_draft(
    *,
    path: Path,
    name: str,
    centre: Centre,
    period: ReportingPeriod,
    created_by: User | None,
    provenance: str = Provenance.FILED,
) -> tuple[Report, Submission | None]:
    """Read the file at `path` and store it as the next version's draft; a file with any fault stores nothing.

    Rows go into COPY while later ones are still being checked. The original is kept under its SHA-256.
    """
    with transaction.atomic():
        # Versions of a centre are numbered one at a time.
        Centre.objects.select_for_update().get(pk=centre.pk)
        submission = _next_version(centre, period)
        try:
            with transaction.atomic():
                report = _copy_rows(path, name, period, submission.pk)
                if not report.ok:
                    raise _Faulty
        except _Faulty:
            return report, None
        keep_original(path, report.sha256)
        submission.provenance = provenance
        submission.file_name, submission.file_sha256 = name[:255], report.sha256
        submission.line_count, submission.units = report.lines, report.units
        submission.created_by, submission.created_at = created_by, timezone.now()
        submission.save(force_insert=True)
    return report, submission


def _next_version(centre: Centre, period: ReportingPeriod) -> Submission:
    """The submission to come, unsaved, its key taken already: the lines name it before it can be counted."""
    last = Submission.objects.filter(centre=centre, period=period).order_by("version").last()
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [Submission._meta.db_table])
        (key,) = cursor.fetchone()
    return Submission(pk=key, centre=centre, period=period, version=last.version + 1 if last else 1)


def _copy_rows(path: Path, name: str, period: ReportingPeriod, submission: int) -> Report:
    columns = ", ".join(f'"{column}"' for column in COLUMNS)
    table = InventoryLine._meta.db_table
    copy = f"COPY {table} ({columns}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL (note))"
    reading = read_rows(path, name=name, catalogue=for_intake(), ends_on=period.ends_on, submission=submission)
    with reading as (rows, report), connection.cursor() as cursor:
        try:
            # Of its own, so that the report can still be asked for where a child died within a row.
            with transaction.atomic():
                cursor.copy_expert(copy, rows)
        except (DataError, IntegrityError):
            found = report()
            if found.ok:
                raise
            return found
        return report()


def original(sha256: str) -> Path:
    """Where the original with this SHA-256 is kept."""
    return Path(settings.FILES_DIR) / sha256[:2] / sha256[2:4] / sha256


def keep_original(path: Path, sha256: str) -> None:
    """Copy the file at `path` to its place, whole and on the disk before this returns, or not at all."""
    target = original(sha256)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as copy:
        try:
            with path.open("rb") as source:
                shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())
            # The name appears only with all of its bytes behind it.
            os.replace(copy.name, target)
        except BaseException:
            os.unlink(copy.name)
            raise
