"""The page of the trail: who reads it, what it shows and filters, and its files."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import asking
from accounts.models import AuditEvent
from accounts.trail.seal import seal
from centres.models import Operator
from tests import cast
from tests.accounts.trail.trails import verified_elsewhere
from tests.cast import signed_in

pytestmark = pytest.mark.django_db
ADDRESSES = ("/trail/", "/trail/export/", "/trail/whole/")


@pytest.fixture(autouse=True)
def own_var(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(cast.regulator())
    return client


def shown(client: Client, query: str = "") -> str:
    answer = client.get(f"/trail/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_regulators_of_the_whole_country_read_it_and_nobody_else(owner: Operator) -> None:
    may = [cast.regulator()]
    may_not = [cast.administrator(), cast.analyst(), cast.regional_regulator("31")]
    may_not.append(cast.user("filer", cast.Role.OPERATOR, acts_for=owner))
    for address in ADDRESSES:
        for user in may:
            answer = signed_in(user).get(address)
            assert answer.status_code == 200, (user, address)
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert AuditEvent.objects.visible_to(user).exists()
        for user in may_not:
            assert signed_in(user).get(address).status_code == 403, (user, address)
            assert not AuditEvent.objects.visible_to(user).exists()
        assert Client().get(address).status_code == 302
    for user in may:
        assert 'href="/trail/"' in signed_in(user).get("/mandates/").content.decode()
    for user in may_not:
        assert 'href="/trail/"' not in signed_in(user).get("/mandates/").content.decode()


def test_it_tells_who_did_what_from_where(reader: Client) -> None:
    reader.post("/accounts/language/", {"language": "zh-hans"}, REMOTE_ADDR="192.0.2.9")
    seal()
    page = shown(reader, "?subject=accounts_user&kind=update")
    for text in ("192.0.2.9", "POST /accounts/language/", "regulator", "language", "zh-hans", "accounts_user"):
        assert text in page, text


def test_what_is_asked_for_is_shown_and_nothing_else(reader: Client) -> None:
    one, two = cast.operator("Alpha"), cast.operator("Beta")
    Operator.objects.filter(pk=two.pk).update(name_en="Gamma")
    reader.get("/accounts/none/")
    today = timezone.localdate()
    for query, there, not_there in [
        (f"?subject=centres_operator&key={one.pk}", "Alpha", "Beta"),
        ("?kind=update", "Gamma", "Alpha"),
        (f"?from_on={today}&until_on={today}", "Alpha", "No event answers"),
        (f"?from_on={today + timedelta(days=1)}", "No event answers", "Alpha"),
        (f"?until_on={today - timedelta(days=1)}", "No event answers", "Alpha"),
        ("?who=nobody-of-this-name", "No event answers", "Alpha"),
        ("?who=regulator", "signed in", "Alpha"),
    ]:
        page = shown(reader, query)
        assert there in page, query
        assert not_there not in page, query


@pytest.mark.parametrize("query", ["?from_on=yesterday", "?kind=made-up", "?subject=pg_user", "?before=x", "?key=%00"])
def test_what_cannot_be_asked_for_is_told(reader: Client, query: str) -> None:
    for address in ("/trail/", "/trail/export/"):
        answer = reader.get(address + query)
        assert answer.status_code == 422
        assert "alert-danger" in answer.content.decode()


def test_it_goes_on_to_older_ones_without_missing_any(reader: Client) -> None:
    Operator.objects.bulk_create(
        Operator(name_en=f"O{n:03}", name_zh=f"甲{n}", ownership="private") for n in range(120)
    )
    query, seen = "?subject=centres_operator", []
    while True:
        answer = reader.get(f"/trail/{query}")
        seen += [one.event.after["name_en"] for one in answer.context["told"]]
        if answer.context["older"] is None:
            break
        query = f"?subject=centres_operator&before={answer.context['older']}"
        assert f"before={answer.context['older']}" in answer.content.decode()
    assert seen == [f"O{n:03}" for n in reversed(range(120))]


def test_it_costs_the_same_for_any_number_of_events(reader: Client, django_assert_num_queries: Any) -> None:
    # Session, user, whether there is an invented country; events, their places, their accounts, the head.
    for count in (2, 20):
        for n in range(count):
            with asking.asked_by(asking.Asking("page", user_id=cast.user(f"U{count}-{n}", cast.Role.ANALYST).pk)):
                cast.operator(f"O{count}-{n}")
        with django_assert_num_queries(7):
            reader.get("/trail/")


def test_the_export_holds_what_was_asked_for(reader: Client) -> None:
    cast.operator("阿尔法")
    seal()
    answer = reader.get("/trail/export/?subject=centres_operator")
    (line,) = answer.getvalue().decode().splitlines()
    event = json.loads(line)
    assert (event["kind"], event["after"]["name_en"]) == ("insert", "阿尔法")
    assert event["seq"] >= 1
    assert AuditEvent.objects.filter(kind="download", place="GET /trail/export/").exists()


def test_the_whole_trail_can_be_verified_where_it_is_taken(reader: Client) -> None:
    for name in "ABC":
        cast.operator(name)
    seal()
    text = reader.get("/trail/whole/").getvalue()
    lines = text.splitlines(keepends=True)
    assert verified_elsewhere(lines) is None
    assert verified_elsewhere([line.replace(b'"name_en": "B"', b'"name_en": "X"') for line in lines]) is not None


def test_a_name_from_a_record_is_text_and_nothing_more(reader: Client) -> None:
    cast.operator("<script>alert(1)</script>")
    assert "<script>alert" not in shown(reader)
