"""A cursor that adds up how long it waits: for statements, and for a COPY with the rows that are made meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from django.db import connection

from accounts.postgres.base import TellingCursor


class TimedCursor(TellingCursor):
    seconds = 0.0

    @classmethod
    @contextmanager
    def used(cls) -> Iterator[type["TimedCursor"]]:
        """Have Django's connection use it; its `seconds` begin anew."""
        before = connection.connection.cursor_factory
        connection.connection.cursor_factory, cls.seconds = cls, 0.0
        try:
            yield cls
        finally:
            connection.connection.cursor_factory = before

    def execute(self, *arguments: Any, **named: Any) -> None:
        started = perf_counter()
        super().execute(*arguments, **named)
        TimedCursor.seconds += perf_counter() - started

    def copy_expert(self, *arguments: Any, **named: Any) -> None:
        started = perf_counter()
        super().copy_expert(*arguments, **named)
        TimedCursor.seconds += perf_counter() - started
