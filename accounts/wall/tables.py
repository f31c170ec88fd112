"""What of each table PostgreSQL shows to whom; `attach` has the database hold to it.

Every table stands in `SEEN` or in `OPEN`: a test holds it to that, and one that is made tomorrow has to be thought of.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from django.db import connections

from accounts.wall import proof

APP, FILLER, WALL = "originmark_app", "originmark_filler", "originmark_wall"

# Of a table that is not named in `SEEN`, why it may stand open.
OPEN = dict.fromkeys(
    (
        "account_emailconfirmation", "accounts_user_groups", "accounts_user_user_permissions", "auth_group",
        "auth_group_permissions", "auth_permission", "axes_accessattempt", "axes_accessattemptexpiration",
        "axes_accessfailurelog", "axes_accesslog", "django_content_type", "django_migrations",
        "socialaccount_socialapp", "socialaccount_socialapp_sites",
    ),
    "the framework's own books, which open nothing: names of tables, and counts of failures to sign in",
)  # fmt: skip


def _any(*clauses: str) -> str:
    return f"({' OR '.join(clauses)})"


def _all(*clauses: str) -> str:
    return f"({' AND '.join(clauses)})"


def _role(*roles: str) -> str:
    """Who asks has one of `roles`, or is the register itself."""
    told = ", ".join(f"'{role}'" for role in ("register", *roles))
    return f"(SELECT wall.role()) IN ({told})"


_COUNTRY = "(SELECT wall.sees_country())"
_REGISTER = "(SELECT wall.is_register())"
_OF_CENTRE = _any(_COUNTRY, "centre_id IN (SELECT wall.centres())")
_OF_REGION = _any(_COUNTRY, "region_id IN (SELECT wall.regions())")
_IN_REGION_OR_CENTRE = _any(_COUNTRY, "region_id IN (SELECT wall.regions())", "centre_id IN (SELECT wall.centres())")
_OF_WHOM_ONE_LEADS = "operator_id IN (SELECT wall.operators(true))"
_OWN = _any(_REGISTER, "user_id = (SELECT wall.who())")
# What belongs to a row of another table is seen with that row, whose own policies hold within.
_OF_SUBMISSION = _any(_REGISTER, "EXISTS (SELECT FROM chips_submission whole WHERE whole.id = submission_id)")
_OF_EXEMPTION = _any(_REGISTER, "EXISTS (SELECT FROM compliance_exemption whole WHERE whole.id = exemption_id)")
_REACHING_CENTRES = _any(
    "EXISTS (SELECT FROM centres_centre known WHERE known.code = subject->>'centre')",
    "EXISTS (SELECT FROM compliance_determinationrequest asked WHERE asked.run_id = compliance_determinationrun.id)",
)
_FILED = "(status <> 'draft' AND NOT (status = 'withdrawn' AND submitted_at IS NULL))"

# The same for everybody: the catalogue, the calendar, mandates; and how far the register's own work is.
_FOR_ALL = (
    "centres_region", "centres_reportingperiod", "chips_vendor", "chips_chipmodel", "chips_alias", "chips_claim",
    "chips_adoption", "chips_chiprevision", "chips_markettotal", "compliance_mandate",
)  # fmt: skip
_OF_WORK = (
    "compliance_sharereading", "compliance_outlookrun", "compliance_outlookerror", "accounts_auditlink",
    "accounts_audithead",
)  # fmt: skip
# What is read and written before it is known who comes, or holds what opens an account.
_OF_REGISTER = ("django_session", "shared_cache", "socialaccount_socialtoken")
_OF_PERSONS = ("accounts_apitoken", "accounts_idempotencykey")
# Administrators end sessions, and take off factors that were lost.
_OF_ACCOUNTS = ("account_emailaddress", "mfa_authenticator", "socialaccount_socialaccount", "usersessions_usersession")

# Which rows of a table somebody is shown.
SEEN = {
    **dict.fromkeys((*_FOR_ALL, *_OF_WORK), "true"),
    **dict.fromkeys(_OF_REGISTER, _REGISTER),
    **dict.fromkeys(_OF_PERSONS, _OWN),
    **dict.fromkeys(_OF_ACCOUNTS, _any(_OWN, _role("administrator"))),
    # Offices decide under their names, which everybody is told.
    "accounts_user": _any(
        _role("regulator", "administrator"), "id = (SELECT wall.who())", "id IN (SELECT wall.colleagues())",
        _all("role = 'regulator'", "(SELECT wall.who()) IS NOT NULL"),
    ),
    "accounts_membership": _any(_role("administrator"), "user_id = (SELECT wall.who())", _OF_WHOM_ONE_LEADS),
    "accounts_invitation": _any(_role("administrator"), _OF_WHOM_ONE_LEADS),
    "accounts_assignment": _any(_role("administrator"), "account_id = (SELECT wall.who())"),
    "accounts_accountstep": _any(_role("administrator"), "account_id = (SELECT wall.who())"),
    "accounts_auditevent": _all(_COUNTRY, _role("regulator")),
    "centres_operator": _any(
        _COUNTRY, _role("administrator"), "id IN (SELECT wall.operators())",
        "id IN (SELECT operator_id FROM centres_centre WHERE region_id IN (SELECT wall.regions()))",
    ),
    "centres_centre": _any(
        _COUNTRY, "region_id IN (SELECT wall.regions())", "operator_id IN (SELECT wall.operators())"
    ),
    "centres_centrerecord": _OF_CENTRE,
    "centres_filingterm": _any("centre_id IS NULL", _OF_CENTRE),
    "chips_submission": _all(_OF_CENTRE, _any(_FILED, _role("operator"))),
    "chips_inventoryline": _OF_SUBMISSION,
    "chips_confirmation": _OF_SUBMISSION,
    "chips_receipt": _all(_role("operator", "regulator"), _OF_SUBMISSION),
    "chips_upload": _all(_OF_CENTRE, _role("operator")),
    "chips_openingrequest": _all(_OF_CENTRE, _role("operator", "regulator")),
    "chips_reminder": _all(_OF_CENTRE, _OWN),
    "compliance_provision": _any("issued_at IS NOT NULL", _all(_COUNTRY, _role("regulator"))),
    "compliance_handdecision": _OF_CENTRE,
    "compliance_determinationrun": _all(
        _role("regulator", "analyst"),
        _any(_COUNTRY, "requested_by_id = (SELECT wall.who())", "NOT subject ?| '{centre,centres}'", _REACHING_CENTRES),
    ),
    "compliance_determinationrequest": _any(
        _COUNTRY, "centres <@ ARRAY(SELECT wall.centres())",
        _all(_role("regulator"), "centres && ARRAY(SELECT wall.centres())"),
    ),
    "compliance_determination": _OF_CENTRE,
    # A province's are told by it: to look up all its centres, for each table that is asked, takes longer.
    "compliance_currentdetermination": _IN_REGION_OR_CENTRE,
    "compliance_outcomechange": _OF_CENTRE,
    "compliance_exemption": _all(_OF_CENTRE, _any("granted_at IS NOT NULL", _role("regulator"))),
    "compliance_exemptionrequest": _OF_CENTRE,
    "compliance_exemptionnotice": _all(_OWN, _OF_EXEMPTION),
    "compliance_movement": _all(_OF_CENTRE, _role("regulator", "analyst")),
    "compliance_centreshare": _OF_CENTRE,
    "compliance_summedstock": _IN_REGION_OR_CENTRE,
    "compliance_outlook": f"CASE WHEN centre_id IS NULL THEN {_OF_REGION} ELSE {_OF_CENTRE} END",
    "compliance_outcomerollup": _OF_REGION,
    "compliance_inventoryrollup": _OF_REGION,
    "compliance_stockrollup": _OF_REGION,
    "compliance_acquisitionrollup": _OF_REGION,
    "compliance_simulation": _all(
        _role("regulator", "analyst"), _any(_COUNTRY, "region_codes <@ ARRAY(SELECT wall.regions())::varchar[]")
    ),
    "compliance_simulatedchange": _all(_role("regulator", "analyst"), _OF_CENTRE),
    "reports_reportrun": _COUNTRY,
}  # fmt: skip
# Who writes a table, of those who are shown a row of it; where it is not named, all of them do.
_BY_REGULATORS = _role("regulator")
WRITTEN = {
    **dict.fromkeys(_FOR_ALL, _BY_REGULATORS),
    **dict.fromkeys(_OF_WORK, _REGISTER),
    "accounts_assignment": _role("administrator"),
    "accounts_accountstep": _role("administrator"),
    "accounts_membership": _role("administrator"),
    "accounts_user": _any(_role("administrator"), "id = (SELECT wall.who())"),
    # What waits for its link to be followed; that it was followed the register writes down. It also keeps who asks
    # from learning, by what may stand there once, whose an address is.
    "account_emailaddress": _any(_REGISTER, "(user_id = (SELECT wall.who()) AND NOT verified)"),
    "centres_filingterm": _BY_REGULATORS,
    "centres_centrerecord": _BY_REGULATORS,
    "compliance_provision": _all(_COUNTRY, _role("regulator")),
    "compliance_handdecision": _BY_REGULATORS,
    "compliance_exemption": _BY_REGULATORS,
    "compliance_movement": _BY_REGULATORS,
    # What the register itself works out: nobody who asks writes it, whoever they are.
    "compliance_determination": _REGISTER,
    "compliance_currentdetermination": _REGISTER,
    "compliance_outcomechange": _REGISTER,
    "compliance_centreshare": _REGISTER,
    "compliance_summedstock": _REGISTER,
    "compliance_outlook": _REGISTER,
    "compliance_outcomerollup": _REGISTER,
    "compliance_inventoryrollup": _REGISTER,
    "compliance_stockrollup": _REGISTER,
    "compliance_acquisitionrollup": _REGISTER,
    "compliance_simulatedchange": _REGISTER,
    "compliance_determinationrequest": _REGISTER,
    # Its triggers alone, with the rights of the tables' owner: the application has none to write it.
    "accounts_auditevent": "true",
}
# What somebody adds who does not write it further.
ADDED = {"compliance_determinationrequest": SEEN["compliance_determinationrequest"]}
# What comes by COPY, with the role that fills.
FILLED = ("chips_inventoryline", "compliance_determination")
# What the functions of the wall, and the triggers that check what comes by COPY, look up.
LOOKED_UP = (
    "accounts_user", "accounts_membership", "centres_centre", "centres_centrerecord", "centres_reportingperiod",
    "chips_submission", "compliance_provision", "compliance_handdecision", "compliance_determinationrun",
    "compliance_determination",
)  # fmt: skip
# What the application may not do with a table: all else it may, but for emptying one.
REFUSED = {
    "django_migrations": "INSERT, UPDATE, DELETE",
    "accounts_auditevent": "INSERT, UPDATE, DELETE",
    "accounts_auditlink": "UPDATE, DELETE",
    "accounts_audithead": "UPDATE, DELETE",
    "compliance_determination": "UPDATE, DELETE",
    "chips_inventoryline": "INSERT",
}
# Of the functions in `public`, those that whoever asks may call; the others are for triggers.
CALLED = (
    "trail_note(text, text, text, jsonb)", "comparable_serials(varchar[])", "steps_apart(jsonb)",
    "analyse_determined()",
)  # fmt: skip

# All that stands, as PostgreSQL itself writes it.
STATE = """
    SELECT md5(concat(
        (SELECT string_agg(concat_ws(' ', relname, relrowsecurity, relforcerowsecurity, relacl), ',' ORDER BY relname)
         FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')),
        (SELECT string_agg(concat_ws(' ', polrelid::regclass, polname, polcmd, polroles, polpermissive,
                                     pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)),
                           ',' ORDER BY polrelid, polname)
         FROM pg_policy),
        (SELECT string_agg(concat_ws(' ', proname, proowner, proacl, prosecdef, md5(prosrc)), ',' ORDER BY oid)
         FROM pg_proc WHERE pronamespace IN ('public'::regnamespace, 'wall'::regnamespace))
    ))
"""
_STANDING = """
    SELECT relation.relname, array_agg(made.polname::text) FILTER (WHERE made.polname LIKE 'wall\\_%')
    FROM pg_class relation LEFT JOIN pg_policy made ON made.polrelid = relation.oid
    WHERE relation.relnamespace = 'public'::regnamespace AND relation.relkind IN ('r', 'p')
    GROUP BY relation.oid, relation.relname ORDER BY relation.relname
"""

# What others say to PostgreSQL is shown to nobody who asks, since it proves who they are; and what a role was told of
# itself is forgotten. Only a superuser may say so: where the owner is none, `docs/deploy.md` has it done beforehand.
_SETTINGS = """
    DO $$
    BEGIN
        IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
            ALTER ROLE originmark_app RESET ALL;
            ALTER ROLE originmark_app SET track_activities = off;
            ALTER ROLE originmark_app SET search_path = public, pg_temp;
        END IF;
    END $$
"""
# Each of those to whom a function belongs takes its own away: an owner that is no superuser may not take the wall's.
_ROUTINES = """
    DO $$
    DECLARE
        made regprocedure;
    BEGIN
        FOR made IN
            SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND pg_has_role(proowner, 'USAGE')
        LOOP
            EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', made);
        END LOOP;
    END $$
"""
_KEY = """
    INSERT INTO wall.key (pads) VALUES (%s)
    ON CONFLICT (one) DO UPDATE SET pads = excluded.pads WHERE key.pads <> excluded.pads
"""


def attach(using: str = "default", **signal: Any) -> None:
    """Give every table its policies and the roles their rights, and take away any other.

    A digest of what is due and of what stands is kept with the schema: where both are the same, nothing is to do.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regnamespace('wall') IS NOT NULL")
        if not cursor.fetchone()[0]:
            # The wall was unmade, or is not made yet.
            return
        cursor.execute(_STANDING)
        standing = {table: set(policies or ()) for table, policies in cursor.fetchall()}
        due = {table: _policies(table) if table in SEEN else {} for table in standing}
        statements = [*_walls(due), *_rights()]
        due_digest = sha256("\n".join([*standing, *statements]).encode()).hexdigest()
        cursor.execute(STATE)
        cursor.execute(
            "SELECT obj_description('wall'::regnamespace, 'pg_namespace') = %s",
            [f"{due_digest} {cursor.fetchone()[0]}"],
        )
        if cursor.fetchone()[0]:
            return
        for table, policies in standing.items():
            for policy in policies:
                cursor.execute(f'DROP POLICY {policy} ON "{table}"')
        for statement in statements:
            cursor.execute(statement)
        with _as_wall(cursor):
            cursor.execute(_ROUTINES)
        cursor.execute(STATE)
        told = f"{due_digest} {cursor.fetchone()[0]}"
        with _as_wall(cursor):
            cursor.execute(f"COMMENT ON SCHEMA wall IS '{told}'")


def keep_key(using: str = "default", **signal: Any) -> None:
    """Have PostgreSQL believe what is proven under the secret key of now: before a migration looks anything up, too."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regclass('wall.key') IS NOT NULL")
        if cursor.fetchone()[0]:
            with _as_wall(cursor):
                cursor.execute(_KEY, [proof.pads()])


@contextmanager
def _as_wall(cursor: Any) -> Iterator[None]:
    """What is asked here is asked by the role to which the schema belongs."""
    cursor.execute(f"SET ROLE {WALL}")
    try:
        yield
    finally:
        cursor.execute("RESET ROLE")


def _policies(table: str) -> dict[str, str]:
    """The policies of `table` by name."""
    seen, written = SEEN[table], WRITTEN.get(table)
    # What the wall's own functions look up they are shown whole: they could not ask themselves.
    policies = {"wall_looked_up": f"FOR SELECT TO {WALL} USING (true)"} if table in LOOKED_UP else {}
    if written is None:
        return policies | {"wall_seen": f"FOR ALL TO PUBLIC USING ({seen})"}
    return policies | {
        "wall_seen": f"FOR SELECT TO PUBLIC USING ({seen})",
        "wall_added": f"FOR INSERT TO PUBLIC WITH CHECK ({ADDED.get(table, written)})",
        "wall_changed": f"FOR UPDATE TO PUBLIC USING ({written})",
        "wall_removed": f"FOR DELETE TO PUBLIC USING ({written})",
    }


def _walls(due: dict[str, dict[str, str]]) -> Iterator[str]:
    """The policies of all tables; a table without any stands open."""
    for table, policies in due.items():
        row_security = ("ENABLE", "FORCE") if policies else ("DISABLE", "NO FORCE")
        yield f'ALTER TABLE "{table}" ' + ", ".join(f"{one} ROW LEVEL SECURITY" for one in row_security)
        for name, clause in policies.items():
            yield f'CREATE POLICY {name} ON "{table}" {clause}'


def _rights() -> Iterator[str]:
    """What each of the roles may do with which table; none may empty one."""
    roles = f"{APP}, {FILLER}, {WALL}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {roles}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {roles}"
    # A table, a type or a function of one's own would be used by whoever asks next, and by functions of the owner.
    yield "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield _ROUTINES
    yield f"GRANT EXECUTE ON FUNCTION {', '.join(CALLED)} TO PUBLIC"
    yield f"GRANT USAGE ON SCHEMA public TO {roles}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP}"
    # The next key, and no other: setting one outlasts even what is rolled back.
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP}, {FILLER}"
    yield f"REVOKE ALL ON SEQUENCE accounts_auditevent_id_seq FROM {APP}, {FILLER}"
    for table, refused in REFUSED.items():
        yield f"REVOKE {refused} ON {table} FROM {APP}"
    yield f"GRANT INSERT ON {', '.join(FILLED)} TO {FILLER}"
    yield f"GRANT SELECT ON {', '.join(LOOKED_UP)} TO {WALL}"
    yield _SETTINGS
