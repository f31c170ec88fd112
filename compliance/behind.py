"""Texts of a long COPY, stored by a thread while those that come after them are made."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from itertools import chain, islice
from queue import Queue
from threading import Thread

# So many wait to be stored at most: whoever makes them faster than PostgreSQL takes them waits for it.
_WAITING = 60
_LAST = ""


class Behind(Thread):
    """Stores what it is handed over."""

    def __init__(self, write: Callable[[Iterator[str]], None], at_once: int) -> None:
        # In the name of who asks: a thread begins with no context.
        super().__init__(name="behind", target=copy_context().run, args=[self._store], daemon=True)
        self._write, self._at_once = write, at_once
        self._texts: Queue[str] = Queue(_WAITING)
        self._handed_over = iter(self._texts.get, _LAST)
        self._error: BaseException | None = None
        self._is_given_up = False

    def take(self, text: str) -> None:
        """Hand over what is to be stored; raises what went wrong with what came before."""
        if self._error is not None:
            raise self._error
        self._texts.put(text)

    def finish(self) -> None:
        """Wait until all is stored; raises what went wrong."""
        self._texts.put(_LAST)
        self.join()
        if self._error is not None:
            raise self._error

    def give_up(self) -> None:
        """Wait until it stores no more."""
        self._is_given_up = True
        if self.is_alive():
            self._texts.put(_LAST)
            self.join()

    def _store(self) -> None:
        coming = self._coming()
        try:
            for first in coming:
                self._write(chain([first], islice(coming, self._at_once - 1)))
        except BaseException as error:
            self._error = error
            # Nobody is to wait for room.
            for _ in self._handed_over:
                pass

    def _coming(self) -> Iterator[str]:
        yield from self._handed_over
        if self._is_given_up:
            raise InterruptedError


@contextmanager
def stored_behind(write: Callable[[Iterator[str]], None], at_once: int) -> Iterator[Behind]:
    """Has `write` store, in a thread, what is handed over as long as this lasts, `at_once` texts a time at most.

    At the end all of it is stored. What `write` asks of a connection is all that may be asked of it meanwhile.
    """
    behind = Behind(write, at_once)
    behind.start()
    try:
        yield behind
        behind.finish()
    finally:
        behind.give_up()
