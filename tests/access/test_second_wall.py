"""What PostgreSQL itself shows to whom, whatever a query forgets: asked by SQL, as the application's own role."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db import ProgrammingError, connection, transaction
from django.db.models import Model
from psycopg2.sql import SQL, Identifier

from accounts import asking
from accounts.asking import Asking
from accounts.models import AuditEvent, Membership, Role, User
from accounts.wall import proof
from accounts.wall.tables import APP, FILLED, FILLER, OPEN, SEEN, WALL
from chips.models import Submission
from tests import cast, walls
from tests.access.estates import House
from tests.access.matrix import READERS
from tests.access.scopes import ROOMS
from tests.access.test_scopes import OF_REGIONS, OWNED

pytestmark = pytest.mark.django_db
# The catalogue, the calendar, mandates, and how far work is.
SHOWN_TO_ALL = {table for table, seen in SEEN.items() if seen == "true"}
REGISTER = Asking("task", is_register=True)


@contextmanager
def asked_for(who: User | None = None) -> Iterator[Any]:
    """A cursor of the application, in which `who` asks, or somebody who is not signed in."""
    with (
        walls.within(),
        transaction.atomic(),
        asking.asked_by(Asking("page", who.pk if who else None)),
        connection.cursor() as cursor,
    ):
        yield cursor


def shown(table: str, path: str, of: dict[str, Any]) -> str:
    """Of whose rows any is shown, to a query that asks for all of them."""
    model: type[Model] = apps.get_model(table)
    return (
        "".join(letter for letter, owner in of.items() if model._base_manager.filter(**{path: owner}).exists()) or "-"
    )


def count(cursor: Any, table: str) -> int:
    cursor.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table)))
    (found,) = cursor.fetchone()
    return int(found)


def test_every_table_has_policies_or_a_reason_to_stand_open() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        )
        stands = dict(cursor.fetchall())
        # Those views show what their owner sees unless they say otherwise; those that are kept show it to everybody.
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
        )
        assert cursor.fetchall() == []
    assert {table for table, is_walled in stands.items() if is_walled} == SEEN.keys()
    assert {table for table, is_walled in stands.items() if not is_walled} == OPEN.keys() & stands.keys()
    assert not SEEN.keys() & OPEN.keys()


def test_every_table_that_leads_to_an_operator_has_policies() -> None:
    told = {apps.get_model(label)._meta.db_table for label, *_ in (*OWNED, *OF_REGIONS)}
    assert told <= SEEN.keys()


# The matrix says what `visible_to` shows; where PostgreSQL shows more, it is never to an operator of another's.
@pytest.mark.parametrize("who", READERS)
def test_a_query_that_forgets_shows_what_the_matrix_says(written: House, who: str) -> None:
    user, column = written.people[who], READERS.index(who)
    owners = {"q": written.quartz.operator.pk, "b": written.basalt.operator.pk}
    with asked_for(user):
        found = {table: shown(table, path, owners) for table, path, *_ in OWNED}
        found |= {table: shown(table, path, {"q": "31", "b": "44"}) for table, path, *_ in OF_REGIONS}
    says = {table: cells[column] for table, _path, *cells in (*OWNED, *OF_REGIONS)}
    assert found == says


def test_who_is_nobody_is_shown_nothing(written: House) -> None:
    closed = written.people["national"]
    User.objects.filter(pk=closed.pk).update(is_active=False)
    leaver = cast.user("leaver", Role.OPERATOR, acts_for=written.quartz.operator)
    Membership.objects.filter(user=leaver).update(to_on="2025-12-31")
    try:
        for who in (None, closed, leaver):
            with asked_for(who) as cursor:
                told = {table: count(cursor, table) for table in SEEN}
                # A deadline of all centres and what was issued are everybody's; who left keeps an account.
                own = {"accounts_user", "accounts_membership"} if who is leaver else set()
                all_of = SHOWN_TO_ALL | {"centres_filingterm", "compliance_provision"}
                assert {table for table, found in told.items() if found} - all_of <= own
        with transaction.atomic(), walls.within(), connection.cursor() as cursor:
            assert count(cursor, "chips_submission") == count(cursor, "centres_centre") == 0
    finally:
        User.objects.filter(pk=closed.pk).update(is_active=True)


class TestNobodySpeaksInAnothersName:
    """SQL that somebody slipped into a page: it can say anything, and prove nothing of it."""

    def forged(self, cursor: Any, told: str, proven: str) -> int:
        cursor.execute(
            "SELECT set_config('originmark.asking', %s, true), set_config('originmark.proof', %s, true)", [told, proven]
        )
        return count(cursor, "chips_submission")

    def test_a_name_without_a_proof_is_nobody_s(self, written: House) -> None:
        other = Asking("page", written.basalt.files.pk).written
        with asked_for(written.quartz.files) as cursor:
            assert count(cursor, "chips_submission") > 0
            assert self.forged(cursor, other, "") == 0
            assert self.forged(cursor, other, f"{int(time.time())} {'0' * 64}") == 0
            assert self.forged(cursor, REGISTER.written, "") == 0

    def test_a_proof_is_of_one_name(self, written: House) -> None:
        own, other = (Asking("page", estate.files.pk).written for estate in (written.quartz, written.basalt))
        with asked_for(written.quartz.files) as cursor:
            assert self.forged(cursor, own, proof.of(own)) > 0
            assert self.forged(cursor, other, proof.of(own)) == 0

    def test_a_proof_that_was_overheard_is_soon_of_no_use(
        self, written: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = REGISTER.written
        with asked_for() as cursor:
            assert self.forged(cursor, told, proof.of(told)) > 0
            now = time.time()
            # The tests' transaction has lasted for a while; a minute before it began is long ago.
            monkeypatch.setattr(time, "time", lambda: now - 3600)
            assert self.forged(cursor, told, proof.of(told)) == 0
            monkeypatch.setattr(time, "time", lambda: now + 3600)
            assert self.forged(cursor, told, proof.of(told)) == 0

    @pytest.mark.parametrize("proven", ["x", "1 2 3", "99999999999999 " + "0" * 64, "' OR true --", "\N{SNOWMAN}"])
    def test_what_is_no_proof_is_none(self, written: House, proven: str) -> None:
        with asked_for() as cursor:
            assert self.forged(cursor, REGISTER.written, proven) == 0

    def test_the_trail_believes_no_name_without_a_proof(self, written: House) -> None:
        with asked_for(written.quartz.files) as cursor:
            self.forged(cursor, Asking("page", written.basalt.files.pk).written, "")
            cursor.execute("SELECT trail_note('refused', 'forged', '', NULL)")
        told = AuditEvent._base_manager.get(subject="forged")
        assert (told.user_id, told.channel) == (None, "sql")

    def test_what_an_account_may_see_it_cannot_change(self, written: House) -> None:
        files = written.quartz.files
        for statement in (
            "UPDATE accounts_user SET role = 'regulator' WHERE id = %s",
            "UPDATE accounts_user SET all_regions = true WHERE id = %s",
            "INSERT INTO accounts_membership (user_id, operator_id, from_on, is_lead) "
            "SELECT %s, 987654321, '2020-01-01', true",
        ):
            with (
                pytest.raises(ProgrammingError, match=r"administrators|row-level security"),
                asked_for(files) as cursor,
            ):
                cursor.execute(statement, [files.pk])
        with asked_for(files) as cursor:
            cursor.execute("UPDATE accounts_user SET language = 'zh-hans' WHERE id = %s", [files.pk])
            assert cursor.rowcount == 1
            cursor.execute("UPDATE accounts_user SET language = 'en' WHERE id <> %s", [files.pk])
            assert cursor.rowcount == 0


class TestWhatIsNotAnOperatorsToWrite:
    """By SQL in its own name."""

    REFUSED = (
        "UPDATE centres_centre SET name_en = 'x'",
        "UPDATE centres_operator SET name_en = 'x'",
        "UPDATE chips_submission SET decided_by_id = {files}, decided_at = now() WHERE status = 'submitted'",
        "UPDATE chips_openingrequest SET granted = true, answered_by_id = {files}, answered_at = now(), answer = 'x'",
        "INSERT INTO centres_centrerecord "
        "(centre_id, from_on, recorded_at, kind, status, region_code, ownership, reason) "
        "VALUES ({centre}, '2020-01-01', now(), 'intelligent', 'closed', '31', 'private', '')",
        "INSERT INTO accounts_membership (user_id, operator_id, from_on, is_lead) "
        "VALUES ({rival}, {operator}, '1999-01-01', false)",
        "INSERT INTO accounts_auditlink (seq, event_id, sha256) VALUES (987654321, 987654321, '')",
        # An address that nobody has proven; nor does a collision tell whose it is.
        'INSERT INTO account_emailaddress (user_id, email, verified, "primary") '
        "VALUES ({attests}, 'rival@example.org', true, false)",
        'INSERT INTO account_emailaddress (user_id, email, verified, "primary") '
        "VALUES ({rival}, 'own@example.org', false, false)",
    )
    WITHOUT_EFFECT = (
        "UPDATE centres_reportingperiod SET due_on = due_on + 400",
        "UPDATE chips_chipmodel SET name = name || 'x'",
        "UPDATE compliance_determinationrequest SET attempts = 99",
        "DELETE FROM compliance_determinationrequest",
        "UPDATE compliance_provision SET citation = 'x'",
        "UPDATE accounts_membership SET is_lead = true",
        "DELETE FROM mfa_authenticator WHERE user_id <> {attests}",
        "UPDATE django_session SET expire_date = now()",
        "DELETE FROM shared_cache",
    )

    def said(self, house: House, statement: str) -> str:
        own = house.quartz
        return statement.format(
            files=own.files.pk, attests=own.attests.pk, rival=house.basalt.files.pk, centre=own.centre.pk,
            operator=own.operator.pk,
        )  # fmt: skip

    @pytest.mark.parametrize("statement", REFUSED)
    def test_it_is_refused(self, written: House, statement: str) -> None:
        refused = pytest.raises(ProgrammingError, match=r"regulators|row-level security")
        with refused, asked_for(written.quartz.attests) as cursor:
            cursor.execute(self.said(written, statement))

    def test_of_its_own_mail_addresses_it_writes_what_waits_and_proves_none(self, written: House) -> None:
        own, rival = written.quartz.attests.pk, written.basalt.files.pk
        row = 'INSERT INTO account_emailaddress (user_id, email, verified, "primary") VALUES (%s, %s, %s, false)'
        with connection.cursor() as cursor:
            cursor.execute(row, [own, "proven@example.org", True])
            cursor.execute(row, [rival, "rival@example.org", False])
        with asked_for(written.quartz.attests) as cursor:
            cursor.execute(row, [own, "rival@example.org", False])
            for statement in (
                "UPDATE account_emailaddress SET email = 'x' WHERE verified",
                "UPDATE account_emailaddress SET verified = false WHERE verified",
                "DELETE FROM account_emailaddress WHERE verified",
            ):
                cursor.execute(statement)
                assert cursor.rowcount == 0
        for statement in (
            "UPDATE account_emailaddress SET verified = true WHERE NOT verified",
            "UPDATE account_emailaddress SET user_id = %s WHERE NOT verified",
        ):
            refused = pytest.raises(ProgrammingError, match="row-level security")
            with refused, asked_for(written.quartz.attests) as cursor:
                cursor.execute(statement, [rival] if "%s" in statement else None)
        with asked_for(written.quartz.attests) as cursor:
            cursor.execute("DELETE FROM account_emailaddress")
            assert cursor.rowcount == 1

    def test_an_administrator_proves_no_mail_address_and_takes_none_away(self, written: House) -> None:
        rival = written.basalt.files.pk
        EmailAddress.objects.create(user_id=rival, email="rival@example.org")
        with asked_for(written.people["administrator"]) as cursor:
            cursor.execute("UPDATE account_emailaddress SET verified = true")
            assert cursor.rowcount == 0
            cursor.execute("DELETE FROM account_emailaddress")
            assert cursor.rowcount == 0

    @pytest.mark.parametrize("statement", WITHOUT_EFFECT)
    def test_it_changes_nothing(self, written: House, statement: str) -> None:
        with asked_for(written.quartz.attests) as cursor:
            cursor.execute(self.said(written, statement))
            assert cursor.rowcount == 0

    def test_nobody_is_shown_who_opens_what(self, written: House) -> None:
        with asked_for(written.quartz.attests) as cursor:
            assert count(cursor, "django_session") == count(cursor, "shared_cache") == 0
            cursor.execute("SELECT count(*) FROM mfa_authenticator WHERE user_id <> %s", [written.quartz.attests.pk])
            assert cursor.fetchone() == (0,)
            cursor.execute("SELECT count(*) FROM accounts_user WHERE role NOT IN ('operator', 'regulator')")
            assert cursor.fetchone() == (0,)


class TestWhatTheApplicationMayNot:
    REFUSED = (
        "UPDATE accounts_auditevent SET kind = 'refused'",
        "DELETE FROM accounts_auditevent",
        "INSERT INTO accounts_auditevent (at, xid, kind) VALUES (now(), 1, 'refused')",
        "TRUNCATE accounts_auditevent",
        "UPDATE accounts_auditlink SET seq = seq + 1",
        "DELETE FROM accounts_audithead",
        "UPDATE compliance_determination SET outcome = 'compliant'",
        "DELETE FROM compliance_determination",
        "TRUNCATE compliance_determination",
        "TRUNCATE chips_submission CASCADE",
        "ALTER TABLE chips_submission DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE chips_submission DISABLE TRIGGER ALL",
        "DROP POLICY wall_seen ON chips_submission",
        "CREATE POLICY more ON chips_submission USING (true)",
        "SELECT * FROM wall.key",
        "UPDATE wall.key SET pads = ''",
        "CREATE FUNCTION wall.is_register() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        f"SET LOCAL ROLE {WALL}",
        "SET LOCAL session_replication_role = replica",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "INSERT INTO chips_inventoryline (submission_id) VALUES (1)",
        # What one makes oneself, others would use without knowing, and functions of the owner with all its rights.
        "CREATE TEMPORARY TABLE centres_region (code text)",
        "CREATE TABLE own (code text)",
        "CREATE TYPE pg_temp.own AS ENUM ('x')",
        "CREATE FUNCTION own() RETURNS text LANGUAGE sql AS 'SELECT 1'",
        "SELECT trail_add('update', 'centres_operator', '1', NULL, NULL)",
        "SELECT setval('chips_submission_id_seq', 1)",
        "SELECT nextval('accounts_auditevent_id_seq')",
        "LOCK TABLE compliance_determination IN ACCESS EXCLUSIVE MODE",
        # Nobody asks: nobody is believed to be the register, or a regulator.
        "INSERT INTO accounts_auditlink (seq, event_id, sha256) VALUES (987654321, 987654321, '')",
        "INSERT INTO shared_cache (cache_key, value, expires) VALUES (':1:any', '', now())",
        "INSERT INTO chips_vendor (name, name_zh) VALUES ('x', 'x')",
        "SELECT lo_import('/etc/passwd')",
        "COPY chips_submission TO PROGRAM 'cat'",
    )

    @pytest.fixture
    def as_app(self) -> Iterator[Any]:
        """A connection that logged in as the application: on it no superuser waits behind the role."""
        with closing(psycopg2.connect(walls.application_url())) as own:
            own.autocommit = True
            yield own

    @pytest.mark.parametrize("statement", REFUSED)
    def test_it_is_refused(self, as_app: Any, statement: str) -> None:
        refused = (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ObjectNotInPrerequisiteState)
        with as_app.cursor() as cursor, pytest.raises(refused):
            cursor.execute(f"BEGIN; {statement}")
        with as_app.cursor() as cursor:
            cursor.execute("ROLLBACK")

    def test_it_owns_nothing_and_passes_by_nothing(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, "
                "EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid AND relnamespace = 'public'::regnamespace) "
                "FROM pg_roles WHERE rolname = ANY (%s)",
                [[APP, FILLER, WALL]],
            )
            assert {role: rights for role, *rights in cursor.fetchall()} == {
                APP: [False] * 5,
                FILLER: [False, True, False, False, False],
                WALL: [False] * 5,
            }

    def test_the_role_that_fills_reads_nothing_and_adds_to_two_tables(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname, privilege_type FROM pg_class, aclexplode(relacl) "
                "WHERE grantee = %s::regrole AND relkind <> 'S' AND relnamespace = 'public'::regnamespace",
                [FILLER],
            )
            assert set(cursor.fetchall()) == {(table, "INSERT") for table in FILLED}

    def test_nobody_but_the_register_adds_determinations(self, written: House) -> None:
        with (
            pytest.raises(ProgrammingError, match="row-level security"),
            asked_for(written.people["national"]) as cursor,
        ):
            cursor.execute(_COPIED_DETERMINATION)
        with (
            pytest.raises(ProgrammingError, match="Only the register itself adds to"),
            asked_for(written.people["national"]) as cursor,
        ):
            cursor.execute(_FILLED_DETERMINATION)


_COPIED_DETERMINATION = """
    INSERT INTO compliance_determination SELECT (jsonb_populate_record(made, '{"id": 987654321}')).*
    FROM compliance_determination made LIMIT 1
"""
# The role that fills reads none, so that what it adds is made up.
_FILLED_DETERMINATION = """
    SET LOCAL ROLE originmark_filler;
    INSERT INTO compliance_determination
    (centre_id, provision_id, period_id, as_of, known_at, outcome, digest, answer, centre_record_id, chip_revisions,
     exemptions, cause)
    VALUES (1, 1, '2025Q4', '2025-12-31', now(), 'compliant', repeat('0', 64), '{}', 1, '{}', '{}', 'sweep')
"""


def test_a_collision_tells_nothing_of_another(written: House) -> None:
    """Every key that is given once in the whole register is one that no operator chooses."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT keyed.relname, array_agg(part.attname::text ORDER BY part.attname) "
            "FROM pg_index made JOIN pg_class keyed ON keyed.oid = made.indrelid "
            "JOIN pg_attribute part ON part.attrelid = keyed.oid AND part.attnum = ANY (made.indkey) "
            "WHERE made.indisunique AND NOT made.indisprimary AND keyed.relname = ANY (%s) "
            "GROUP BY keyed.relname, made.indexrelid",
            [[table for table in SEEN.keys() - SHOWN_TO_ALL if table.split("_")[0] in ROOMS]],
        )
        keys = {(table, *columns) for table, columns in cursor.fetchall()}
    carried = {"operator_id", "centre_id", "submission_id", "user_id", "exemption_id", "simulation_id", "region_id"}
    told = {key for key in keys if not carried & set(key)}
    assert told == GIVEN_ONCE


# Made by the register, or by regulators: names of accounts are refused in words that say so.
GIVEN_ONCE = {
    ("accounts_apitoken", "key_sha256"),
    ("accounts_user", "username"),
    ("centres_centre", "code"),
    ("centres_operator", "name_zh"),
    ("centres_operator", "uscc"),
    ("chips_submission", "accession_number"),
    ("compliance_currentdetermination", "determination_id"),
    ("compliance_determinationrequest", "period_id"),
    ("compliance_provision", "from_on", "mandate_id"),
    ("compliance_simulation", "key"),
    ("reports_reportrun", "period_id"),
}


def test_what_an_operator_drafts_is_its_own_to_sql_too(written: House) -> None:
    drafts = Submission._base_manager.filter(status="draft")
    with asked_for(written.people["national"]):
        assert not drafts.exists()
    with asked_for(written.quartz.files):
        assert drafts.exists()
