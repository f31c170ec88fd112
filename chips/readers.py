"""How many files one process of web reads at once: its other threads are for everybody who sends none."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from django.conf import settings

_lock, _reading = Lock(), 0


class ReadersBusy(Exception):
    """As many files are being read as may; nothing was done."""


@contextmanager
def a_reader() -> Iterator[None]:
    """As long as this lasts a file is read; raises `ReadersBusy` where it would be one too many."""
    global _reading
    with _lock:
        if _reading >= settings.READERS_OF_WEB:
            raise ReadersBusy
        _reading += 1
    try:
        yield
    finally:
        with _lock:
            _reading -= 1
