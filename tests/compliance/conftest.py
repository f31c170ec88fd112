"""Who takes part in decisions."""

import pytest

from accounts.models import Role, User
from centres.models import Operator
from tests import cast


@pytest.fixture
def filer(owner: Operator) -> User:
    """Somebody who files for the owner's centres."""
    return cast.user("filer", Role.OPERATOR, acts_for=owner)


@pytest.fixture
def rival_user(rival: Operator) -> User:
    """Somebody who files for another operator's."""
    return cast.user("rival", Role.OPERATOR, acts_for=rival)


@pytest.fixture
def regulator(db: None) -> User:
    """A regulator of the whole country."""
    return cast.regulator()
