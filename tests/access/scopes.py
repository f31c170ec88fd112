"""`visible_to` of every table: taken out of some, or only listened to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps

from accounts.models import User

ROOMS = ("accounts", "centres", "chips", "compliance", "reports")
Scope = Callable[[Any, User], Any]


def tables() -> set[str]:
    """Every table there is, by its label."""
    return {model._meta.label for room in ROOMS for model in apps.get_app_config(room).get_models()}


def manager(table: str) -> Any:
    return apps.get_model(table)._default_manager


def take_out(monkeypatch: pytest.MonkeyPatch, *out: str) -> None:
    """Let `visible_to` of these tables, and of no other, hold nothing back.

    Another's that asks one of these is none of them: it holds what it held.
    """
    asking: list[str] = []

    def opened(held: Scope) -> Scope:
        def visible_to(self: Any, user: User) -> Any:
            if self.model._meta.label in out and not asking:
                return self.all()
            asking.append(self.model._meta.label)
            try:
                return held(self, user)
            finally:
                asking.pop()

        return visible_to

    _put_before(monkeypatch, opened)


def listen(monkeypatch: pytest.MonkeyPatch, heard: set[str]) -> None:
    """Write down in `heard` the tables whose `visible_to` is asked."""

    def overheard(held: Scope) -> Scope:
        def visible_to(self: Any, user: User) -> Any:
            heard.add(self.model._meta.label)
            return held(self, user)

        return visible_to

    _put_before(monkeypatch, overheard)


def _put_before(monkeypatch: pytest.MonkeyPatch, other: Callable[[Scope], Scope]) -> None:
    managers = [manager(table) for table in tables()]
    for cls in {each for one in managers for each in (type(one), type(one.get_queryset()))}:
        monkeypatch.setattr(cls, "visible_to", other(cls.visible_to))
