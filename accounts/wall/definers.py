"""Migrations of triggers that check what they are shown nothing of."""

from django.db.migrations import RunSQL

from accounts.wall.tables import WALL


def checks_past_the_wall(function: str) -> RunSQL:
    """Let the trigger's `function` look its rows up with the rights of the wall, whoever's statement it checks."""
    return RunSQL(
        f"""
        GRANT CREATE ON SCHEMA public TO {WALL};
        REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC;
        ALTER FUNCTION {function} SECURITY DEFINER SET search_path = public, pg_temp;
        ALTER FUNCTION {function} OWNER TO {WALL};
        REVOKE CREATE ON SCHEMA public FROM {WALL}
        """,
        f"""
        ALTER FUNCTION {function} OWNER TO CURRENT_USER;
        ALTER FUNCTION {function} SECURITY INVOKER RESET search_path
        """,
    )


def replaced_past_the_wall(function: str, before: str) -> RunSQL:
    """Replace a function of the wall's: `function` makes it as it is to be, `before` as it was."""
    return RunSQL(_as_the_wall(function), _as_the_wall(before))


def _as_the_wall(statement: str) -> str:
    # Who owns the database may become the wall, and has its rights no sooner.
    return f"""
        GRANT CREATE ON SCHEMA public TO {WALL};
        SET LOCAL ROLE {WALL};
        {statement};
        RESET ROLE;
        REVOKE CREATE ON SCHEMA public FROM {WALL}
    """
