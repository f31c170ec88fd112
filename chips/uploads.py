"""An operator's file, from its last byte to a draft without fault: kept first, read by a worker, mended, read again.

PostgreSQL remembers what is to be read and the broker only rings: with the broker away a file is received all the
same. Who reads a file shows life; a reading that falls silent is taken over, and the loser finds out before it stores.
"""

import hashlib
import json
import logging
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts.models import User
from accounts.pseudonyms import pseudonym_of
from centres.models import Centre, ReportingPeriod
from chips import allowance, submissions
from chips.allowance import UNREAD
from chips.intake.check import Report
from chips.models import Submission, SubmissionStatus, Upload, UploadStatus
from chips.originals import damaged, keep_original, original, sha256_of
from chips.timeliness import require_open

logger = logging.getLogger(__name__)

# A reader shows life every `PULSE`; one that was silent for so long is gone.
PULSE, SILENT_AFTER = 0.5, timedelta(seconds=15)
# A file that took down so many readers waits for a person.
GREATEST_ATTEMPTS = 3
SWEPT_AFTER = timedelta(seconds=10)
SWEPT_AT_ONCE = 100
# Seconds until it is asked first whether a file is read: a small one is read in a tenth.
FIRST_PAUSE = 0.005
# Seconds for which who sends a file again waits for the one who reads it.
LONGEST_WAIT = 30
LONGEST_CORRECTION = 10_000


class NotMendable(Exception):
    """A step that the upload's status does not allow."""

    def __init__(self, upload: Upload) -> None:
        super().__init__(f"Upload {upload.pk} is {upload.status}.")
        self.upload = upload


class MendedMeanwhile(NotMendable):
    """Somebody else mended it while the answers were given."""


class BeingRead(Exception):
    """The same file was sent before, and is being read."""


class _TakenOver(Exception):
    """Rolls back what a reader stored whom another took for dead."""


def receive(
    *,
    path: Path,
    name: str,
    centre: Centre,
    period: ReportingPeriod,
    sent_by: User,
    received_at: datetime,
    declared_lines: int | None = None,
    declared_units: int | None = None,
    ring: bool = True,
) -> Upload:
    """Keep the file at `path`, whose last byte was in at `received_at`, and have it read.

    The same file sent again, while the first one is being read or stands as a draft, is the first one. Raises
    `Locked`, `OverAllowance`, and `OSError` where the file cannot be kept: then nothing of it is.
    """
    sha256, size = sha256_of(path), path.stat().st_size
    require_open(centre, period, received_at)
    declared = {"declared_lines": declared_lines, "declared_units": declared_units}
    with transaction.atomic():
        allowance.hold(centre.operator)
        submissions.hold(centre)
        alive = Q(status__in=UNREAD) | Q(status=UploadStatus.READ, submission__status=SubmissionStatus.DRAFT)
        sent_before = Upload.objects.filter(
            alive, centre=centre, period=period, file_sha256=sha256, corrections=[], **declared
        ).last()
        if sent_before is None:
            allowance.require_room(centre.operator, sha256, size)
        # What is damaged is made good, also where it was sent before.
        keep_original(path, sha256)
        if sent_before is not None:
            return sent_before
        upload = Upload.objects.create(
            centre=centre, period=period, sent_by=sent_by, received_at=received_at, file_name=name[:255],
            file_sha256=sha256, file_size=size, **declared,
        )  # fmt: skip
        if ring:
            _ring(upload)
    return upload


def _ring(upload: Upload) -> None:
    from chips.tasks import read_upload

    # Robust: a broker that is away must not fail what was just received; the sweep rings again.
    transaction.on_commit(lambda: read_upload.delay(upload.pk), robust=True)


def read_in_turn(upload_id: int) -> bool:
    """Read the file whose turn it is, once somebody rang for `upload_id`; whether that one still waits.

    Operators take turns, so that who sends many files lets those of others go between.
    """
    while (turn := _whose_turn()) is not None:
        # Where another reader was quicker, it is the next one's turn.
        if read(turn) is not None:
            break
    return Upload.objects.filter(pk=upload_id, status=UploadStatus.WAITING).exists()


def _whose_turn() -> int | None:
    """Of the files that nobody reads, the oldest of the operator of which none was read for the longest time."""
    of_operator = Upload.objects.filter(centre__operator=OuterRef("centre__operator"), alive_at__isnull=False)
    latest = of_operator.order_by("-alive_at").values("alive_at")[:1]
    waiting = Upload.objects.filter(_unread_by_anybody(timezone.now()))
    in_turn = waiting.order_by(Subquery(latest).asc(nulls_first=True), "received_at", "pk")
    return in_turn.values_list("pk", flat=True).first()


def _unread_by_anybody(now: datetime) -> Q:
    """Of an upload that waits, or whose reader fell silent."""
    return Q(status=UploadStatus.WAITING) | Q(status=UploadStatus.READING, alive_at__lt=now - SILENT_AFTER)


def read(upload_id: int) -> Report | None:
    """Read an upload that waits; None where there is nothing to read, or another reads it.

    Its lines become a draft, or its report tells what is wrong with it; both in one transaction.
    """
    upload = _claim(upload_id)
    if upload is None or not _may_still_file(upload):
        return None
    pulse = _Pulse(upload)
    try:
        with pulse.beating(), transaction.atomic():
            report, draft = submissions.store_draft(
                path=original(upload.file_sha256),
                name=upload.file_name,
                centre=upload.centre,
                period=upload.period,
                created_by=upload.sent_by,
                received_at=upload.received_at,
                corrections=upload.corrections,
                declared_lines=upload.declared_lines,
                declared_units=upload.declared_units,
                on_progress=pulse.note,
            )
            told = Upload.objects.filter(pk=upload.pk, claim=upload.claim).update(
                status=UploadStatus.FAULTY if draft is None else UploadStatus.READ,
                submission=draft,
                report=report.as_data(),
                corrections=submissions.settled(upload.corrections, report),
                lines_read=report.lines,
                percent_read=100,
                claim=None,
            )
            if not told:
                raise _TakenOver
            if draft is not None:
                _keep_confirmations(draft)
    except _TakenOver:
        logger.warning("Upload %s was taken over", upload.pk)
        return None
    return report


def _keep_confirmations(draft: Submission) -> None:
    """Give a draft the reasons that were given of the same file before it was mended; they count by their numbers."""
    earlier = Submission.objects.filter(
        centre=draft.centre_id,
        period=draft.period_id,
        file_sha256=draft.file_sha256,
        status=SubmissionStatus.WITHDRAWN,
        submitted_at__isnull=True,
    ).exclude(pk=draft.pk)
    last = earlier.order_by("-pk").first()
    for confirmation in last.confirmations.all() if last else ():
        confirmation.pk, confirmation.submission = None, draft
        confirmation.save(force_insert=True)


def once_read(upload: Upload, *, within: float) -> Upload:
    """The upload as it stands once it is read, or after `within` seconds, whichever comes first.

    It asks again and again, since PostgreSQL can tell only a connection that is nobody else's, and web servers share
    theirs; ever more rarely, so that a large file is hardly asked for.
    """
    until, pause = time.monotonic() + within, FIRST_PAUSE
    upload.refresh_from_db()
    while upload.status in UNREAD and (left := until - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        pause *= 1.2
        upload.refresh_from_db()
    return upload


def read_now(upload: Upload) -> tuple[Report, Submission | None]:
    """Read an upload; what it came to, also where it was read before.

    Where the same file was sent before and somebody else reads it just now, this waits for them; it raises `BeingRead`
    where that takes longer than `LONGEST_WAIT`, or where waiting would hold what they need.
    """
    read(upload.pk)
    once_read(upload, within=0 if connection.in_atomic_block else LONGEST_WAIT)
    if upload.report is None or upload.status in UNREAD:
        raise BeingRead
    return Report.from_data(upload.report), upload.submission


def _claim(upload_id: int) -> Upload | None:
    """Take an upload that waits, or whose reader fell silent; one that took down too many is set aside."""
    now = timezone.now()
    open_uploads = Upload.objects.filter(_unread_by_anybody(now), pk=upload_id)
    open_uploads.filter(attempts__gte=GREATEST_ATTEMPTS).update(status=UploadStatus.FAILED, claim=None)
    claim = uuid.uuid4()
    taken = open_uploads.update(
        status=UploadStatus.READING, claim=claim, alive_at=now, attempts=F("attempts") + 1, lines_read=0,
        percent_read=None,
    )  # fmt: skip
    if not taken:
        return None
    return Upload.objects.select_related("centre", "period", "sent_by").get(pk=upload_id, claim=claim)


def _may_still_file(upload: Upload) -> bool:
    """Whether who sent the file acts for the centre still; else it is laid aside, and others send it in their name."""
    if upload.centre.operator_id in upload.sent_by.operator_ids:
        return True
    Upload.objects.filter(pk=upload.pk, claim=upload.claim).update(status=UploadStatus.DISCARDED, claim=None)
    return False


class _Pulse:
    """Shows, from a thread of its own, that an upload is being read and how far."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.lines = 0
        self.fraction: float | None = None
        self._over = threading.Event()

    def note(self, lines: int, fraction: float | None) -> None:
        self.lines, self.fraction = lines, fraction

    @contextmanager
    def beating(self) -> Iterator[None]:
        # Within a transaction nobody else sees the upload yet, so that there is nothing to show.
        if connection.in_atomic_block:
            yield
            return
        # It asks in the same name as this thread.
        thread = threading.Thread(target=copy_context().run, args=(self._beat,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _beat(self) -> None:
        try:
            while not self._over.wait(PULSE):
                percent = None if self.fraction is None else min(99, int(100 * self.fraction))
                Upload.objects.filter(pk=self.upload.pk, claim=self.upload.claim).update(
                    alive_at=timezone.now(), lines_read=self.lines, percent_read=percent
                )
        finally:
            connection.close()


def fingerprint(upload: Upload) -> str:
    """What tells whether the page that somebody answers is still the one that the upload would show."""
    seen = json.dumps([upload.status, upload.report, upload.corrections], sort_keys=True)
    return hashlib.sha256(seen.encode()).hexdigest()[:32]


@transaction.atomic
def mend(
    upload: Upload,
    corrections: Sequence[tuple[int, str, str]],
    *,
    by: User,
    seen: str,
    declared: Mapping[str, int | None] | None = None,
) -> Upload:
    """Have cells (row, column) read as the text given, in place of what the file holds, and read it again.

    `seen` is the `fingerprint` of what the answers were given to. `declared` are the lines and units that the sender
    now says that the file holds. A draft that it was becomes void; what was confirmed of it is kept for the next.
    Raises `NotMendable`, `MendedMeanwhile` and `WrongStatus`.
    """
    locked = _locked(upload, UploadStatus.FAULTY, UploadStatus.READ)
    if fingerprint(locked) != seen:
        raise MendedMeanwhile(locked)
    at = timezone.localtime().isoformat(timespec="seconds")
    locked.corrections += [
        # What was written is told by the reading.
        {"row": row, "column": column, "written": None, "corrected": text, "by": pseudonym_of(by), "at": at}
        for row, column, text in corrections
    ]
    for name, number in (declared or {}).items():
        setattr(locked, name, number)
    _void_draft(locked, by)
    return _again(locked)


@transaction.atomic
def undo(upload: Upload, *, by: User) -> Upload:
    """Take back all that was mended in the page: the file is read as it was sent. Raises `NotMendable`."""
    locked = _locked(upload, UploadStatus.FAULTY, UploadStatus.READ)
    locked.corrections = []
    _void_draft(locked, by)
    return _again(locked)


@transaction.atomic
def retry(upload: Upload) -> Upload:
    """Read anew what could not be read. Raises `NotMendable`."""
    return _again(_locked(upload, UploadStatus.FAILED))


@transaction.atomic
def discard(upload: Upload, *, by: User) -> Upload:
    """Lay an upload aside, with the draft that it was; the file is kept. Raises `NotMendable` and `WrongStatus`."""
    locked = _locked(upload, *(status for status in UploadStatus if status != UploadStatus.DISCARDED))
    if locked.submission is not None:
        submissions.discard_draft(locked.submission, by=by)
    # Whoever reads it finds out before it stores.
    locked.status, locked.claim = UploadStatus.DISCARDED, None
    locked.save(update_fields=["status", "claim"])
    return locked


def _locked(upload: Upload, *due: UploadStatus) -> Upload:
    submissions.hold(upload.centre)
    locked = Upload.objects.select_for_update(of=("self",)).select_related("centre", "period").get(pk=upload.pk)
    if locked.status not in due:
        raise NotMendable(locked)
    return locked


def _void_draft(upload: Upload, by: User) -> None:
    draft, upload.submission = upload.submission, None
    if draft is not None:
        upload.status = UploadStatus.WAITING
        upload.save(update_fields=["submission", "status"])
        submissions.discard_draft(draft, by=by)


def _again(upload: Upload) -> Upload:
    upload.status, upload.attempts, upload.percent_read, upload.lines_read = UploadStatus.WAITING, 0, None, 0
    upload.report = None
    upload.save()
    _ring(upload)
    return upload


def unfinished(user: User) -> QuerySet[Upload]:
    """The files that `user` sent and that wait for it: not read yet, or to be mended; oldest first.

    One that a later filing of the same centre and period follows waits for nobody.
    """
    later = (
        Submission.objects.visible_to(user)
        .filter(centre=OuterRef("centre"), period=OuterRef("period"), created_at__gt=OuterRef("received_at"))
        .exclude(status=SubmissionStatus.WITHDRAWN)
    )
    open_uploads = Upload.objects.visible_to(user).filter(
        status__in=[*UNREAD, UploadStatus.FAULTY, UploadStatus.FAILED]
    )
    waiting = open_uploads.filter(~Exists(later))
    return waiting.select_related("centre", "period").order_by("received_at", "pk")


def check_originals() -> list[str]:
    """Read every file that was received anew, and tell in the log which are missing or damaged; their digests."""
    digests = Upload.objects.order_by("file_sha256").values_list("file_sha256", flat=True).distinct()
    filed = Submission.objects.exclude(file_sha256="").order_by("file_sha256").values_list("file_sha256", flat=True)
    found = list(damaged(digests.union(filed.distinct()).iterator()))
    for sha256 in found:
        logger.error("The original %s is missing or damaged: restore it from a backup", sha256)
    return found


def left_unread(now: datetime) -> list[int]:
    """The uploads that nobody reads, oldest first."""
    lost = Upload.objects.filter(_unread_by_anybody(now)).exclude(
        status=UploadStatus.WAITING, received_at__gt=now - SWEPT_AFTER
    )
    return list(lost.order_by("received_at").values_list("pk", flat=True)[:SWEPT_AT_ONCE])
