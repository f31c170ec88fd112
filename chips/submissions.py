"""Filing an inventory: read, checked and stored, all of it or nothing; then submitted, and accepted or returned."""

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Max
from django.dispatch import Signal
from django.utils import timezone

from accounts.models import User
from centres.models import Centre, ReportingPeriod
from chips.catalogue import for_intake
from chips.intake.check import Check, Report
from chips.intake.matching import Catalogue
from chips.intake.rows import COLUMNS, write_rows
from chips.intake.sandbox import read_rows
from chips.models import InventoryLine, Submission, SubmissionStatus
from chips.originals import keep_original, keep_originals

_COPY = "COPY {} ({}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL (note))".format(
    InventoryLine._meta.db_table, ", ".join(f'"{column}"' for column in COLUMNS)
)

LONGEST_COMMENT = 2000
# Sent within the transaction that accepts: what must follow is written with it, or neither is.
accepted = Signal()


class WrongStatus(Exception):
    """A step that the submission's status does not allow, because somebody took another one before."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(f"Submission {submission.pk} is {submission.status}.")
        self.submission = submission


class FaultyFile(Exception):
    """A file of our own making that does not pass the check."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{report.name}: {report.errors[0].code}, {report.error_count} errors in all.")
        self.report = report


class Incoming(NamedTuple):
    """A submission to come, unsaved, whole but for what its file tells; without `content` it is a nil return."""

    submission: Submission
    content: bytes | None


class Superseded(Exception):
    """A version cannot be accepted where a `later` one was submitted or accepted: that one would stand all the same."""

    def __init__(self, later: Submission) -> None:
        super().__init__(f"Version {later.version} came later.")
        self.later = later


class _Faulty(Exception):
    """Rolls back what was stored of a file that turned out to have a fault."""


def store_draft(
    *,
    path: Path,
    name: str,
    centre: Centre,
    period: ReportingPeriod,
    created_by: User | None,
) -> tuple[Report, Submission | None]:
    """Read the file at `path` and store it as the next version's draft; a file with any fault stores nothing.

    Rows go into COPY while later ones are still being checked. The original is kept under its SHA-256. What is filed
    for a centre that is not real is marked as that centre is.
    """
    with transaction.atomic():
        _hold(centre)
        submission = _new(centre, period)
        try:
            with transaction.atomic():
                report = _copy_rows(path, name, period, submission.pk)
                if not report.ok:
                    raise _Faulty
        except _Faulty:
            return report, None
        keep_original(path, report.sha256)
        submission.provenance = centre.provenance
        submission.file_name, submission.file_sha256 = name[:255], report.sha256
        submission.line_count, submission.units = report.lines, report.units
        submission.warnings = [fault.as_data() for fault in report.warnings]
        submission.created_by, submission.created_at = created_by, timezone.now()
        submission.save(force_insert=True)
    return report, submission


@transaction.atomic
def store_nil_draft(*, centre: Centre, period: ReportingPeriod, created_by: User) -> Submission:
    """Store a nil return as the next version's draft: it says on purpose that there are no chips."""
    _hold(centre)
    submission = _new(centre, period)
    submission.nil, submission.provenance = True, centre.provenance
    submission.created_by, submission.created_at = created_by, timezone.now()
    submission.save(force_insert=True)
    return submission


@transaction.atomic
def submit(submission: Submission, *, by: User) -> Submission:
    """Send a draft to the regulator: it gets its version now; raises `WrongStatus`."""
    _hold(submission.centre)
    locked = _locked(submission, SubmissionStatus.DRAFT)
    locked.version = _next_version(locked.centre, locked.period)
    locked.status, locked.submitted_by, locked.submitted_at = SubmissionStatus.SUBMITTED, by, timezone.now()
    locked.save(update_fields=["version", "status", "submitted_by", "submitted_at"])
    return locked


@transaction.atomic
def accept(submission: Submission, *, by: User) -> Submission:
    """Accept what was submitted: from now on it stands for its centre; raises `WrongStatus`, `Superseded`."""
    _hold(submission.centre)
    locked = _locked(submission, SubmissionStatus.SUBMITTED)
    later = Submission.objects.filter(
        centre=locked.centre_id,
        period=locked.period_id,
        version__gt=locked.version,
        status__in=[SubmissionStatus.SUBMITTED, SubmissionStatus.ACCEPTED],
    ).last()
    if later is not None:
        raise Superseded(later)
    _decide(locked, SubmissionStatus.ACCEPTED, by, "")
    accepted.send(Submission, submission=locked)
    return locked


@transaction.atomic
def return_for_correction(submission: Submission, *, by: User, comment: str) -> Submission:
    """Return what was submitted, saying why in `comment`, which must not be blank; raises `WrongStatus`."""
    locked = _locked(submission, SubmissionStatus.SUBMITTED)
    _decide(locked, SubmissionStatus.RETURNED, by, comment)
    return locked


@transaction.atomic
def withdraw(submission: Submission, *, by: User) -> Submission:
    """Take back what no regulator has decided yet; it stays readable. Raises `WrongStatus`."""
    locked = _locked(submission, SubmissionStatus.DRAFT, SubmissionStatus.SUBMITTED)
    locked.status, locked.withdrawn_by, locked.withdrawn_at = SubmissionStatus.WITHDRAWN, by, timezone.now()
    locked.save(update_fields=["status", "withdrawn_by", "withdrawn_at"])
    return locked


@transaction.atomic
def store_all(incoming: Sequence[Incoming]) -> None:
    """Store many submissions at once, with the status and the times that they have already; all or nothing.

    For files that we made ourselves: they are read in this process, by the same check, but without the limits that a
    stranger's file needs. All lines go into one COPY. Raises `FaultyFile`.
    """
    catalogue = Catalogue.from_dict(for_intake())
    lines = io.StringIO()
    read: list[tuple[Path, str]] = []
    Path(settings.FILES_DIR).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.FILES_DIR, prefix="incoming-") as directory:
        for key, (submission, content) in zip(next_keys(len(incoming)), incoming, strict=True):
            submission.pk = key
            submission.nil = content is None
            if content is None:
                continue
            path = Path(directory) / str(key)
            path.touch(0o600)
            path.write_bytes(content)
            check = Check(path, name=submission.file_name, catalogue=catalogue, ends_on=submission.period.ends_on)
            write_rows(check, key, lines)
            report = check.report
            if not report.ok:
                raise FaultyFile(report)
            submission.file_sha256, submission.line_count, submission.units = report.sha256, report.lines, report.units
            submission.warnings = [fault.as_data() for fault in report.warnings]
            read.append((path, report.sha256))
        keep_originals(read)
    lines.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(_COPY, lines)
    Submission.objects.bulk_create([submission for submission, _ in incoming])


def _hold(centre: Centre) -> None:
    """Number the versions of a centre one at a time; what merely refers to the centre need not wait for a slow file."""
    Centre.objects.select_for_update(no_key=True).get(pk=centre.pk)


def _locked(submission: Submission, *due: SubmissionStatus) -> Submission:
    locked = Submission.objects.select_for_update(of=("self",)).select_related("centre", "period").get(pk=submission.pk)
    if locked.status not in due:
        raise WrongStatus(locked)
    return locked


def _decide(submission: Submission, status: SubmissionStatus, by: User, comment: str) -> None:
    submission.status, submission.decided_by, submission.decided_at = status, by, timezone.now()
    submission.decision_comment = comment
    submission.save(update_fields=["status", "decided_by", "decided_at", "decision_comment"])


def _new(centre: Centre, period: ReportingPeriod) -> Submission:
    """The submission to come, unsaved, its key taken already: the lines name it before it can be counted."""
    (key,) = next_keys(1)
    return Submission(pk=key, centre=centre, period=period, version=_next_version(centre, period))


def _next_version(centre: Centre, period: ReportingPeriod) -> int:
    """The version that the next submission gets: drafts leave no gap."""
    submitted = Submission.objects.filter(centre=centre, period=period, submitted_at__isnull=False)
    return (submitted.aggregate(last=Max("version"))["last"] or 0) + 1


def next_keys(count: int) -> list[int]:
    """So many keys of submissions that nobody else will get."""
    sequence = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
    with connection.cursor() as cursor:
        cursor.execute(sequence, [Submission._meta.db_table, count])
        return [key for (key,) in cursor.fetchall()]


def _copy_rows(path: Path, name: str, period: ReportingPeriod, submission: int) -> Report:
    reading = read_rows(path, name=name, catalogue=for_intake(), ends_on=period.ends_on, submission=submission)
    with reading as (rows, report), connection.cursor() as cursor:
        try:
            # Of its own, so that the report can still be asked for where a child died within a row.
            with transaction.atomic():
                cursor.copy_expert(_COPY, rows)
        except (DataError, IntegrityError):
            found = report()
            if found.ok:
                raise
            return found
        return report()
