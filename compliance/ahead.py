"""Rows of a long answer, read by a thread while those that came before are worked on."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

from django.db import connection

Row = tuple[Any, ...]

# So many come first. Each piece after it is so many times as long: PostgreSQL reads it while the one before is worked
# on, and the thread has to wait for the interpreter a few times only.
_FIRST, _GROWTH = 250, 3


class Ahead(Thread):
    """Reads what a cursor holds; what it read comes as `rows`."""

    def __init__(self, cursor: Any) -> None:
        super().__init__(name="ahead", daemon=True)
        self._cursor = cursor
        self._pieces: SimpleQueue[list[Row]] = SimpleQueue()
        self._is_unwanted = Event()
        self._error: BaseException | None = None
        self.rows: Iterator[Row] = chain.from_iterable(iter(self._next_piece, []))

    def run(self) -> None:
        """Read to the end, or until it is stopped; what goes wrong is raised where rows are taken."""
        count = _FIRST
        try:
            while not self._is_unwanted.is_set() and (piece := self._cursor.fetchmany(count)):
                self._pieces.put(piece)
                count *= _GROWTH
        except BaseException as error:
            self._error = error
        self._pieces.put([])

    def finish(self) -> None:
        """Wait until all is read; raises what went wrong on the way."""
        self.join()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Wait until it reads no more."""
        self._is_unwanted.set()
        self.join()

    def _next_piece(self) -> list[Row]:
        piece = self._pieces.get()
        if not piece and self._error is not None:
            raise self._error
        return piece


@contextmanager
def read_ahead(query: str, parameters: list[Any]) -> Iterator[Ahead]:
    """Reads what `query` gives as long as this lasts; within a transaction, which keeps the server's cursor open.

    Until it has finished nothing else is to be asked of the connection; least of all anything that waits, while it
    sends, for rows that are still to be read.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, parameters)
        ahead = Ahead(cursor)
        ahead.start()
        try:
            yield ahead
        finally:
            # Before the transaction ends: what it would read then belongs to the next one.
            ahead.stop()
