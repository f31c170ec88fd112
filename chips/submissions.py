"""Filing an inventory: read, checked and stored, all of it or nothing; then attested, and accepted or returned."""

import io
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Max
from django.dispatch import Signal
from django.utils import timezone

from accounts.models import User
from accounts.wall.filling import fill
from centres.models import Centre, ReportingPeriod
from chips import receipts
from chips.catalogue import for_intake
from chips.differences import is_same
from chips.intake.check import Check, Report
from chips.intake.matching import Catalogue
from chips.intake.rows import COLUMNS, write_rows
from chips.intake.sandbox import OnProgress, read_rows
from chips.models import InventoryLine, Submission, SubmissionStatus, Upload, UploadStatus
from chips.originals import keep_original, keep_originals
from chips.plausibility import Question, questions
from chips.timeliness import require_open

_LINES = InventoryLine._meta.db_table
_COPY = "COPY {} ({}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL (note))".format(
    _LINES, ", ".join(f'"{column}"' for column in COLUMNS)
)

LONGEST_COMMENT = 2000
REPUDIABLE = (SubmissionStatus.SUBMITTED, SubmissionStatus.ACCEPTED, SubmissionStatus.RETURNED)
# Sent within the transaction that changes which submission stands: what must follow is written with it, or neither is.
accepted = Signal()
repudiated = Signal()


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


class OpenQuestions(Exception):
    """What does not add up is neither confirmed with a reason nor corrected."""

    def __init__(self, open_questions: list[Question]) -> None:
        super().__init__(f"{len(open_questions)} questions are open.")
        self.questions = open_questions


class ReasonMissing(Exception):
    """An amendment of what was accepted that does not say why."""

    def __init__(self, amended: Submission) -> None:
        super().__init__(f"Version {amended.version} was accepted; say why it is amended.")
        self.amended = amended


class SameAsAccepted(Exception):
    """An amendment that changes nothing of what was accepted."""

    def __init__(self, amended: Submission) -> None:
        super().__init__(f"Its lines are those of version {amended.version}, which was accepted.")
        self.amended = amended


class TooLateToRepudiate(Exception):
    """The days within which a filing can be repudiated are over."""


class _Faulty(Exception):
    """Rolls back what was stored of a file that turned out to have a fault."""


def store_draft(
    *,
    path: Path,
    name: str,
    centre: Centre,
    period: ReportingPeriod,
    created_by: User | None,
    received_at: datetime | None = None,
    corrections: Sequence[Mapping[str, Any]] = (),
    declared_lines: int | None = None,
    declared_units: int | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[Report, Submission | None]:
    """Read the file at `path` and store it as the next version's draft; a file with any fault stores nothing.

    Rows go into COPY while later ones are still being checked. The original is kept under its SHA-256; `corrections`
    (row, column, corrected) stand beside it. What is filed for a centre that is not real is marked as that centre is.
    """
    with transaction.atomic():
        (key,) = next_keys(1)
        reading = {
            "corrections": by_row(corrections),
            "declared_lines": declared_lines,
            "declared_units": declared_units,
            "on_progress": on_progress,
        }
        try:
            with transaction.atomic():
                report = _copy_rows(path, name, period, key, **reading)
                if not report.ok:
                    raise _Faulty
        except _Faulty:
            return report, None
        keep_original(path, report.sha256)
        # Only now, so that nothing else of the centre waits for a slow file.
        hold(centre)
        submission = _new(key, centre, period)
        submission.file_name, submission.file_sha256 = name[:255], report.sha256
        submission.corrections = settled(corrections, report)
        submission.line_count, submission.units = report.lines, report.units
        submission.warnings = [fault.as_data() for fault in report.warnings]
        submission.created_by, submission.created_at = created_by, timezone.now()
        submission.received_at = received_at or submission.created_at
        submission.save(force_insert=True)
    return report, submission


def settled(corrections: Sequence[Mapping[str, Any]], report: Report) -> list[dict[str, Any]]:
    """The corrections that count, each with what stands in the file: of one cell the last, and none that met nothing.

    Where the reading did not come to its end nobody knows which count: all of them stay.
    """
    if report.corrected is None:
        return [dict(made) for made in corrections]
    last = {(made["row"], made["column"]): made for made in corrections}
    return [{**last[made.row, made.column], "written": made.written} for made in report.corrected]


def by_row(corrections: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, str]]:
    """What the cells of each row became; of two corrections of one cell the later counts."""
    found: dict[int, dict[str, str]] = {}
    for correction in corrections:
        found.setdefault(correction["row"], {})[correction["column"]] = correction["corrected"]
    return found


@transaction.atomic
def store_nil_draft(
    *, centre: Centre, period: ReportingPeriod, created_by: User, received_at: datetime | None = None
) -> Submission:
    """Store a nil return as the next version's draft: it says on purpose that there are no chips."""
    hold(centre)
    (key,) = next_keys(1)
    submission = _new(key, centre, period)
    submission.nil = True
    submission.created_by, submission.created_at = created_by, timezone.now()
    submission.received_at = received_at or submission.created_at
    submission.save(force_insert=True)
    return submission


@transaction.atomic
def attest(
    submission: Submission, *, by: User, full_name: str, amendment_reason: str = "", at: datetime | None = None
) -> Submission:
    """Send a draft to the regulator under the declaration: it gets its version, its number and its receipt now.

    `at` is the server's time when the last byte of the attestation was in; it is what counts as filed. Raises
    `WrongStatus`, `Locked`, `OpenQuestions`, `ReasonMissing`, `SameAsAccepted` and `DamagedOriginal`.
    """
    at = at or timezone.now()
    hold(submission.centre)
    locked = _locked(submission, SubmissionStatus.DRAFT)
    require_open(locked.centre, locked.period, at)
    asked = questions_with_reasons(locked)
    if open_questions := [question for question, reason in asked if reason is None]:
        raise OpenQuestions(open_questions)
    locked.confirmed = [
        {
            "code": question.code,
            "chip": question.chip_model_id,
            "chip_model": question.chip_name,
            "params": dict(question.params),
            "reason": reason,
        }
        for question, reason in asked
    ]
    locked.chip_names = receipts.chip_names(locked)
    locked.lines_sha256 = receipts.lines_sha256(locked)
    if amended := standing(locked):
        if is_same(amended, locked):
            raise SameAsAccepted(amended)
        if not amendment_reason.strip():
            raise ReasonMissing(amended)
        locked.amendment_reason = amendment_reason.strip()
    locked.version = _next_version(locked.centre, locked.period)
    locked.accession_number = receipts.next_accession_number(locked.centre, at)
    locked.status, locked.submitted_by, locked.submitted_at = SubmissionStatus.SUBMITTED, by, at
    locked.save(
        update_fields=[
            "version", "accession_number", "lines_sha256", "chip_names", "confirmed", "amendment_reason", "status",
            "submitted_by", "submitted_at",
        ]
    )  # fmt: skip
    receipts.issue_received(locked, by=by, full_name=full_name.strip(), at=at)
    return locked


def standing(submission: Submission) -> Submission | None:
    """The accepted submission of the same centre and period, which this one would amend."""
    accepted = Submission.objects.accepted_as_known(submission.period, timezone.now())
    return accepted.filter(centre=submission.centre_id).exclude(pk=submission.pk).first()


def questions_with_reasons(submission: Submission) -> list[tuple[Question, str | None]]:
    """What does not add up of a submission, each with the reason that its operator gave; None: still open.

    A reason counts for the numbers that it was given for. Of what was attested it is what was confirmed then.
    """
    if submission.accession_number:
        return [
            (Question(said["code"], said["chip"], said["chip_model"], said["params"]), said["reason"])
            for said in submission.confirmed
        ]
    reasons = {confirmation.key: confirmation for confirmation in submission.confirmations.all()}
    return [
        (question, given.reason if (given := reasons.get(question.key)) and given.params == question.params else None)
        for question in questions(submission)
    ]


@transaction.atomic
def confirm(submission: Submission, reasons: Mapping[str, str], *, by: User) -> None:
    """Stand by what does not add up: `reasons` by the keys of questions; a blank one leaves its question open."""
    hold(submission.centre)
    locked = _locked(submission, SubmissionStatus.DRAFT)
    for question in questions(locked):
        if reason := reasons.get(question.key, "").strip():
            locked.confirmations.update_or_create(
                key=question.key,
                defaults={
                    "params": question.params,
                    "reason": reason,
                    "confirmed_by": by,
                    "confirmed_at": timezone.now(),
                },
            )


@transaction.atomic
def accept(submission: Submission, *, by: User) -> Submission:
    """Accept what was submitted: from now on it stands for its centre; raises `WrongStatus`, `Superseded`."""
    hold(submission.centre)
    locked = _locked(submission, SubmissionStatus.SUBMITTED)
    later = Submission.objects.filter(
        centre=locked.centre_id,
        period=locked.period_id,
        version__gt=locked.version,
        status__in=[SubmissionStatus.SUBMITTED, SubmissionStatus.ACCEPTED],
    ).last()
    if later is not None:
        raise Superseded(later)
    at = _decide(locked, SubmissionStatus.ACCEPTED, by, "")
    if locked.accession_number:
        receipts.issue_accepted(locked, at=at)
    accepted.send(Submission, submission=locked)
    return locked


@transaction.atomic
def return_for_correction(
    submission: Submission, *, by: User, comment: str, line_comments: Mapping[int, str] | None = None
) -> Submission:
    """Return what was submitted, saying why in `comment`, which must not be blank, and of lines by their rows.

    Raises `WrongStatus`.
    """
    hold(submission.centre)
    locked = _locked(submission, SubmissionStatus.SUBMITTED)
    said = {row: text.strip() for row, text in (line_comments or {}).items() if text.strip()}
    known = set(locked.lines.filter(row__in=said).values_list("row", flat=True))
    locked.line_comments = [{"row": row, "comment": said[row]} for row in sorted(known)]
    _decide(locked, SubmissionStatus.RETURNED, by, comment)
    return locked


@transaction.atomic
def withdraw(submission: Submission, *, by: User) -> Submission:
    """Take back what no regulator has decided yet; it stays readable. Raises `WrongStatus`."""
    return _take_back(submission, by, SubmissionStatus.DRAFT, SubmissionStatus.SUBMITTED)


@transaction.atomic
def discard_draft(submission: Submission, *, by: User) -> Submission:
    """Lay a draft aside, and never what was sent meanwhile. Raises `WrongStatus`."""
    return _take_back(submission, by, SubmissionStatus.DRAFT)


def _take_back(submission: Submission, by: User, *due: SubmissionStatus) -> Submission:
    hold(submission.centre)
    locked = _locked(submission, *due)
    locked.status, locked.withdrawn_by, locked.withdrawn_at = SubmissionStatus.WITHDRAWN, by, timezone.now()
    locked.save(update_fields=["status", "withdrawn_by", "withdrawn_at"])
    Upload.objects.filter(submission=locked).update(status=UploadStatus.DISCARDED)
    return locked


def is_repudiable(submission: Submission, now: datetime) -> bool:
    """Whether its sender can still say that it is not theirs: what was attested, within the days of the setting."""
    until = receipts.repudiation_ends_at(submission) if submission.status in REPUDIABLE else None
    return until is not None and now < until


@transaction.atomic
def repudiate(submission: Submission, *, by: User, reason: str) -> Submission:
    """Say that what was filed in the operator's name is not its own: it stands no longer, and stays readable.

    Where it was accepted, its centre is determined anew. Raises `WrongStatus` and `TooLateToRepudiate`.
    """
    hold(submission.centre)
    locked = _locked(submission, *REPUDIABLE)
    now = timezone.now()
    if not is_repudiable(locked, now):
        raise TooLateToRepudiate
    was_accepted = locked.status == SubmissionStatus.ACCEPTED
    locked.status, locked.repudiated_by, locked.repudiated_at = SubmissionStatus.REPUDIATED, by, now
    locked.repudiation_reason = reason.strip()
    locked.save(update_fields=["status", "repudiated_by", "repudiated_at", "repudiation_reason"])
    if was_accepted:
        repudiated.send(Submission, submission=locked)
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
        fill(cursor, _LINES, _COPY, lines)
    Submission.objects.bulk_create([submission for submission, _ in incoming])


def hold(centre: Centre) -> None:
    """Take the steps of a centre one at a time: every step begins so, and locks what it changes only then.

    What merely refers to the centre need not wait.
    """
    Centre.objects.select_for_update(no_key=True).get(pk=centre.pk)


def _locked(submission: Submission, *due: SubmissionStatus) -> Submission:
    locked = Submission.objects.select_for_update(of=("self",)).select_related("centre", "period").get(pk=submission.pk)
    if locked.status not in due:
        raise WrongStatus(locked)
    return locked


def _decide(submission: Submission, status: SubmissionStatus, by: User, comment: str) -> datetime:
    """Decide it, and tell when that was."""
    at = timezone.now()
    submission.status, submission.decided_by, submission.decided_at = status, by, at
    submission.decision_comment = comment
    submission.save(update_fields=["status", "decided_by", "decided_at", "decision_comment", "line_comments"])
    return at


def _new(key: int, centre: Centre, period: ReportingPeriod) -> Submission:
    """The submission to come, unsaved, under the key that its lines name already."""
    version = _next_version(centre, period)
    return Submission(pk=key, centre=centre, period=period, version=version, provenance=centre.provenance)


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


def _copy_rows(path: Path, name: str, period: ReportingPeriod, submission: int, **how: Any) -> Report:
    reading = read_rows(path, name=name, catalogue=for_intake(), ends_on=period.ends_on, submission=submission, **how)
    with reading as (rows, report), connection.cursor() as cursor:
        try:
            # Of its own, so that the report can still be asked for where a child died within a row.
            with transaction.atomic():
                fill(cursor, _LINES, _COPY, rows)
        except (DataError, IntegrityError):
            found = report()
            if found.ok:
                raise
            return found
        return report()
