from collections.abc import Iterator
from datetime import date

import pytest
from django.test import override_settings
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from accounts.models import AccountStep, Assignment, AuditEvent, AuditHead, AuditLink, IdempotencyKey, Role
from chips import filing_views
from chips.models import Confirmation, Reminder
from compliance.models import ExemptionNotice, OutlookError, OutlookRun
from tests import cast, once
from tests.access.estates import House, furnished
from tests.accounts.other_system import answering, named_by_settings


@pytest.fixture(scope="package")
def house(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Both estates, furnished once for all of these tests: whoever changes anything takes it back."""
    with (
        # The addresses that there are only where another system signs people in stand in the matrix, too.
        answering() as other,
        override_settings(**named_by_settings(other)),
        once.made(django_db_blocker, tmp_path_factory.mktemp("files")),
        # Who signed in as a module began has done so lately until its end.
        override_settings(ACCOUNT_REAUTHENTICATION_TIMEOUT=3600),
        pytest.MonkeyPatch.context() as patch,
    ):
        # No worker reads what is sent again here.
        patch.setattr(filing_views, "_WAITED", 0)
        yield furnished()


@pytest.fixture
def written(house: House) -> House:
    """Also what the register writes by the way: mails that are due, keys, errors of outlooks."""
    now, quarter = timezone.now(), cast.period()
    for estate in (house.quartz, house.basalt):
        user = estate.files
        Reminder.objects.create(
            centre=estate.centre, period=quarter, user=user, due_on=date(2026, 1, 31), occasion=-7, created_at=now,
            next_at=now,
        )  # fmt: skip
        ExemptionNotice.objects.get_or_create(
            exemption=estate.exemption, user=user, ends_on=date(2026, 3, 31), days_before=30,
            defaults={"created_at": now, "next_at": now},
        )  # fmt: skip
        Assignment.objects.create(
            account=user, from_on=date(2027, 1, 1), role=Role.ANALYST, reason=f"{estate.sign.mark} moves.",
            assigned_by=house.people["administrator"], assigned_at=now,
        )  # fmt: skip
        AccountStep.objects.create(
            account=user, kind="made", reason=f"{estate.sign.mark} was made.", taken_by=house.people["administrator"],
            taken_at=now,
        )  # fmt: skip
        IdempotencyKey.objects.create(user=user, key="once", request_sha256="0" * 64, created_at=now)
        Confirmation.objects.create(
            submission=estate.accepted, key="asked", params={}, reason=f"{estate.sign.mark} is sure.",
            confirmed_by=user, confirmed_at=now,
        )  # fmt: skip
    OutlookError.objects.get_or_create(
        mandate=house.provision.mandate, scale="country", quarters_ahead=1,
        defaults={"outlooks": 3, "median_error": 1, "greatest_error": 2, "within": 3, "made_at": now},
    )  # fmt: skip
    AuditLink.objects.get_or_create(seq=1, defaults={"event_id": AuditEvent.objects.earliest("pk").pk, "sha256": b"0"})
    signed = {"sha256": "0" * 64, "signed_at": now.isoformat(), "oldest_xid": 1, "cluster": 1}
    AuditHead.objects.get_or_create(seq=1, defaults=signed)
    OutlookRun.objects.create(period=quarter, requested_at=now, last_determination=1, done_at=now)
    return house
