"""No change of a record without its event, whichever way it was made; and what people did, or were refused."""

from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from psycopg2.sql import SQL, Identifier, Placeholder

from accounts.models import ApiToken, AuditEvent, User
from accounts.tokens import revoke
from accounts.trail import notes, tables
from accounts.trail.models import EventKind
from accounts.trail.seal import seal
from centres.models import Centre, Operator
from chips.models import InventoryLine
from compliance.determine import determine
from compliance.models import Determination
from reports.models import ReportRun
from tests import cast

pytestmark = pytest.mark.django_db
# A value that each type of a column takes, as text.
VALUES = {
    "bool": "true", "int2": "1", "int4": "1", "int8": "1", "numeric": "1", "varchar": "x", "text": "x", "date": "today",
    "timestamptz": "now", "jsonb": "{}", "uuid": "00000000-0000-0000-0000-000000000001", "bytea": "x", "inet": "::1",
}  # fmt: skip


def events(**which: Any) -> list[tuple[str, str, Any, Any]]:
    return list(AuditEvent.objects.filter(**which).order_by("pk").values_list("kind", "key", "before", "after"))


def told_tables() -> list[str]:
    with connection.cursor() as cursor:
        return sorted({one.table for one in tables.due(cursor)} - set(tables.TRAIL))


class TestEveryTable:
    def test_every_table_has_the_triggers_that_it_should_have(self) -> None:
        with connection.cursor() as cursor:
            assert tables.attached(cursor) == set(tables.due(cursor))

    def test_every_table_of_the_register_is_told_of_or_left_out_by_name(self) -> None:
        models = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
        assert models <= {*told_tables(), *tables.SILENT, *tables.TRAIL}
        assert not set(tables.SILENT) & set(told_tables())

    def test_a_trigger_that_somebody_took_away_comes_back_with_the_next_migration(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER trail_updated ON centres_operator")
            cursor.execute("CREATE TABLE made_tomorrow (id bigint PRIMARY KEY, password text)")
        tables.attach()
        with connection.cursor() as cursor:
            assert tables.attached(cursor) == set(tables.due(cursor))
            cursor.execute("INSERT INTO made_tomorrow VALUES (1, 'hunter2')")
        assert events(subject="made_tomorrow") == [("insert", "1", None, {"id": 1})]

    def test_adding_changing_and_removing_a_row_of_any_table_is_told(self) -> None:
        missed = [table for table in told_tables() if not _tells_of_all(table)]
        assert missed == []

    def test_emptying_a_table_is_told(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE chips_markettotal")
        assert events(subject="chips_markettotal") == [("truncate", "", None, None)]


def _tells_of_all(table: str) -> bool:
    """Whether a row of `table`, freed of all that would refuse it, is told of when it comes, changes and goes."""
    with connection.cursor() as cursor:
        columns = _freed(cursor, table)
        keys = [name for name, _, is_key in columns if is_key]
        values = {name: VALUES.get(kind, "{}") for name, kind, _ in columns if name in keys}
        names = SQL(", ").join(map(Identifier, values))
        where = SQL(" AND ").join(SQL("{} = %s").format(Identifier(key)) for key in keys)
        empty = SQL("DELETE FROM {}").format(Identifier(table))
        # What refers to it refers to nothing any more.
        cursor.execute(empty)
        before = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        insert = SQL("INSERT INTO {} ({}) VALUES ({})")
        given = SQL(", ").join(Placeholder() * len(values))
        cursor.execute(insert.format(Identifier(table), names, given), list(values.values()))
        unheeded = tables.UNHEEDED.get(table, set())
        name, kind, _ = next((one for one in columns if not one[2] and one[0] not in unheeded), columns[0])
        other = VALUES.get(kind, "{}") if name not in keys else "2"
        update = SQL("UPDATE {} SET {} = %s WHERE {}").format(Identifier(table), Identifier(name), where)
        cursor.execute(update, [other, *values.values()])
        cursor.execute(empty)
    found = AuditEvent.objects.filter(pk__gt=before, subject=table).order_by("pk").values_list("kind", flat=True)
    return list(found) == ["insert", "update", "delete"]


def _freed(cursor: Any, table: str) -> list[tuple[str, str, bool]]:
    """Take every constraint and every other trigger off `table`, and all that refers to it; its columns."""
    cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table])
    for (name,) in cursor.fetchall():
        if not name.startswith("trail_"):
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER "{name}"')
    cursor.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint "
        "WHERE contype IN ('c', 'f') AND (conrelid = %s::regclass OR confrelid = %s::regclass)",
        [table, table],
    )
    for owner, name in cursor.fetchall():
        cursor.execute(f'ALTER TABLE {owner} DROP CONSTRAINT "{name}"')
    cursor.execute(
        "SELECT attname, typname, attnum = ANY (coalesce((SELECT indkey::int2[] FROM pg_index "
        "WHERE indrelid = attrelid AND indisprimary), '{1}')) "
        "FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [table],
    )
    columns = cursor.fetchall()
    for name, _, is_key in columns:
        if not is_key:
            cursor.execute(f'ALTER TABLE "{table}" ALTER "{name}" DROP NOT NULL')
    return columns


class TestEveryWay:
    def test_one_row_many_rows_and_raw_sql(self) -> None:
        one = cast.operator("One")
        Operator.objects.bulk_create([Operator(name_en=name, name_zh=name, ownership="private") for name in "AB"])
        Operator.objects.filter(ownership="private").update(ownership="foreign")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE centres_operator SET name_en = upper(name_en) WHERE id = %s", [one.pk])
            cursor.execute("DELETE FROM centres_operator WHERE ownership = 'foreign' AND name_en = 'A'")
        found = events(subject="centres_operator")
        assert [kind for kind, *_ in found] == ["insert"] * 3 + ["update"] * 3 + ["delete"]
        assert found[3][2:] == ({"ownership": "private"}, {"ownership": "foreign"})
        assert found[5][1:] == (str(one.pk), {"name_en": "One"}, {"name_en": "ONE"})
        assert (found[6][2]["name_en"], found[6][3]) == ("A", None)

    def test_what_is_rolled_back_leaves_none(self) -> None:
        with transaction.atomic():
            cast.operator()
            assert len(events()) == 1
            transaction.set_rollback(True)
        assert events() == []

    def test_writing_what_stood_there_is_no_change(self, owner: Operator) -> None:
        Operator.objects.filter(pk=owner.pk).update(name_en=owner.name_en)
        assert [kind for kind, *_ in events(subject="centres_operator")] == ["insert"]

    def test_signs_of_life_are_no_news_and_what_comes_of_it_is(self) -> None:
        run = ReportRun.objects.create(period=cast.period(), trigger="asked", requested_at=timezone.now(), parts=9)
        ReportRun.objects.filter(pk=run.pk).update(parts_done=3)
        ReportRun.objects.filter(pk=run.pk).update(parts_done=4, attempts=2)
        (_, changed) = events(subject="reports_reportrun")
        assert changed[3] == {"attempts": 2}

    def test_lines_and_determinations_are_one_event_a_statement(self, owner: Operator) -> None:
        centre = cast.centre(owner=owner)
        submission = cast.file(centre, cast.period(), ascend=60, h800=40)
        determine(period=cast.period(), cause="accepted", centres=[centre])
        key = str(submission.pk)
        assert InventoryLine.objects.count() == 2
        assert events(subject="chips_inventoryline") == [
            ("insert", key, None, {"rows": 2, "first": key, "last": key}),
        ]
        keys = sorted(Determination.objects.values_list("pk", flat=True))
        ((kind, first, _, after),) = events(subject="compliance_determination")
        assert (kind, first) == ("insert", str(keys[0]))
        assert after == {"rows": len(keys), "first": str(keys[0]), "last": str(keys[-1])}


class TestSecrets:
    def test_no_password_name_or_address_of_a_person_is_told(self) -> None:
        person = cast.user("zhang.wei", cast.Role.ANALYST, first_name="Wei", email="wei@example.org")
        person.set_password("another horse")
        person.email = "other@example.org"
        person.save()
        person.delete()
        text = str(events())
        for secret in ("zhang.wei", "Wei", "example.org", "md5$", person.password):
            assert secret not in text, secret
        (changed,) = events(kind="update")
        assert changed[3] == {"password": "withheld", "email": "withheld"}

    def test_no_token_is_told(self) -> None:
        token = cast.token(cast.analyst())
        (made,) = ApiToken.objects.all()
        revoke(made, timezone.now())
        found = events(subject="accounts_apitoken")
        assert [kind for kind, *_ in found] == ["insert", "update"]
        assert token not in str(found)
        assert made.key_sha256 not in str(found)


class TestNobodyChangesThem:
    @pytest.fixture(autouse=True)
    def something(self) -> None:
        cast.operator()

    @pytest.mark.parametrize("table", tables.TRAIL)
    @pytest.mark.parametrize("act", ["UPDATE {} SET {key} = {key}", "DELETE FROM {}", "TRUNCATE {}"])
    def test_the_trail_is_only_added_to(self, table: str, act: str) -> None:
        seal()
        key = "id" if table == "accounts_auditevent" else "seq"
        with pytest.raises(IntegrityError, match="only added to"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(act.format(table, key=key))

    def test_determinations_are_not_emptied(self) -> None:
        statement = "TRUNCATE compliance_determination CASCADE"
        with pytest.raises(IntegrityError, match="only added to"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    def test_a_role_that_owns_nothing_is_told_of_and_cannot_tell_itself(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE clerk BYPASSRLS; GRANT SELECT, UPDATE ON centres_operator TO clerk")
            cursor.execute("SET LOCAL ROLE clerk")
            cursor.execute("UPDATE centres_operator SET name_en = name_en || '!'")
            cursor.execute("SELECT trail_note('refused', '', '', NULL)")
            for statement in (
                "INSERT INTO accounts_auditevent (at, xid, kind) VALUES (now(), 1, 'refused')",
                "SELECT trail_add('update', 'centres_operator', '1', NULL, NULL)",
                "SELECT count(*) FROM accounts_auditevent",
            ):
                with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                    cursor.execute(statement)
            cursor.execute("RESET ROLE")
        assert events(kind="update")[0][3]["name_en"].endswith("!")
        assert len(events(kind="refused")) == 1

    def test_the_program_cannot_tell_of_a_change_that_was_none(self) -> None:
        with pytest.raises(IntegrityError, match="by their triggers"), transaction.atomic():
            notes.note(EventKind.UPDATE, subject="centres_operator", key="1")


class TestWhatPeopleDo:
    def test_signing_in_and_out(self, client: Client) -> None:
        analyst = cast.analyst()
        client.post("/accounts/sign-in/", {"login": "analyst", "password": cast.PASSWORD}, REMOTE_ADDR="192.0.2.4")
        client.post("/accounts/sign-out/")
        came = AuditEvent.objects.get(kind="sign-in")
        assert (came.key, came.user_id, came.address) == (str(analyst.pk), analyst.pk, "192.0.2.4")
        assert AuditEvent.objects.get(kind="sign-out").user_id == analyst.pk

    def test_failing_to_says_whose_account_and_not_what_was_typed(self, client: Client) -> None:
        analyst = cast.analyst()
        for name in ("analyst", "hunter2"):
            client.post("/accounts/sign-in/", {"login": name, "password": "guess"})
        found = events(kind="sign-in-failed")
        assert [key for _, key, *_ in found] == [str(analyst.pk), ""]
        assert "hunter2" not in str(found)
        assert "guess" not in str(found)

    def test_a_refusal(self, client: Client) -> None:
        user = cast.administrator()
        client.force_login(user)
        assert client.get("/review/").status_code == 403
        refused = AuditEvent.objects.get(kind="refused")
        assert (refused.user_id, refused.place, refused.after) == (user.pk, "GET /review/", {"status": 403})

    def test_asking_for_what_is_another_s_or_with_a_token_that_is_none(
        self, client: Client, owner: Operator, rival: Operator
    ) -> None:
        cast.centre("SH-01", owner=owner)
        client.force_login(user := cast.user("rival", cast.Role.OPERATOR, acts_for=rival))
        for path in ("/centres/SH-01/", "/centres/SH-02/", "/no/such/address/"):
            assert client.get(path).status_code == 404
        Client().get("/centres/SH-01/")
        assert Client(headers={"Authorization": "Token guessed"}).get("/api/v1/centres/").status_code == 401
        assert Client().get("/api/v1/centres/").status_code == 401
        found = (
            AuditEvent.objects.filter(kind="refused").order_by("pk").values_list("user_id", "place", "after__status")
        )
        assert list(found) == [
            (user.pk, "GET /centres/SH-01/", 404),
            (user.pk, "GET /centres/SH-02/", 404),
            (None, "GET /api/v1/centres/", 401),
        ]

    def test_a_download_and_an_export(self, client: Client) -> None:
        user = cast.regulator()
        client.force_login(user)
        answer = client.get("/api/v1/inventory-template.xlsx")
        assert answer.status_code == 200
        answer = client.get(reverse("exemption-export"))
        assert answer.status_code == 200
        found = AuditEvent.objects.filter(kind="download").order_by("pk").values_list("user_id", "after")
        names = ("inventory-template.xlsx", "exemptions.csv")
        assert list(found) == [(user.pk, {"as": f'filename="{name}"'}) for name in names]

    def test_looking_at_a_page_is_none(self, client: Client) -> None:
        client.force_login(cast.analyst())
        before = AuditEvent.objects.count()
        assert client.get("/mandates/").status_code == 200
        assert AuditEvent.objects.count() == before


def test_emptying_all_tables_between_tests_leaves_no_event(transactional_db: None) -> None:
    cast.operator()
    call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
    assert events() == []
    assert Centre.objects.exists(), "the reference data came back"
    assert User.objects.count() == 0
