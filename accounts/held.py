"""What the register holds of a person: for themselves, and for an administrator whom they asked for it.

Found by what refers to an account, in every room, so that a table that is made tomorrow is told of too: what belongs to
the person is told whole, what they filed, signed and decided by its key.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import CASCADE, ForeignObjectRel, Q

from accounts import asking
from accounts.models import AuditEvent, User

# Secrets, and the answers that are kept for a program that asks twice: they repeat records.
_NEVER_TOLD = {
    "password", "key_sha256", "data", "session_key", "token", "token_secret", "secret", "body",
    "request_sha256",
}  # fmt: skip
# Besides what goes with the account: rows that speak of the person, and of nobody else.
_SPEAKS_OF = {"account", "accepted_by"}
_EVENT = ("id", "at", "kind", "subject", "key", "role", "channel", "address")


@asking.asked_by_register()
def held_of(account: User) -> dict[str, Any]:
    """All of it as data. Events say what was done to which record; what was written there is the record's."""
    own: dict[str, list[dict[str, Any]]] = {}
    referring: dict[str, list[Any]] = {}
    for relation in _relations():
        model, field = relation.related_model, relation.field
        rows = model._default_manager.filter((field.name, account.pk)).order_by("pk")
        if relation.on_delete is CASCADE or field.name in _SPEAKS_OF:
            own.setdefault(model._meta.db_table, []).extend(map(_told, rows.values()))
        elif keys := list(rows.values_list("pk", flat=True)):
            referring[f"{model._meta.db_table}.{field.column}"] = keys
    return {
        "account": _told(User.objects.filter(pk=account.pk).values().get()),
        "own": {table: rows for table, rows in own.items() if rows},
        "by_reference": referring,
        "events": list(_events(account)),
    }


def _relations() -> Iterator[ForeignObjectRel]:
    """What refers to an account, those that have no name on its side included."""
    for field in User._meta.get_fields(include_hidden=True):
        if isinstance(field, ForeignObjectRel) and not field.many_to_many:
            yield field


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _NEVER_TOLD}


def _events(account: User) -> Iterator[dict[str, Any]]:
    """What the person did, and what was done to the account."""
    of_account = Q(subject=User._meta.db_table, key=str(account.pk))
    return AuditEvent.objects.filter(Q(user_id=account.pk) | of_account).order_by("pk").values(*_EVENT).iterator()
