"""The trail: what happened, in which order it was sealed, and the signed heads of that chain.

All three are only added to; who they speak of is known by key alone, since an event outlives whom it tells of.
"""

from typing import TYPE_CHECKING, Self, TypeVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import User


class EventKind(models.TextChoices):
    INSERT = "insert", _("added")
    UPDATE = "update", _("changed")
    DELETE = "delete", _("removed")
    TRUNCATE = "truncate", _("emptied")
    SIGN_IN = "sign-in", _("signed in")
    SIGN_OUT = "sign-out", _("signed out")
    SIGN_IN_FAILED = "sign-in-failed", _("failed to sign in")
    REFUSED = "refused", _("was refused")
    DOWNLOAD = "download", _("downloaded")


_Row = TypeVar("_Row", bound=models.Model)


class TrailQuerySet(models.QuerySet[_Row]):
    """What happened, and what proves it."""

    def visible_to(self, user: "User") -> Self:
        """All of it to regulators of the whole country; nothing to others."""
        return self.all() if may_read(user) else self.none()


def may_read(user: "User") -> bool:
    """Whether the trail is `user`'s to read: it tells what every operator filed, which is no administrator's."""
    return user.is_active and user.role == "regulator" and user.all_regions


class AuditEvent(models.Model):
    """One change of a record, or one thing that somebody did: who, from where, what, before and after."""

    at = models.DateTimeField()
    # The transaction that wrote it, by which sealing knows what can still come.
    xid = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=EventKind.choices)
    # The table and the key of the record; of several at once the first and the last key.
    subject = models.CharField(max_length=63, blank=True)
    key = models.TextField(blank=True)
    user_id = models.BigIntegerField(null=True)
    role = models.CharField(max_length=20, blank=True)
    channel = models.CharField(max_length=20, blank=True)
    address = models.TextField(blank=True)
    place = models.TextField(blank=True)
    request = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    objects = TrailQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["xid"], name="audit_event_xid"),
            models.Index(fields=["subject", "key"], name="audit_event_record"),
            models.Index(fields=["user_id"], name="audit_event_user"),
            BrinIndex(fields=["at"], name="audit_event_at"),
        ]


class AuditLink(models.Model):
    """The place of an event in the chain, and the SHA-256 over the link before it and the event's own bytes."""

    seq = models.BigIntegerField(primary_key=True)
    # No foreign key: it costs as much as the row, and verifying looks for the event anyway.
    event_id = models.BigIntegerField(unique=True)
    sha256 = models.BinaryField()

    objects = TrailQuerySet.as_manager()


class AuditHead(models.Model):
    """The last link of a sealed batch, signed."""

    seq = models.BigIntegerField(primary_key=True)
    sha256 = models.CharField(max_length=64)
    signed_at = models.CharField(max_length=32)
    public_key = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)
    # No transaction before this one was still running when the batch was read, in this cluster.
    oldest_xid = models.BigIntegerField()
    cluster = models.BigIntegerField()

    objects = TrailQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["signed_at"], name="audit_head_signed_at")]
