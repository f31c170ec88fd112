"""What takes long to make is made once for many tests, each of which takes back what it changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import transaction
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker


@contextmanager
def made(blocker: DjangoDbBlocker, files: Path) -> Iterator[None]:
    """What is made in here, with its files in `files`, is there until the end of this, and then gone.

    A test in between is a savepoint of this transaction; so none of them may be transactional.
    """
    with blocker.unblock(), override_settings(FILES_DIR=files), transaction.atomic():
        yield
        transaction.set_rollback(True)
