"""An administrator is always left, whatever two of them do to each other at the same moment."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import administration
from accounts.administration import NoAdministrator, Rights
from accounts.models import Role, User
from tests import cast
from tests.together import at_once


def left() -> int:
    return User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).count()


def closing(account: User, by: User) -> Callable[[], None]:
    return lambda: administration.close(account, reason="x", by=by, now=timezone.now())


def demoting(account: User, by: User) -> Callable[[], Any]:
    now = timezone.now()
    return lambda: administration.assign(
        account, rights=Rights(Role.ANALYST), from_on=timezone.localdate(now), reason="x", by=by, now=now
    )


@pytest.mark.parametrize("first", [closing, demoting])
@pytest.mark.parametrize("second", [closing, demoting])
@pytest.mark.django_db(transaction=True)
def test_of_two_who_put_each_other_out_one_stays(first: Any, second: Any) -> None:
    one, other = cast.administrator(), cast.user("other", Role.ADMINISTRATOR)
    came = at_once([first(other, one), second(one, other)])
    assert [type(answer) for answer in came].count(NoAdministrator) == 1
    assert left() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_put_each_other_out_in_a_ring_one_stays() -> None:
    ring = [cast.user(f"admin-{number}", Role.ADMINISTRATOR) for number in range(6)]
    at_once([closing(ring[(number + 1) % 6], ring[number]) for number in range(6)])
    assert left() >= 1


@pytest.mark.django_db
def test_of_two_who_demote_each_other_for_a_later_day_one_stays() -> None:
    one, other, now = cast.administrator(), cast.user("other", Role.ADMINISTRATOR), timezone.now()
    later = now + timedelta(days=1)
    for account, by in ((one, other), (other, one)):
        administration.assign(
            account, rights=Rights(Role.ANALYST), from_on=timezone.localdate(later), reason="x", by=by, now=now
        )
    assert (administration.take_up_due(later), left()) == (1, 1)
    # It is taken up once there is another.
    cast.user("third", Role.ADMINISTRATOR)
    assert (administration.take_up_due(later), left()) == (1, 1)
