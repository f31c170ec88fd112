"""A warning before an exemption ends: when, to whom, in whose words, and never twice."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.mails import FIRST_WAIT
from accounts.models import Membership, Role, User
from centres.models import Centre, Operator, Provenance
from compliance import exemption_notices
from compliance.exemption_notices import STALE_AFTER, send_unsent, write_notices
from compliance.exemptions import revoke
from compliance.models import Exemption, ExemptionNotice, Mandate
from tests import cast
from tests.chips.mail_server import serving

pytestmark = pytest.mark.django_db
INSTANT = timedelta(microseconds=1)
ENDS_ON = date(2026, 6, 30)


def nine(day: date) -> datetime:
    """Nine in the morning in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, 1, tzinfo=UTC)


FIRST, SECOND = nine(date(2026, 5, 1)), nine(date(2026, 6, 16))


@pytest.fixture
def centre(owner: Operator) -> Centre:
    return cast.centre("SH-01", owner=owner)


@pytest.fixture
def filer(owner: Operator) -> User:
    return cast.user("filer", Role.OPERATOR, acts_for=owner, email="filer@example.org")


@pytest.fixture
def exemption(centre: Centre, filer: User, monkeypatch: pytest.MonkeyPatch) -> Exemption:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2025, 6, 1, tzinfo=UTC))
    return exempt(centre)


def exempt(centre: Centre, threshold: Decimal | None = None) -> Exemption:
    regulator = User.objects.filter(role=Role.REGULATOR).first() or cast.regulator()
    return cast.exempted(
        centre=centre, mandate=Mandate.objects.get(code="CN-2025"), from_on=date(2025, 7, 1), to_on=ENDS_ON,
        threshold=threshold, reason="Moving.", by=regulator,
    )[0]  # fmt: skip


def told(now: datetime) -> list[str]:
    """What the beat does at `now`: the subjects of the mails that went out."""
    before = len(mail.outbox)
    write_notices(now)
    send_unsent(now)
    return [str(message.subject) for message in mail.outbox[before:]]


@pytest.mark.usefixtures("exemption")
def test_it_is_told_of_sixty_and_fourteen_days_before_and_no_more_by_the_hour() -> None:
    days = [date(2026, 4, 20) + timedelta(days=number) for number in range(80)]
    came = [day for day in days for hour in range(0, 10, 3) if told(nine(day) + timedelta(hours=hour))]
    assert came == [date(2026, 5, 1), date(2026, 6, 16)]
    assert ExemptionNotice.objects.count() == 2


@pytest.mark.usefixtures("exemption")
def test_it_is_told_of_at_nine_and_made_up_for_within_two_days() -> None:
    assert told(FIRST - INSTANT) == []
    assert told(FIRST + STALE_AFTER + INSTANT) == []
    assert told(FIRST + STALE_AFTER) == ["The exemption of Centre SH-01 from CN-2025 ends on 30 June 2026"]


@pytest.mark.usefixtures("exemption")
def test_the_mail_says_what_ends_when_and_where_to_ask_again(settings: Settings) -> None:
    settings.SITE_URL = "https://register.example.org"
    told(SECOND)
    (message,) = mail.outbox
    assert message.to == ["filer@example.org"]
    for part in ("Centre SH-01 (SH-01) is exempt from CN-2025", "30 June 2026, in 14 days", "unless another exemption",
                 "https://register.example.org/centres/SH-01/exemptions/ask/?mandate=CN-2025"):  # fmt: skip
        assert part in message.body


def test_a_lower_threshold_is_named(centre: Centre, filer: User) -> None:
    exempt(centre, Decimal("0.375"))
    told(SECOND)
    assert "lower threshold under CN-2025" in mail.outbox[0].body
    assert "37.5%" in mail.outbox[0].body


def test_each_is_written_to_in_their_own_language(exemption: Exemption, filer: User) -> None:
    User.objects.filter(pk=filer.pk).update(language="zh-hans")
    told(FIRST)
    (message,) = mail.outbox
    assert "中心SH-01" in message.subject
    assert "2026年6月30日" in message.subject


def test_who_acts_for_the_operator_is_told_and_nobody_else(
    exemption: Exemption, owner: Operator, rival: Operator
) -> None:
    cast.user("rival", Role.OPERATOR, acts_for=rival, email="rival@example.org")
    cast.user("silent", Role.OPERATOR, acts_for=owner)
    gone = cast.user("gone", Role.OPERATOR, email="gone@example.org")
    Membership.objects.create(user=gone, operator_id=owner.pk, from_on=date(2024, 1, 1), to_on=date(2026, 4, 30))
    assert len(told(FIRST)) == 1
    assert mail.outbox[0].to == ["filer@example.org"]


@pytest.mark.parametrize("provenance", [Provenance.SYNTHETIC, Provenance.ILLUSTRATIVE])
def test_what_is_not_real_writes_to_nobody(provenance: str, exemption: Exemption, centre: Centre) -> None:
    Centre.objects.filter(pk=centre.pk).update(provenance=provenance)
    assert told(FIRST) == []


def test_what_is_revoked_is_told_of_by_the_day_on_which_it_then_ends(exemption: Exemption) -> None:
    revoke(
        exemption=exemption, from_on=date(2026, 4, 1), reason="Why.", by=User.objects.get(username="regulator")
    )  # fmt: skip
    assert told(FIRST) == []
    # It ends on 31 March: fourteen days before.
    assert told(nine(date(2026, 3, 17))) == ["The exemption of Centre SH-01 from CN-2025 ends on 31 March 2026"]


def test_what_was_revoked_between_the_writing_and_the_sending_is_not_told_of(exemption: Exemption) -> None:
    write_notices(FIRST)
    revoke(
        exemption=exemption, from_on=date(2026, 4, 1), reason="Why.", by=User.objects.get(username="regulator")
    )  # fmt: skip
    send_unsent(FIRST)
    assert mail.outbox == []
    assert not ExemptionNotice.objects.exists()


def test_what_the_server_refuses_is_tried_again(exemption: Exemption, settings: Settings) -> None:
    with serving() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
        server.refuses = "RCPT"
        write_notices(FIRST)
        assert send_unsent(FIRST) == 0
        server.refuses = None
        assert send_unsent(FIRST + FIRST_WAIT - INSTANT) == 0
        assert send_unsent(FIRST + FIRST_WAIT) == 1
        assert len(server.mails) == 1


def test_who_is_killed_while_sending_costs_a_mail_and_doubles_none(
    exemption: Exemption, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notices(FIRST)

    def killed(*args: Any) -> bool:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(exemption_notices, "hand_over", killed)
        with pytest.raises(SystemExit):
            send_unsent(FIRST)
    assert send_unsent(FIRST + timedelta(hours=1)) == 0
    assert mail.outbox == []


@pytest.mark.parametrize("centres", [2, 20])
def test_writing_costs_the_same_for_every_number_of_exemptions(
    centres: int, owner: Operator, filer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(centres):
        exempt(cast.centre(f"SH-{number:02}", owner=owner))
    # 1: what ends; 2: the operators' people; 3: who proposed and granted it; 4: the rows.
    with django_assert_num_queries(4):
        write_notices(FIRST)
    assert ExemptionNotice.objects.count() == centres


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: moment)


def told_by_the_hour(first: date, last: date) -> list[date]:
    """The days from `first` to `last` on which a mail goes out, once for each mail."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days for hour in range(0, 10, 3) for _mail in told(nine(day) + timedelta(hours=hour))]


@pytest.mark.parametrize(
    ("granted_on", "came"),
    [
        # Sixty-one days before its last day, sixty, fifty-nine: the occasion comes, or is made up for.
        (date(2026, 4, 30), [date(2026, 5, 1), date(2026, 6, 16)]),
        (date(2026, 5, 1), [date(2026, 5, 1), date(2026, 6, 16)]),
        (date(2026, 5, 2), [date(2026, 5, 2), date(2026, 6, 16)]),
        # Fifty; and fourteen, thirteen and nine.
        (date(2026, 5, 11), [date(2026, 5, 11), date(2026, 6, 16)]),
        (date(2026, 6, 16), [date(2026, 6, 16)]),
        (date(2026, 6, 17), [date(2026, 6, 17)]),
        (date(2026, 6, 21), [date(2026, 6, 21)]),
        (date(2026, 6, 30), [date(2026, 6, 30)]),
        # What is granted for days that are over ends no more.
        (date(2026, 7, 1), []),
    ],
)
@pytest.mark.usefixtures("filer")
def test_what_is_granted_late_is_told_of_at_once(
    granted_on: date, came: list[date], centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(nine(granted_on) + timedelta(minutes=30), monkeypatch)
    exempt(centre)
    assert told_by_the_hour(granted_on, date(2026, 7, 10)) == came


@pytest.mark.usefixtures("filer")
def test_what_is_granted_in_the_morning_is_told_of_at_nine_and_once(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(SECOND - timedelta(hours=2), monkeypatch)
    exempt(centre)
    assert told(SECOND - INSTANT) == []
    assert len(told(SECOND)) == 1
    assert told(SECOND + timedelta(hours=1)) == []


def test_what_is_revoked_is_told_of_at_once_with_the_reason(
    exemption: Exemption, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(nine(date(2026, 2, 1)), monkeypatch)
    revoke(exemption=exemption, from_on=date(2026, 2, 11), reason="Not kept to.", by=cast.regulator("second"))
    send_unsent(timezone.now())
    (message,) = mail.outbox
    assert message.subject == "The exemption of Centre SH-01 from CN-2025 ends on 10 February 2026"
    assert "in 9 days" in message.body
    assert "It was revoked from 11 February 2026 on: Not kept to." in message.body


def test_what_is_revoked_after_it_was_told_of_is_told_of_anew(
    exemption: Exemption, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(told(FIRST)) == 1
    # It ends on 29 June: fifty-nine days before, by the same occasion.
    at(FIRST + timedelta(hours=5), monkeypatch)
    revoke(exemption=exemption, from_on=date(2026, 6, 30), reason="Why.", by=cast.regulator("second"))
    assert told(FIRST + timedelta(hours=6)) == ["The exemption of Centre SH-01 from CN-2025 ends on 29 June 2026"]
    assert told(FIRST + timedelta(hours=7)) == []


def test_what_is_revoked_from_a_day_that_is_over_is_told_of_too(
    exemption: Exemption, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(nine(date(2026, 2, 1)), monkeypatch)
    revoke(exemption=exemption, from_on=date(2025, 7, 1), reason="Never kept to.", by=cast.regulator("second"))
    send_unsent(timezone.now())
    (message,) = mail.outbox
    assert message.subject == "The exemption of Centre SH-01 from CN-2025 was revoked from 1 July 2025 on"
    assert "Never kept to." in message.body
    assert "days" not in message.body


def test_who_proposed_and_who_granted_it_are_told_while_the_centre_is_theirs(exemption: Exemption) -> None:
    User.objects.filter(username="proposer").update(email="proposer@example.org")
    granter = User.objects.filter(username="regulator")
    granter.update(email="regulator@example.org")
    cast.user("another", Role.REGULATOR, all_regions=True, email="another@example.org")
    assert len(told(FIRST)) == 3
    assert {message.to[0] for message in mail.outbox} == {
        "filer@example.org", "proposer@example.org", "regulator@example.org",
    }  # fmt: skip
    by_address = {message.to[0]: message.body for message in mail.outbox}
    assert f"/exemptions/{exemption.pk}/" in by_address["proposer@example.org"]
    assert "because you proposed or granted it" in by_address["proposer@example.org"]
    assert "/ask/" not in by_address["regulator@example.org"]
    granter.update(all_regions=False, region_codes=["11"])
    User.objects.filter(username="proposer").update(is_active=False)
    assert len(told(SECOND)) == 1
