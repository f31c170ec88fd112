"""`visible_to` of every table: what `matrix.py` says, and that nothing else holds what it holds."""

from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model
from django.utils import timezone

from accounts.models import (
    AccountStep,
    Assignment,
    AuditEvent,
    AuditHead,
    AuditLink,
    IdempotencyKey,
    Membership,
    Role,
    User,
)
from chips.models import Confirmation, Reminder
from compliance.models import ExemptionNotice, OutlookError, OutlookRun
from tests import cast
from tests.access.asking import by_session
from tests.access.estates import Estate, House
from tests.access.matrix import OTHERS, READERS, REGIONS, ROWS, TABLES, WHO
from tests.access.test_matrix import ROUTES, asked, shows

pytestmark = pytest.mark.django_db
ROOMS = ("accounts", "centres", "chips", "compliance", "reports")


def lines(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines() if not line.startswith("#")]


OWNED, OF_REGIONS, OF_NOBODY = lines(TABLES), lines(REGIONS), lines(OTHERS)


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
        AccountStep.objects.create(account=user, kind="made", taken_by=house.people["administrator"], taken_at=now)
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
    signed = {"sha256": "0" * 64, "signed_at": "", "public_key": "", "signature": "", "oldest_xid": 1, "cluster": 1}
    AuditHead.objects.get_or_create(seq=1, defaults=signed)
    OutlookRun.objects.create(period=quarter, requested_at=now, last_determination=1, done_at=now)
    return house


def seen(table: str, path: str, user: User, of: dict[str, Any]) -> str:
    """Of whose rows `user` sees any."""
    rows = _manager(table).visible_to(user)
    return "".join(letter for letter, owner in of.items() if rows.filter(**{path: owner}).exists()) or "-"


def _manager(table: str) -> Any:
    model: type[Model] = apps.get_model(table)
    return model._default_manager


def _amount(table: str, user: User) -> str:
    """How much `user` sees of a table that is nobody's."""
    count, whole = _manager(table).visible_to(user).count(), _manager(table).count()
    assert whole, f"Nothing of {table} is there to be seen."
    return "*" if count == whole else "some" if count else "-"


def _owners(house: House) -> dict[str, Any]:
    return {"q": house.quartz.operator.pk, "b": house.basalt.operator.pk}


def test_every_table_stands_in_the_matrix() -> None:
    known = {row[0] for row in (*OWNED, *OF_REGIONS, *OF_NOBODY)}
    assert known == {model._meta.label for room in ROOMS for model in apps.get_app_config(room).get_models()}


@pytest.mark.parametrize("who", READERS)
def test_everybody_sees_of_every_table_what_the_matrix_says(written: House, who: str) -> None:
    user, column = written.people[who], READERS.index(who)
    regions = {"q": "31", "b": "44"}
    found = {table: seen(table, path, user, _owners(written)) for table, path, *_ in OWNED}
    found |= {table: seen(table, path, user, regions) for table, path, *_ in OF_REGIONS}
    found |= {table: _amount(table, user) for table, *_ in OF_NOBODY}
    says = {table: cells[column] for table, _path, *cells in (*OWNED, *OF_REGIONS)}
    assert found == says | {table: cells[column] for table, *cells in OF_NOBODY}


@pytest.mark.parametrize("who", READERS)
def test_who_is_disabled_sees_nothing_of_any_table(written: House, who: str) -> None:
    user = written.people[who]
    user.is_active = False
    tables = [row[0] for row in (*OWNED, *OF_REGIONS, *OF_NOBODY)]
    try:
        assert {table: _manager(table).visible_to(user).exists() for table in tables if table != "accounts.User"} == (
            dict.fromkeys([table for table in tables if table != "accounts.User"], False)
        )
    finally:
        user.is_active = True


def test_who_left_sees_nothing_of_what_was_there_then(written: House) -> None:
    leaver = cast.user("leaver", Role.OPERATOR, acts_for=written.quartz.operator)
    Membership.objects.filter(user=leaver).update(to_on=timezone.localdate())
    assert seen("chips.Submission", "centre__operator", leaver, _owners(written)) == "q"
    Membership.objects.filter(user=leaver).update(to_on="2025-12-31")
    found = {table: seen(table, path, leaver, _owners(written)) for table, path, *_ in OWNED}
    # Its own account, with the membership that ended.
    assert {table for table, whose in found.items() if whose != "-"} == {"accounts.User", "accounts.Membership"}


def test_who_leads_sees_everybody_at_its_operator_and_nobody_elsewhere(house: House) -> None:
    lead, quartz = house.quartz.attests, house.quartz.operator.pk
    seen_by_lead = Membership.objects.visible_to(lead)
    assert set(seen_by_lead.values_list("user", "operator_id")) == {(lead.pk, quartz), (house.quartz.files.pk, quartz)}
    assert set(Membership.objects.visible_to(house.quartz.files).values_list("user")) == {(house.quartz.files.pk,)}


@pytest.mark.parametrize("table", [row[0] for row in (*OWNED, *OF_REGIONS, *OF_NOBODY)])
def test_a_scope_that_is_taken_out_makes_the_matrix_fail(
    written: House, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """Whatever it holds is held by it alone: without it, somebody sees more than the matrix says."""
    if table in {row[0] for row in OF_NOBODY if set(row[1:]) == {"*"}}:
        # All of it is for everybody who is signed in; nobody else is one.
        assert not _manager(table).visible_to(User(is_active=False)).exists()
        return
    _take_out(monkeypatch, table)
    with pytest.raises(AssertionError, match="assert"):
        _hold_to_the_matrix(written)


def _hold_to_the_matrix(written: House) -> None:
    for who in READERS:
        test_everybody_sees_of_every_table_what_the_matrix_says(written, who)


def _take_out(monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    """Let `visible_to` of one table, and of no other, hold nothing back."""
    model = apps.get_model(table)
    for cls in {type(_manager(table)), type(_manager(table).get_queryset())}:
        held = cls.visible_to

        def open_to_all(self: Any, user: User, held: Any = held) -> Any:
            return self.all() if self.model is model else held(self, user)

        monkeypatch.setattr(cls, "visible_to", open_to_all)


# An address at which each table's scope shows by itself: who asks it for what they may not see.
SHOWS_AT = (
    ("accounts.ApiToken", "attests", "token-revoke", "quartz"),
    ("centres.Operator", "rival", "api:operator-detail", "quartz"),
    ("centres.Centre", "rival", "centre", "quartz"),
    ("chips.Submission", "rival", "submission", "quartz"),
    ("chips.Upload", "rival", "upload", "quartz"),
    ("chips.OpeningRequest", "provinces", "answer-opening", "basalt"),
    ("compliance.Determination", "rival", "determination", "quartz"),
    ("compliance.OutcomeChange", "rival", "api:outcome-change-detail", "quartz"),
    ("compliance.Exemption", "rival", "exemption", "quartz"),
    ("compliance.ExemptionRequest", "rival", "exemption-request", "quartz"),
    ("compliance.Movement", "provinces", "movement", "basalt"),
    ("compliance.Outlook", "rival", "api:outlook-detail", "quartz"),
    ("compliance.Simulation", "provinces", "simulation", "basalt"),
    ("compliance.DeterminationRun", "provinces", "determination-run", "basalt"),
    ("compliance.Provision", "provinces", "provision", "quartz"),
    ("reports.ReportRun", "provinces", "report-run", "quartz"),
    ("compliance.CurrentDetermination", "rival", "dashboard", "quartz"),
)


@pytest.mark.parametrize(("table", "who", "route", "whose"), SHOWS_AT, ids=[row[0] for row in SHOWS_AT])
def test_an_address_shows_that_a_scope_was_taken_out(
    house: House, monkeypatch: pytest.MonkeyPatch, table: str, who: str, route: str, whose: str
) -> None:
    assert who in WHO
    assert route in ROUTES
    estate: Estate = getattr(house, whose)
    row = next(one for one in ROWS if one.route == route and not one.state)
    asker = by_session(house.people[who])

    def is_held() -> bool:
        answer = asked(house, row, asker, estate)[1]
        return not shows(answer, estate) if route == "dashboard" else answer.cell == "404"

    assert is_held()
    _take_out(monkeypatch, table)
    assert not is_held()
