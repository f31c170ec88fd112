"""Roles, and the functions that policies ask who is asking and what they may see.

`accounts.wall.tables` gives every table its policies and rights, when all tables are there.
"""

from importlib import import_module

from django.db import migrations

# A module whose name begins with a digit.
trail = import_module("accounts.migrations.0008_functions_of_the_trail")

ROLES = """
DO $$
BEGIN
    IF to_regrole('originmark_app') IS NULL THEN
        CREATE ROLE originmark_app NOLOGIN;
    END IF;
    IF to_regrole('originmark_wall') IS NULL THEN
        CREATE ROLE originmark_wall NOLOGIN;
    END IF;
    IF to_regrole('originmark_filler') IS NULL THEN
        CREATE ROLE originmark_filler NOLOGIN BYPASSRLS;
    END IF;
    -- Taken for one COPY (SET LOCAL ROLE), and never had by the way.
    IF NOT pg_has_role('originmark_app', 'originmark_filler', 'SET') THEN
        GRANT originmark_filler TO originmark_app WITH INHERIT FALSE, SET TRUE;
    END IF;
    IF NOT pg_has_role(current_user, 'originmark_wall', 'SET') THEN
        EXECUTE format('GRANT originmark_wall TO %I WITH INHERIT FALSE, SET TRUE', current_user);
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'The role % may not make the roles of the second wall.', current_user
            USING HINT = 'A superuser makes originmark_app, originmark_wall and originmark_filler; see docs/deploy.md.';
END $$
"""
# Unmade, nothing may stay behind it that shows nobody anything.
UNMAKE = """
DO $$
DECLARE
    walled regclass;
BEGIN
    FOR walled IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity LOOP
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', walled);
    END LOOP;
END $$;
DROP SCHEMA wall CASCADE
"""
SCHEMA = """
CREATE SCHEMA wall AUTHORIZATION originmark_wall;
SET LOCAL ROLE originmark_wall
"""
KEY = """
-- The inner and the outer pad of HMAC-SHA256 under the key by which the application proves who is asking.
CREATE TABLE wall.key (one boolean PRIMARY KEY DEFAULT true CHECK (one), pads bytea NOT NULL)
"""
# A proof is `<seconds since 1970> <HMAC>` of the seconds and what is told. It is made as its transaction begins, or in
# it: one that was seen in another's is of no use a minute later. Every policy asks, so that each of these functions
# takes it apart once. Those that call it say where names are looked up, which takes a third of its time; nobody else may.
ASKING = """
CREATE FUNCTION wall.asking() RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    told text := current_setting('originmark.asking', true);
    proof text := current_setting('originmark.proof', true);
    at text := split_part(proof, ' ', 1);
    proven boolean;
BEGIN
    IF coalesce(told, '') = '' OR coalesce(proof, '') = '' THEN
        RETURN NULL;
    END IF;
    SELECT encode(
               sha256(substr(pads, 65) || sha256(substr(pads, 1, 64) || convert_to(at || ' ' || told, 'UTF8'))), 'hex'
           ) = split_part(proof, ' ', 2)
    INTO proven FROM wall.key;
    -- Only what is proven is a number for sure.
    IF proven IS NOT TRUE
       OR to_timestamp(at::bigint) NOT BETWEEN now() - interval '1 minute' AND clock_timestamp() + interval '1 minute'
    THEN
        RETURN NULL;
    END IF;
    RETURN told::jsonb;
END $$;
REVOKE EXECUTE ON FUNCTION wall.asking() FROM PUBLIC;
-- The trail's functions, which are the owner's of the tables.
DO $$ BEGIN EXECUTE format('GRANT EXECUTE ON FUNCTION wall.asking() TO %I', session_user); END $$
"""
IS_REGISTER = """
-- Whether the register itself asks, for work that is nobody's in particular.
CREATE FUNCTION wall.is_register() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = wall, pg_temp AS $$
BEGIN
    RETURN coalesce((wall.asking()->>'register')::boolean, false);
END $$
"""
WHO = """
-- The key of the account that asks; of one that is closed, none.
CREATE FUNCTION wall.who() RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = wall, pg_temp AS $$
BEGIN
    RETURN (SELECT id FROM public.accounts_user WHERE id = (wall.asking()->>'user')::bigint AND is_active);
END $$
"""
ROLE = """
-- The role of who asks, 'register' where it is that; null where nobody does.
CREATE FUNCTION wall.role() RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = wall, pg_temp AS $$
DECLARE
    said jsonb := wall.asking();
BEGIN
    IF (said->>'register')::boolean THEN
        RETURN 'register';
    END IF;
    RETURN (SELECT role FROM public.accounts_user WHERE id = (said->>'user')::bigint AND is_active);
END $$
"""
SEES_COUNTRY = """
CREATE FUNCTION wall.sees_country() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = wall, pg_temp AS $$
DECLARE
    said jsonb := wall.asking();
BEGIN
    IF (said->>'register')::boolean THEN
        RETURN true;
    END IF;
    RETURN EXISTS (
        SELECT FROM public.accounts_user
        WHERE id = (said->>'user')::bigint AND is_active
              AND (role = 'analyst' OR (role = 'regulator' AND all_regions))
    );
END $$
"""
REGIONS = """
-- The provinces of a regulator who does not see the whole country.
CREATE FUNCTION wall.regions() RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5
SET search_path = wall, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT unnest(region_codes)::text FROM public.accounts_user
        WHERE id = (wall.asking()->>'user')::bigint AND is_active AND role = 'regulator';
END $$
"""
OPERATORS = """
-- The operators that an operator's person acts for today; those that it leads.
CREATE FUNCTION wall.operators(only_led boolean DEFAULT false) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 2 SET search_path = wall, pg_temp AS $$
DECLARE
    today date := (now() AT TIME ZONE 'Asia/Shanghai')::date;
BEGIN
    RETURN QUERY
        SELECT DISTINCT acting.operator_id
        FROM public.accounts_user asker JOIN public.accounts_membership acting ON acting.user_id = asker.id
        WHERE asker.id = (wall.asking()->>'user')::bigint AND asker.is_active AND asker.role = 'operator'
              AND acting.from_on <= today AND (acting.to_on IS NULL OR acting.to_on >= today)
              AND (acting.is_lead OR NOT only_led);
END $$
"""
CENTRES = """
-- The centres that who asks may know of, where it is not the whole country.
CREATE FUNCTION wall.centres() RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 500
SET search_path = wall, pg_temp AS $$
DECLARE
    asker record;
    today date := (now() AT TIME ZONE 'Asia/Shanghai')::date;
BEGIN
    SELECT id, role, region_codes INTO asker FROM public.accounts_user
    WHERE id = (wall.asking()->>'user')::bigint AND is_active;
    IF asker.role = 'operator' THEN
        -- As `wall.operators` has it, which would take who asks apart once more.
        RETURN QUERY
            SELECT id FROM public.centres_centre WHERE operator_id IN (
                SELECT operator_id FROM public.accounts_membership
                WHERE user_id = asker.id AND from_on <= today AND (to_on IS NULL OR to_on >= today)
            );
    ELSIF asker.role = 'regulator' THEN
        RETURN QUERY SELECT id FROM public.centres_centre WHERE region_id = ANY (asker.region_codes);
    END IF;
END $$
"""
COLLEAGUES = """
-- Whoever acts or acted for the operators that who asks acts for.
CREATE FUNCTION wall.colleagues() RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20
SET search_path = wall, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT user_id FROM public.accounts_membership WHERE operator_id IN (SELECT wall.operators());
END $$
"""
# COPY passes by the policies of the table that it fills; this does not.
ONLY_BY_REGISTER = """
CREATE FUNCTION wall.only_by_register() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = wall, pg_temp AS $$
BEGIN
    IF current_setting('role') = 'originmark_filler' AND NOT wall.is_register() THEN
        RAISE EXCEPTION 'Only the register itself adds to %.', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$
"""
# What somebody may see follows from these: of one's own account the rest may be changed, and these may not.
KEEP_RIGHTS = """
CREATE FUNCTION wall.keep_rights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active(TG_RELID)
       AND (coalesce(wall.role(), '') NOT IN ('register', 'administrator') OR OLD.id = wall.who())
       AND NOT wall.is_register()
       AND (OLD.id, OLD.role, OLD.all_regions, OLD.region_codes, OLD.is_active, OLD.is_superuser, OLD.is_staff,
            OLD.username, OLD.email)
           IS DISTINCT FROM
           (NEW.id, NEW.role, NEW.all_regions, NEW.region_codes, NEW.is_active, NEW.is_superuser, NEW.is_staff,
            NEW.username, NEW.email)
    THEN
        RAISE EXCEPTION 'Who an account is and what it may see is changed by administrators, of others than their own.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$
"""
# Who files does not decide; and what is regulators' to change may be locked by others, and not changed.
KEEP_DECISIONS = """
CREATE FUNCTION wall.keep_decisions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
    after jsonb := to_jsonb(NEW);
    decided text;
BEGIN
    IF row_security_active(TG_RELID) AND coalesce(wall.role(), '') NOT IN ('register', 'regulator') THEN
        FOREACH decided IN ARRAY TG_ARGV LOOP
            IF coalesce(before->>decided, '') <> coalesce(after->>decided, '') THEN
                RAISE EXCEPTION '% of % is decided by regulators.', decided, TG_TABLE_NAME
                    USING ERRCODE = 'insufficient_privilege';
            END IF;
        END LOOP;
    END IF;
    RETURN NEW;
END $$
"""
CHANGED_BY_REGULATORS = """
CREATE FUNCTION wall.changed_by_regulators() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active(TG_RELID) AND coalesce(wall.role(), '') NOT IN ('register', 'regulator') THEN
        RAISE EXCEPTION '% is changed by regulators.', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$
"""
CHECKS = (ONLY_BY_REGISTER, KEEP_RIGHTS, KEEP_DECISIONS, CHANGED_BY_REGULATORS)
FUNCTIONS = (ASKING, IS_REGISTER, WHO, ROLE, SEES_COUNTRY, REGIONS, OPERATORS, CENTRES, COLLEAGUES)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_functions_of_the_trail")]

    operations = [
        # Other databases of the server may use the roles: they stay.
        migrations.RunSQL(ROLES, migrations.RunSQL.noop),
        migrations.RunSQL(SCHEMA, UNMAKE),
        *(migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (KEY, *FUNCTIONS, *CHECKS)),
        migrations.RunSQL("GRANT USAGE ON SCHEMA wall TO PUBLIC; RESET ROLE", migrations.RunSQL.noop),
        migrations.RunSQL(
            """
            CREATE TRIGGER keep_rights BEFORE UPDATE ON accounts_user
            FOR EACH ROW EXECUTE FUNCTION wall.keep_rights()
            """,
            migrations.RunSQL.noop,
        ),
        # The trail believes what is proven, and nothing else.
        migrations.RunSQL(trail.ASKING.format(said="wall.asking()"), trail.ASKING.format(said=trail.SAID)),
    ]
