"""The tests' database holds the reference data, loaded once: every test begins with what ships."""

import pytest
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker

from centres.models import Operator
from tests import cast


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        call_command("load_reference", verbosity=0)


@pytest.fixture
def owner(db: None) -> Operator:
    """The operator whose own centres a test is about."""
    return cast.operator()


@pytest.fixture
def rival(db: None) -> Operator:
    """An operator that must learn nothing of the owner's centres."""
    return cast.operator("Rival Computing")
