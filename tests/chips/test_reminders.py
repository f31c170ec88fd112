"""Reminders: the occasions, who gets them, in whose words, and never two for one."""

import socket
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.mails import FIRST_WAIT, GREATEST_ATTEMPTS
from accounts.models import Membership, Role, User
from centres.models import Centre, Operator, Provenance
from centres.terms import set_term
from chips import reminders
from chips.models import Reminder, Submission
from chips.reminders import STALE_AFTER, send_unsent, write_reminders
from tests import cast
from tests.chips.mail_server import MailServer, serving
from tests.together import at_once

pytestmark = pytest.mark.django_db
INSTANT = timedelta(microseconds=1)


def nine(day: int, month: int = 1) -> datetime:
    """Nine in the morning in Asia/Shanghai, of a day of 2026."""
    return datetime(2026, month, day, 1, tzinfo=UTC)


@pytest.fixture
def centre(owner: Operator) -> Centre:
    return cast.centre("SH-01", owner=owner)


@pytest.fixture
def filer(owner: Operator) -> User:
    return cast.user("filer", Role.OPERATOR, acts_for=owner, email="filer@example.org")


def remind(now: datetime) -> list[str]:
    """What the beat does at `now`: the subjects of the mails that went out."""
    before = len(mail.outbox)
    write_reminders(now)
    send_unsent(now)
    return [str(message.subject) for message in mail.outbox[before:]]


def filed(centre: Centre, status: str) -> Submission:
    at = nine(10)
    return Submission.objects.create(
        centre=centre, period=cast.period(), version=1, status=status, file_name="inventory.csv",
        file_sha256="0" * 64, line_count=1, units=1, created_at=at, submitted_at=at,
        decided_at=at if status in ("accepted", "returned") else None,
        decision_comment="Look again." if status == "returned" else "",
    )  # fmt: skip


@pytest.mark.usefixtures("centre", "filer")
def test_each_occasion_brings_one_mail_and_no_more_by_the_hour() -> None:
    # Due on 20 January: seven days and one day before, one day and seven days after.
    came = [day for day in range(10, 31) for hour in range(10) if remind(nine(day) + timedelta(hours=hour))]
    assert came == [13, 19, 21, 27]
    assert Reminder.objects.count() == 4


@pytest.mark.usefixtures("centre", "filer")
def test_an_occasion_comes_at_nine() -> None:
    assert remind(nine(13) - INSTANT) == []
    assert remind(nine(13)) == ["2025Q4: the inventory of Centre SH-01 is due on 20 January 2026"]


@pytest.mark.usefixtures("centre", "filer")
def test_an_occasion_that_nobody_saw_is_made_up_for_within_two_days() -> None:
    assert remind(nine(13) + STALE_AFTER + INSTANT) == []
    assert len(remind(nine(13) + STALE_AFTER)) == 1


@pytest.mark.usefixtures("centre", "filer")
def test_of_two_occasions_that_nobody_saw_the_last_is_told() -> None:
    assert remind(nine(21)) == ["2025Q4: the inventory of Centre SH-01 is late"]
    assert Reminder.objects.get().occasion == 1
    assert remind(nine(21) + timedelta(hours=1)) == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("submitted", []),
        ("accepted", []),
        ("returned", ["2025Q4: the inventory of Centre SH-01 was returned for correction"]),
        ("withdrawn", ["2025Q4: the inventory of Centre SH-01 is late"]),
    ],
)
def test_only_what_is_owed_is_reminded_of(status: str, said: list[str], centre: Centre, filer: User) -> None:
    filed(centre, status)
    assert remind(nine(21)) == said


def test_who_is_exempt_or_locked_out_hears_nothing(centre: Centre, filer: User) -> None:
    facts: dict[str, Any] = {"due_on": date(2026, 1, 20), "reason": "Why.", "recorded_by": None}
    set_term(period=cast.period(), centre=centre, locks_on=None, is_exempt=True, **facts)
    assert remind(nine(13)) == []
    set_term(period=cast.period(), centre=centre, locks_on=date(2026, 1, 20), **facts)
    assert remind(nine(21)) == []
    filed(centre, "returned")
    assert remind(nine(21)) == []


def test_a_moved_due_date_has_occasions_of_its_own(centre: Centre, filer: User) -> None:
    assert len(remind(nine(13))) == 1
    set_term(period=cast.period(), due_on=date(2026, 1, 30), locks_on=None, reason="Holiday.", recorded_by=None)
    assert remind(nine(19)) == []
    assert remind(nine(23)) == ["2025Q4: the inventory of Centre SH-01 is due on 30 January 2026"]


def test_people_who_act_for_the_operator_today_are_written_to_and_nobody_else(
    centre: Centre, filer: User, owner: Operator, rival: Operator
) -> None:
    cast.user("rival", Role.OPERATOR, acts_for=rival, email="rival@example.org")
    cast.user("silent", Role.OPERATOR, acts_for=owner)
    cast.user("gone", Role.OPERATOR, acts_for=owner, email="gone@example.org", is_active=False)
    past = cast.user("past", Role.OPERATOR, email="past@example.org")
    Membership.objects.create(user=past, operator_id=owner.pk, from_on=date(2024, 1, 1), to_on=date(2026, 1, 12))
    last_day = cast.user("last-day", Role.OPERATOR, email="last-day@example.org")
    Membership.objects.create(user=last_day, operator_id=owner.pk, from_on=date(2024, 1, 1), to_on=date(2026, 1, 13))
    future = cast.user("future", Role.OPERATOR, email="future@example.org")
    Membership.objects.create(user=future, operator_id=owner.pk, from_on=date(2026, 1, 14))
    remind(nine(13))
    assert [message.to for message in mail.outbox] == [["filer@example.org"], ["last-day@example.org"]]


@pytest.mark.parametrize("provenance", [Provenance.SYNTHETIC, Provenance.ILLUSTRATIVE])
def test_what_is_not_real_writes_to_nobody(provenance: str, centre: Centre, filer: User) -> None:
    Centre.objects.filter(pk=centre.pk).update(provenance=provenance)
    assert remind(nine(13)) == []


def test_a_mail_says_what_is_due_when_it_locks_and_where_to_file(
    centre: Centre, filer: User, settings: Settings
) -> None:
    settings.SITE_URL = "https://register.example.org"
    set_term(
        period=cast.period(), due_on=date(2026, 1, 20), locks_on=date(2026, 2, 28), reason="Why.", recorded_by=None
    )
    remind(nine(13))
    (message,) = mail.outbox
    for part in ("Centre SH-01 (SH-01)", "2025Q4", "20 January 2026", "28 February 2026",
                 "https://register.example.org/centres/SH-01/file/?period=2025Q4"):  # fmt: skip
        assert part in message.body


def test_each_is_written_to_in_their_own_language(centre: Centre, filer: User) -> None:
    User.objects.filter(pk=filer.pk).update(language="zh-hans")
    remind(nine(13))
    (message,) = mail.outbox
    assert "中心SH-01" in message.subject
    assert "2026年1月20日" in message.subject


def test_a_name_ends_no_header(centre: Centre, filer: User) -> None:
    Centre.objects.filter(pk=centre.pk).update(name_en="Centre\r\nBcc: all@example.org")
    remind(nine(13))
    (message,) = mail.outbox
    assert message.recipients() == ["filer@example.org"]
    assert "Centre Bcc: all@example.org" in message.subject


def test_what_was_filed_between_the_writing_and_the_sending_is_not_reminded_of(centre: Centre, filer: User) -> None:
    write_reminders(nine(13))
    filed(centre, "submitted")
    send_unsent(nine(13))
    assert mail.outbox == []
    assert not Reminder.objects.exists()


@pytest.mark.parametrize("centres", [2, 20])
def test_writing_costs_the_same_for_every_number_of_centres(
    centres: int, owner: Operator, filer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(centres):
        cast.centre(f"SH-{number:02}", owner=owner)
    # 1: the periods; 2: the ledger; 3: the people; 4: the rows.
    with django_assert_num_queries(4):
        write_reminders(nine(13))
    assert Reminder.objects.count() == centres


@pytest.fixture
def server(settings: Settings) -> Any:
    """A real mail server, which the product sends by."""
    with serving() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", running.port, 5
        settings.DEFAULT_FROM_EMAIL = "Register <register@example.org>"
        yield running


def test_mails_reach_a_mail_server_over_one_connection(owner: Operator, filer: User, server: MailServer) -> None:
    for number in range(3):
        cast.centre(f"SH-{number:02}", owner=owner)
    write_reminders(nine(13))
    assert send_unsent(nine(13)) == 3
    assert server.connections == 1
    assert {message["To"] for message in server.mails} == {"filer@example.org"}
    assert server.mails[0]["From"] == "Register <register@example.org>"
    assert server.mails[0]["Auto-Submitted"] == "auto-generated"
    assert "20 January 2026" in server.mails[0].get_content()


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_what_the_server_refuses_is_tried_again(command: str, centre: Centre, filer: User, server: MailServer) -> None:
    server.refuses = command
    write_reminders(nine(13))
    assert send_unsent(nine(13)) == 0
    reminder = Reminder.objects.get()
    assert (reminder.sent_at, reminder.attempts, reminder.next_at) == (None, 1, nine(13) + FIRST_WAIT)
    assert "451" in reminder.last_error
    server.refuses = None
    # Not before its time.
    assert send_unsent(nine(13) + FIRST_WAIT - INSTANT) == 0
    assert send_unsent(nine(13) + FIRST_WAIT) == 1
    assert len(server.mails) == 1


def test_a_server_that_is_away_is_asked_again_and_not_for_ever(centre: Centre, filer: User, settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free.getsockname()[1]
    write_reminders(nine(13))
    tried = [at for at in (nine(13) + minute * FIRST_WAIT for minute in range(200)) if _tries(at)]
    assert len(tried) == GREATEST_ATTEMPTS
    reminder = Reminder.objects.get()
    assert reminder.sent_at is None
    assert "Connection refused" in reminder.last_error


def _tries(at: datetime) -> bool:
    before = Reminder.objects.get().attempts
    send_unsent(at)
    return Reminder.objects.get().attempts > before


def test_a_server_that_falls_silent_with_the_mail_in_hand_is_not_given_it_twice(
    centre: Centre, filer: User, server: MailServer
) -> None:
    server.falls_silent = True
    write_reminders(nine(13))
    send_unsent(nine(13))
    server.falls_silent = False
    send_unsent(nine(13) + timedelta(hours=1))
    assert len(server.mails) == 1
    reminder = Reminder.objects.get()
    assert reminder.sent_at is not None
    assert "Disconnected" in reminder.last_error


def test_who_is_killed_while_sending_costs_a_mail_and_doubles_none(
    centre: Centre, filer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_reminders(nine(13))

    def killed(*args: Any) -> bool:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(reminders, "_hand_over", killed)
        with pytest.raises(SystemExit):
            send_unsent(nine(13))
    assert send_unsent(nine(13) + timedelta(hours=1)) == 0
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail(server: MailServer) -> None:
    operator = cast.operator()
    cast.centre("SH-01", owner=operator)
    cast.user("filer", Role.OPERATOR, acts_for=operator, email="filer@example.org")

    def work() -> None:
        write_reminders(nine(13))
        send_unsent(nine(13))

    assert at_once([work, work]) == [None, None]
    assert len(server.mails) == 1
    assert Reminder.objects.count() == 1
