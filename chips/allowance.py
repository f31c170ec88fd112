"""How much of one operator's files is kept, and how many of them may wait: nobody fills the disk or the queue alone."""

from typing import NamedTuple

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from centres.models import Operator
from chips.intake.formats import MIB
from chips.models import Upload, UploadStatus

UNREAD = (UploadStatus.WAITING, UploadStatus.READING)


class Usage(NamedTuple):
    """What an operator uses of what it may: bytes that are kept, and files that wait to be read or are being read."""

    used_bytes: int
    quota_bytes: int
    waiting: int
    most_waiting: int

    @property
    def used_mib(self) -> int:
        """Rounded up: what is begun is used."""
        return -(-self.used_bytes // MIB)

    @property
    def quota_mib(self) -> int:
        return self.quota_bytes // MIB


class OverAllowance(Exception):
    """A file that its operator may not send as things are; nothing of it is kept."""

    def __init__(self, usage: Usage) -> None:
        super().__init__(str(usage))
        self.usage = usage


class QuotaReached(OverAllowance):
    """It does not fit in beside what is kept of the operator's files."""


class TooManyWaiting(OverAllowance):
    """So many of the operator's files wait already as may."""


def usage_of(operator: Operator | None) -> Usage:
    """What is used now. A file that was sent again is kept once, and a discarded one is kept."""
    sent = _sent_by(operator)
    kept = sent.order_by().values("file_sha256", "file_size").distinct()
    return Usage(
        used_bytes=kept.aggregate(sum=Sum("file_size"))["sum"] or 0,
        quota_bytes=settings.STORAGE_PER_OPERATOR_MIB * MIB,
        waiting=sent.filter(status__in=UNREAD).count(),
        most_waiting=settings.UPLOADS_WAITING_PER_OPERATOR,
    )


def hold(operator: Operator | None) -> None:
    """Take the files of an operator one at a time, so that they are counted exactly; before `submissions.hold`."""
    if operator is not None:
        Operator.objects.select_for_update(no_key=True).get(pk=operator.pk)


def require_room(operator: Operator | None, sha256: str, size: int) -> None:
    """Raise `TooManyWaiting` or `QuotaReached` where a file of `size` bytes is one too many."""
    usage = usage_of(operator)
    if usage.waiting >= usage.most_waiting:
        raise TooManyWaiting(usage)
    is_kept = _sent_by(operator).filter(file_sha256=sha256).exists()
    if not is_kept and usage.used_bytes + size > usage.quota_bytes:
        raise QuotaReached(usage)


def why_refused(refusal: OverAllowance) -> str:
    """Why a file is not taken, in the reader's language."""
    usage = refusal.usage
    if isinstance(refusal, TooManyWaiting):
        return _(
            "%(waiting)d files of the operator wait to be read already. Nothing of this one was stored; send it when "
            "one of them has been read."
        ) % {"waiting": usage.waiting}
    return _(
        "Of the operator's files %(used)d of %(quota)d MiB are kept, and this one does not fit in. Nothing of it was "
        "stored; whoever runs the register can give more room."
    ) % {"used": usage.used_mib, "quota": usage.quota_mib}


def _sent_by(operator: Operator | None) -> QuerySet[Upload]:
    return Upload.objects.filter(centre__operator=operator)
