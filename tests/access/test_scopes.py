"""`visible_to` of every table: what `matrix.py` says, and that nothing else holds what it holds."""

import inspect
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.core.exceptions import MultipleObjectsReturned
from django.test import Client
from django.urls import ResolverMatch, URLPattern
from django.utils import timezone

from accounts.models import Membership, Role, User
from accounts.wall.tables import SEEN
from tests import cast, walls
from tests.access.asking import API, by_session
from tests.access.estates import BASALT, QUARTZ, Estate, House
from tests.access.matrix import NEVER_ASKED, OTHERS, READERS, REGIONS, ROWS, TABLES
from tests.access.scopes import manager, tables, take_out
from tests.access.test_matrix import asked

pytestmark = pytest.mark.django_db
CENTRE, SUBMISSION = ("centres.Centre",), ("chips.Submission",)
READS_TRAIL = ("accounts.trail.views._require_reader",)


def lines(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines() if not line.startswith("#")]


OWNED, OF_REGIONS, OF_NOBODY = lines(TABLES), lines(REGIONS), lines(OTHERS)


def seen(table: str, path: str, user: User, of: dict[str, Any]) -> str:
    """Of whose rows `user` sees any."""
    rows = manager(table).visible_to(user)
    return "".join(letter for letter, owner in of.items() if rows.filter(**{path: owner}).exists()) or "-"


def _amount(table: str, user: User) -> str:
    """How much `user` sees of a table that is nobody's."""
    count, whole = manager(table).visible_to(user).count(), manager(table).count()
    assert whole, f"Nothing of {table} is there to be seen."
    return "*" if count == whole else "some" if count else "-"


def _owners(house: House) -> dict[str, Any]:
    return {"q": house.quartz.operator.pk, "b": house.basalt.operator.pk}


def test_every_table_stands_in_the_matrix() -> None:
    known = {row[0] for row in (*OWNED, *OF_REGIONS, *OF_NOBODY)}
    assert known == tables()


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
        assert {table: manager(table).visible_to(user).exists() for table in tables if table != "accounts.User"} == (
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
        assert not manager(table).visible_to(User(is_active=False)).exists()
        return
    take_out(monkeypatch, table)
    with pytest.raises(AssertionError, match="assert"):
        _hold_to_the_matrix(written)


def _hold_to_the_matrix(written: House) -> None:
    for who in READERS:
        test_everybody_sees_of_every_table_what_the_matrix_says(written, who)


class Shown(NamedTuple):
    """Where the scope of a table shows by itself: `who` asks an address for what is theirs whose it is not to see."""

    table: str
    who: str
    route: str
    whose: str
    # What shows without the scope, and with it does not; nothing named: with it, that there is nothing.
    what: str = ""
    # Scopes that hold it, too, since they are asked before it.
    after: tuple[str, ...] = ()
    # Functions that refuse it, too.
    checks: tuple[str, ...] = ()
    # Whether the page is for another role than the asker's.
    is_for_others: bool = False


SHOWS_AT = (
    Shown("accounts.ApiToken", "attests", "token-revoke", "quartz"),
    Shown("accounts.Invitation", "attests", "invitation-revoke", "basalt", checks=("accounts.invitations.revoke",)),
    Shown("accounts.Membership", "attests", "people-dismiss", "basalt", checks=("accounts.invitations.dismiss",)),
    Shown("accounts.User", "rival", "administration-account", "quartz", is_for_others=True),
    Shown(
        "accounts.Assignment", "rival", "administration-account", "quartz", f"{QUARTZ.mark} moves.",
        after=("accounts.User",), is_for_others=True,
    ),
    Shown(
        "accounts.AccountStep", "rival", "administration-account", "quartz", f"{QUARTZ.mark} was made.",
        after=("accounts.User",), is_for_others=True,
    ),
    Shown("accounts.AuditEvent", "provinces", "trail-export", "basalt", BASALT.mark, checks=READS_TRAIL),
    Shown(
        "accounts.AuditLink", "provinces", "trail-export", "basalt", '"seq": 1,',
        after=("accounts.AuditEvent",), checks=READS_TRAIL,
    ),
    Shown("accounts.AuditHead", "provinces", "trail", "basalt", "0" * 64, checks=READS_TRAIL),
    Shown("centres.Operator", "rival", "api:operator-detail", "quartz"),
    Shown("centres.Centre", "rival", "centre", "quartz"),
    Shown("centres.CentreRecord", "rival", "api:centre-detail", "quartz", str(QUARTZ.capacity), after=CENTRE),
    Shown("centres.FilingTerm", "provinces", "centre-term", "basalt", f"{BASALT.mark} asked for time.", after=CENTRE),
    Shown("chips.Submission", "rival", "submission", "quartz"),
    Shown("chips.InventoryLine", "rival", "api:submission-lines", "quartz", f"{QUARTZ.mark} note", after=SUBMISSION),
    Shown("chips.Receipt", "rival", "receipt-json", "quartz", after=SUBMISSION),
    Shown("chips.Upload", "rival", "upload", "quartz"),
    Shown("chips.OpeningRequest", "provinces", "answer-opening", "basalt"),
    Shown("compliance.Determination", "rival", "determination", "quartz"),
    Shown("compliance.CurrentDetermination", "rival", "dashboard", "quartz", QUARTZ.mark),
    Shown("compliance.CurrentDetermination", "provinces", "dashboard", "basalt", BASALT.mark),
    Shown("compliance.OutcomeChange", "rival", "api:outcome-change-detail", "quartz"),
    Shown("compliance.Exemption", "rival", "exemption", "quartz"),
    Shown("compliance.ExemptionRequest", "rival", "exemption-request", "quartz"),
    Shown("compliance.HandDecision", "rival", "hand-decision", "quartz", f"{QUARTZ.mark} was far along.", after=CENTRE),
    Shown("compliance.Movement", "provinces", "movement", "basalt"),
    Shown("compliance.Outlook", "rival", "api:outlook-detail", "quartz"),
    Shown("compliance.Simulation", "provinces", "simulation", "basalt"),
    Shown(
        "compliance.SimulatedChange", "provinces", "simulation-csv", "basalt", BASALT.code,
        after=("compliance.Simulation",),
    ),
    Shown("compliance.DeterminationRun", "provinces", "determination-run", "basalt"),
    Shown("compliance.Provision", "provinces", "provision", "quartz"),
    # No operator is shown sums, and nobody one of a province that is not theirs.
    Shown("compliance.OutcomeRollup", "rival", "dashboard", "quartz", 'class="outcomes"'),
    Shown(
        "compliance.InventoryRollup", "provinces", "dashboard", "basalt", f"{QUARTZ.primes[-1] + BASALT.primes[-1]:,}"
    ),
    Shown("compliance.StockRollup", "provinces", "shares", "basalt", f"{BASALT.primes[-1]:,}"),
    Shown("compliance.AcquisitionRollup", "provinces", "shares", "basalt", f"{QUARTZ.h800 + BASALT.h800:,}"),
    Shown("reports.ReportRun", "provinces", "report-run", "quartz"),
)  # fmt: skip


@pytest.mark.parametrize("shown", SHOWS_AT, ids=[f"{shown.table} {shown.who}" for shown in SHOWS_AT])
def test_an_address_shows_that_a_scope_was_taken_out(
    written: House, monkeypatch: pytest.MonkeyPatch, shown: Shown
) -> None:
    estate: Estate = getattr(written, shown.whose)
    row = next(one for one in ROWS if one.route == shown.route and not one.state)
    asker = by_session(written.people[shown.who])
    _open(monkeypatch, shown)

    def shows(*without: str) -> bool:
        with pytest.MonkeyPatch.context() as patch:
            take_out(patch, *without)
            answer = asked(written, row, asker, estate)[1]
        return shown.what in answer.content.decode() if shown.what else answer.cell != "404"

    assert not shows()
    # The second wall holds it still, but what tells only how far the register's own work is.
    is_open_beneath = SEEN[apps.get_model(shown.table)._meta.db_table] == "true"
    assert is_open_beneath or not shows(shown.table, *shown.after)
    with walls.taken_out():
        assert not shows(*shown.after)
        assert shows(shown.table, *shown.after)
        # Nothing else is taken out that would not hold it, too.
        assert not shown.after or not shows(shown.table)


def _open(monkeypatch: pytest.MonkeyPatch, shown: Shown) -> None:
    """Let nothing refuse but scopes: neither the functions that are named, nor the page that is for others."""
    for check in shown.checks:
        monkeypatch.setattr(check, lambda *_args, **_kwargs: None)
    if shown.is_for_others:
        held = URLPattern.resolve

        def resolve(self: URLPattern, path: str) -> ResolverMatch | None:
            match = held(self, path)
            if match is not None:
                match.func = inspect.unwrap(match.func)
            return match

        monkeypatch.setattr(URLPattern, "resolve", resolve)


def test_without_its_scope_a_key_that_another_used_answers_nobody(
    written: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered to another is found by no address: a request writes its own key before it looks for it."""
    headers = {"Authorization": f"Token {cast.token(written.quartz.attests)}", "Idempotency-Key": "once"}
    client = Client(headers=headers)
    address = f"{API}submissions/{written.quartz.draft.pk}/withdraw/"
    with walls.taken_out():
        assert client.post(address, {}, "application/json").status_code == 200
        take_out(monkeypatch, "accounts.IdempotencyKey")
        with pytest.raises(MultipleObjectsReturned):
            client.post(address, {}, "application/json")


def test_every_scope_shows_at_an_address_or_is_asked_by_none() -> None:
    holding = {table for table, *cells in OF_NOBODY if set(cells) != {"*"}} | {row[0] for row in OWNED + OF_REGIONS}
    known = [*{shown.table for shown in SHOWS_AT}, "accounts.IdempotencyKey", *NEVER_ASKED]
    assert sorted(known) == sorted(holding)
