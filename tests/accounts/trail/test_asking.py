"""Who is asking: told to PostgreSQL with every transaction and every statement outside of one, and never longer."""

import contextvars
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

import manage
from accounts import asking
from accounts.asking import Asking
from accounts.models import AuditEvent, User
from accounts.tasks import forget_idempotency_keys
from accounts.trail.middleware import WhoIsAsking
from centres.models import Operator
from tests import cast

CLERK = Asking("page", user_id=7, role="regulator", address="192.0.2.7", place="POST /x/", request="r-1")
AUDITOR = Asking("api", user_id=8, role="analyst")
TOLD = "SELECT current_setting('originmark.asking', true)"


def told() -> str:
    with connection.cursor() as cursor:
        cursor.execute(TOLD)
        return str(cursor.fetchone()[0] or "")


def ask_and_go_back() -> None:
    """Ask in a savepoint, and roll back to it."""
    with transaction.atomic():
        told()
        transaction.set_rollback(True)


def raw(sql: str) -> str:
    """What a statement finds that is sent beside the backend: what the connection itself remembers."""
    with connection.connection.cursor() as cursor:
        super(type(cursor), cursor).execute(sql)
        return str(cursor.fetchone()[0] or "")


@pytest.mark.django_db(transaction=True)
class TestOnOneConnection:
    def test_a_statement_outside_of_a_transaction_knows_who_asks_and_the_next_one_does_not(self) -> None:
        with asking.asked_by(CLERK):
            assert '"user": 7' in told()
        assert raw(TOLD) == ""
        assert told() == ""

    def test_a_transaction_is_told_once_and_its_end_forgets_it(self) -> None:
        with asking.asked_by(CLERK), transaction.atomic():
            Operator.objects.count()
            assert '"user": 7' in raw(TOLD)
        assert raw(TOLD) == ""

    def test_who_asks_next_within_the_same_transaction_is_told_anew(self) -> None:
        with transaction.atomic():
            with asking.asked_by(CLERK):
                assert '"user": 7' in told()
            with asking.asked_by(AUDITOR):
                assert '"user": 8' in told()
            assert told() == ""

    def test_going_back_to_a_savepoint_does_not_bring_another_back(self) -> None:
        with transaction.atomic():
            with asking.asked_by(CLERK):
                told()
            with asking.asked_by(AUDITOR):
                ask_and_go_back()
                assert '"user": 8' in told()
            with asking.asked_by(CLERK):
                ask_and_go_back()
            assert told() == ""

    def test_after_a_statement_that_fails_it_is_told_again(self) -> None:
        with asking.asked_by(CLERK):
            with pytest.raises(DataError), connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
            assert '"user": 7' in told()

    @pytest.mark.parametrize("begin", [transaction.atomic, lambda: asking.asked_by(CLERK)])
    def test_what_is_copied_is_told_by_whom(self, begin: Callable[[], Any]) -> None:
        with asking.asked_by(CLERK), begin(), connection.cursor() as cursor:
            cursor.copy_expert(
                "COPY centres_operator (name_en, name_zh, ownership, provenance) FROM STDIN (FORMAT csv)",
                io.StringIO("Copied,复制,private,filed\n"),
            )
        assert AuditEvent.objects.get(subject="centres_operator").user_id == 7

    @pytest.mark.parametrize("begin", [transaction.atomic, lambda: asking.asked_by(CLERK)])
    def test_a_cursor_on_the_servers_side_knows_who_asks(self, begin: Callable[[], Any]) -> None:
        with asking.asked_by(CLERK), begin(), connection.chunked_cursor() as cursor:
            cursor.execute(f"{TOLD} FROM generate_series(1, 3)")
            assert all('"user": 7' in row[0] for row in cursor.fetchall())
        assert raw(TOLD) == ""

    def test_one_statement_many_times_is_told_each_time(self) -> None:
        with asking.asked_by(CLERK), connection.cursor() as cursor:
            insert = "INSERT INTO compliance_mandate VALUES (DEFAULT, %s, '100 %%', '', '', '', '', '', '')"
            cursor.executemany(insert, [["A-1"], ["B-2"]])
        assert list(AuditEvent.objects.filter(subject="compliance_mandate").values_list("user_id", flat=True)) == [7, 7]

    def test_what_cannot_stand_in_a_transaction_still_runs(self) -> None:
        with asking.asked_by(CLERK), connection.cursor() as cursor:
            cursor.execute("VACUUM centres_region")

    def test_no_text_ends_the_telling_early(self) -> None:
        odd = Asking("page", user_id=9, address="'; DROP TABLE x; --", place="%s 100 % \\ \x00 \ud800 ” 中文")
        with asking.asked_by(odd):
            operator = cast.operator()
            Operator.objects.filter(pk=operator.pk).update(name_en="Renamed")
        event = AuditEvent.objects.get(subject="centres_operator", kind="insert")
        assert (event.user_id, event.address) == (9, "'; DROP TABLE x; --")
        assert event.place == "%s 100 % \\ \ufffd ? ” 中文"


@pytest.mark.django_db
class TestByEachWay:
    def test_a_page_is_asked_for_by_who_is_signed_in(self, client: Client) -> None:
        analyst = cast.analyst()
        client.force_login(analyst)
        client.post("/accounts/language/", {"language": "zh-hans"}, REMOTE_ADDR="192.0.2.9")
        event = AuditEvent.objects.get(subject="accounts_user", kind="update", after__has_key="language")
        assert (event.user_id, event.role, event.channel) == (analyst.pk, "analyst", "page")
        assert (event.address, event.place) == ("192.0.2.9", "POST /accounts/language/")
        assert (event.before, event.after) == ({"language": "en"}, {"language": "zh-hans"})
        assert event.request

    def test_a_token_says_who_asks_the_interface(self, client: Client, owner: Operator) -> None:
        analyst = cast.analyst()
        token = cast.token(analyst)
        answer = client.post(
            "/api/v1/exemptions/", "{}", "application/json", headers={"Authorization": f"Token {token}"}
        )
        assert answer.status_code == 403, answer.content
        event = AuditEvent.objects.get(kind="refused")
        assert (event.user_id, event.role, event.channel) == (analyst.pk, "analyst", "api")

    def test_nobody_is_still_asking_when_the_answer_is_out(self, client: Client) -> None:
        client.force_login(cast.analyst())
        client.get("/mandates/")
        assert asking.who() is None

    def test_who_asked_is_still_asking_while_the_answer_is_read(self) -> None:
        def parts() -> Iterator[str]:
            yield told()

        def view(request: HttpRequest) -> StreamingHttpResponse:
            asking.recognise(11)
            return StreamingHttpResponse(parts())

        answer = WhoIsAsking(view)(RequestFactory().get("/a-long-one/"))
        assert isinstance(answer, StreamingHttpResponse)
        assert asking.who() is None
        assert b'"user": 11' in answer.getvalue()

    @pytest.mark.parametrize(
        "path",
        [
            "/people/join/secret:of-a-link/",
            "/accounts/password/forgotten/1-secret/",
            "/accounts/mail/confirm/secret:of-a-link/",
        ],
    )
    def test_what_makes_a_link_a_key_is_not_told(self, path: str) -> None:
        told: list[str] = []

        def view(request: HttpRequest) -> HttpResponse:
            told.append(getattr(asking.who(), "place", ""))
            return HttpResponse()

        WhoIsAsking(view)(RequestFactory().get(path))
        assert told[0].startswith("GET /")
        assert "secret" not in told[0]

    def test_a_task_asks_in_its_own_name(self) -> None:
        result = forget_idempotency_keys.apply()
        assert result.successful()
        assert asking.who() is None
        seen: list[Asking | None] = []

        @forget_idempotency_keys.app.task(name="seen")
        def see() -> None:
            seen.append(asking.who())

        task = see.apply()
        assert seen == [Asking("task", place="seen", request=task.id, is_register=True)]

    def test_a_command_asks_in_its_own_name(self, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        monkeypatch.setattr("sys.argv", ["manage.py", "audit_head"])
        context = contextvars.copy_context()
        User.objects.create(username="x", role="analyst")
        context.run(manage.main)
        assert context.run(asking.who) == Asking("command", place="audit_head", is_register=True)

    def test_where_nobody_says_it_the_role_of_the_database_is_named(self) -> None:
        cast.operator()
        event = AuditEvent.objects.get(subject="centres_operator")
        assert (event.user_id, event.role, event.channel) == (None, "postgres", "sql")
