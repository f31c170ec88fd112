"""Which events a reader chose to see, as rows of a page and as lines of a file."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from django import forms
from django.apps import apps
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEvent, AuditLink, Role, User
from accounts.trail.models import EventKind, TrailQuerySet
from accounts.trail.tables import SILENT

PAGE = 50
_LINES_AT_ONCE = 2_000
_FIELDS = (
    "seq", "id", "at", "kind", "subject", "key", "user_id", "role", "channel", "address", "place", "request",
    "before", "after",
)  # fmt: skip


def _subjects() -> list[tuple[str, Any]]:
    """The tables that the trail tells of; asked for when a form is made, since every room has its models by then."""
    known = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    told_of = sorted(name for name in known - set(SILENT) if not name.startswith("accounts_audit"))
    return [("", _("Every record")), *((name, name) for name in told_of)]


class EventChoice(forms.Form):
    """What of the trail is asked for; what is left empty asks for all."""

    kind = forms.ChoiceField(
        label=_("What was done"), required=False, choices=[("", _("Everything")), *EventKind.choices]
    )
    subject = forms.ChoiceField(label=_("Kind of record"), required=False, choices=_subjects)
    key = forms.CharField(label=_("Key of the record"), required=False, max_length=100)
    who = forms.CharField(label=_("Account"), required=False, max_length=150)
    from_on = forms.DateField(label=_("From"), required=False)
    until_on = forms.DateField(label=_("Until"), required=False)
    # The event that the page before ended with.
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name != "before":
                field.widget.attrs["class"] = (
                    "form-select" if isinstance(field.widget, forms.Select) else "form-control"
                )
        for name in ("from_on", "until_on"):
            self.fields[name].widget.input_type = "date"


class Change(NamedTuple):
    """A column with what stood there and what stands there now; None where there was nothing, or is nothing."""

    column: str
    before: str | None
    after: str | None


class Told(NamedTuple):
    """An event as the page shows it."""

    event: AuditEvent
    seq: int | None
    username: str
    role: str
    changes: list[Change]


def chosen(user: User, asked: dict[str, Any]) -> TrailQuerySet[AuditEvent]:
    """The events that `user` may read and asked for, newest first."""
    found = AuditEvent.objects.visible_to(user).order_by("-pk")
    for name in ("kind", "subject", "key"):
        if asked.get(name):
            found = found.filter((name, asked[name]))
    if who := asked.get("who"):
        found = found.filter(user_id__in=list(User.objects.filter(username=who).values_list("pk", flat=True)))
    if day := asked.get("from_on"):
        found = found.filter(at__gte=timezone.make_aware(datetime.combine(day, time())))
    if day := asked.get("until_on"):
        found = found.filter(at__lt=timezone.make_aware(datetime.combine(day, time()) + timedelta(days=1)))
    if asked.get("before"):
        found = found.filter(pk__lt=asked["before"])
    return found


def told(user: User, events: Sequence[AuditEvent]) -> list[Told]:
    """`events` with the places that they have in the chain, and the accounts as they are called now."""
    links = AuditLink.objects.visible_to(user).filter(event_id__in=[event.pk for event in events])
    places = dict(links.values_list("event_id", "seq"))
    accounts = User.objects.filter(pk__in={event.user_id for event in events if event.user_id})
    names = dict(accounts.values_list("pk", "username"))
    return [
        Told(
            event=event,
            seq=places.get(event.pk),
            username=names.get(event.user_id or 0, ""),
            # Where nobody said who asks, it is a role of the database.
            role=str(dict(Role.choices).get(event.role, event.role)),
            changes=_changes(event.before, event.after),
        )
        for event in events
    ]


def _changes(before: Any, after: Any) -> list[Change]:
    old, new = before or {}, after or {}
    return [
        Change(name, _text(old[name]) if name in old else None, _text(new[name]) if name in new else None)
        for name in sorted(old | new)
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_lines(user: User, events: TrailQuerySet[AuditEvent]) -> Iterator[str]:
    """Each event as a line of JSON, with its place in the chain where it has one."""
    place = AuditLink.objects.visible_to(user).filter(event_id=OuterRef("pk")).values("seq")
    for row in events.annotate(seq=Subquery(place)).values(*_FIELDS).iterator(_LINES_AT_ONCE):
        yield json.dumps(row | {"at": row["at"].isoformat()}, ensure_ascii=False) + "\n"
