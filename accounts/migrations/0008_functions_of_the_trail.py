"""What writes events. `accounts.trail.tables` attaches it to every table; these run with the rights of the owner, so
that who changes a record need not be allowed to write events, and cannot write other ones."""

from django.db import migrations

# Who is asking is told with every transaction; where nobody said, somebody speaks SQL of their own.
ASKING = """
CREATE OR REPLACE FUNCTION trail_asking(
    OUT user_id bigint, OUT role text, OUT channel text, OUT address text, OUT place text, OUT request text
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    said jsonb := {said};
BEGIN
    IF said IS NULL THEN
        role := left(session_user, 20);
        channel := 'sql';
        address := coalesce(host(inet_client_addr()), '');
        place := current_setting('application_name');
        request := '';
        RETURN;
    END IF;
    user_id := (said->>'user')::bigint;
    role := coalesce(said->>'role', '');
    channel := coalesce(said->>'channel', '');
    address := coalesce(said->>'address', '');
    place := coalesce(said->>'place', '');
    request := coalesce(said->>'request', '');
END $$
"""
SAID = "nullif(current_setting('originmark.asking', true), '')::jsonb"
ADD = """
CREATE FUNCTION trail_add(kind text, subject text, key text, before jsonb, after jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO accounts_auditevent
        (at, xid, kind, subject, key, user_id, role, channel, address, place, request, before, after)
    SELECT clock_timestamp(), pg_current_xact_id()::text::bigint, $1, $2, coalesce($3, ''), asking.*, $4, $5
    FROM trail_asking() asking
$$;
-- Else whoever may call it could tell of changes that were none.
REVOKE EXECUTE ON FUNCTION trail_add(text, text, text, jsonb, jsonb) FROM PUBLIC
"""
# What the program says that happened: no change of a record, which the triggers alone tell of.
NOTE = """
CREATE FUNCTION trail_note(kind text, subject text, key text, details jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF kind NOT IN ('sign-in', 'sign-out', 'sign-in-failed', 'refused', 'download') THEN
        RAISE EXCEPTION 'Changes of records are told by their triggers, and by nothing else.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    PERFORM trail_add(kind, subject, key, NULL, details);
END $$
"""
# Of all rows that a statement added or removed, under a name that no column has. Arguments: the column of the key; the
# columns whose values are never told.
ROWS = """
CREATE FUNCTION trail_rows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    withheld text[] := TG_ARGV[1];
BEGIN
    INSERT INTO accounts_auditevent
        (at, xid, kind, subject, key, user_id, role, channel, address, place, request, before, after)
    SELECT clock_timestamp(), pg_current_xact_id()::text::bigint, lower(TG_OP), TG_TABLE_NAME,
           coalesce(told.whole->>TG_ARGV[0], ''), asking.*,
           CASE TG_OP WHEN 'DELETE' THEN told.whole - withheld END,
           CASE TG_OP WHEN 'INSERT' THEN told.whole - withheld END
    FROM trail_asking() asking, (SELECT to_jsonb(trail_changed) AS whole FROM trail_changed OFFSET 0) told;
    RETURN NULL;
END $$
"""
# Arguments: the column of the key; the columns whose values are never told; those whose changes are no news.
UPDATED = """
CREATE FUNCTION trail_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    old_row jsonb := to_jsonb(OLD);
    withheld text[] := TG_ARGV[1];
    unheeded text[] := TG_ARGV[2];
    before jsonb;
    after jsonb;
BEGIN
    SELECT jsonb_object_agg(key, CASE WHEN key = ANY (withheld) THEN '"withheld"' ELSE old_row->key END),
           jsonb_object_agg(key, CASE WHEN key = ANY (withheld) THEN '"withheld"' ELSE value END)
    INTO before, after
    FROM jsonb_each(to_jsonb(NEW))
    WHERE value IS DISTINCT FROM old_row->key AND key <> ALL (unheeded);
    IF after IS NOT NULL THEN
        PERFORM trail_add('update', TG_TABLE_NAME, old_row->>TG_ARGV[0], before, after);
    END IF;
    RETURN NULL;
END $$
"""
# One event a statement: how many rows, and the first and the last of the column that is the argument.
COUNTED = """
CREATE FUNCTION trail_counted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    added bigint;
    first_key text;
    last_key text;
BEGIN
    EXECUTE format('SELECT count(*), min(%1$I)::text, max(%1$I)::text FROM trail_changed', TG_ARGV[0])
        INTO added, first_key, last_key;
    IF added > 0 THEN
        PERFORM trail_add(
            'insert', TG_TABLE_NAME, first_key, NULL,
            jsonb_build_object('rows', added, 'first', first_key, 'last', last_key)
        );
    END IF;
    RETURN NULL;
END $$
"""
TRUNCATED = """
CREATE FUNCTION trail_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM trail_add('truncate', TG_TABLE_NAME, '', NULL, NULL);
    RETURN NULL;
END $$
"""
KEPT = """
CREATE FUNCTION trail_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only added to: nothing of it is changed, removed or emptied.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def function(sql: str, signature: str) -> migrations.RunSQL:
    # With a function go the triggers that call it.
    return migrations.RunSQL(sql, f"DROP FUNCTION {signature} CASCADE")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_audit_trail")]

    operations = [
        function(ASKING.format(said=SAID), "trail_asking()"),
        function(ADD, "trail_add(text, text, text, jsonb, jsonb)"),
        function(NOTE, "trail_note(text, text, text, jsonb)"),
        function(ROWS, "trail_rows()"),
        function(UPDATED, "trail_updated()"),
        function(COUNTED, "trail_counted()"),
        function(TRUNCATED, "trail_truncated()"),
        function(KEPT, "trail_kept()"),
    ]
