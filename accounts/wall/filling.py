"""Filling a table by COPY, which PostgreSQL refuses under policies: as a role that adds rows and reads none.

What the rows may say is checked by the table's own triggers; and that the register itself adds them, since whose they
are PostgreSQL cannot tell before there is a filing that they belong to.
"""

from typing import Any

from django.db.backends.utils import CursorWrapper

from accounts import asking
from accounts.wall.tables import FILLER

# What was before, and from here on the role that fills, where policies hold. What the triggers look at together is tens
# of megabytes of a country: kept in memory, it is not written to a file.
_TAKE = """
    WITH before AS MATERIALIZED (SELECT current_setting('role') AS role, current_setting('work_mem') AS work_mem)
    SELECT role, work_mem, CASE WHEN row_security_active(%s::regclass) THEN set_config('role', %s, true) END,
           set_config('work_mem', '64MB', true)
    FROM before
"""
_PUT_BACK = "SELECT set_config('role', %s, true), set_config('work_mem', %s, true)"


@asking.asked_by_register()
def fill(cursor: CursorWrapper, table: str, statement: str, rows: Any) -> None:
    """Run `statement`, a COPY into `table`, on what `rows` gives as it is read; within a transaction."""
    cursor.execute(_TAKE, [table, FILLER])
    role, work_mem, *_ = cursor.fetchone()
    # Where it fails, both go with the transaction, or with the savepoint, that it breaks.
    cursor.copy_expert(statement, rows)
    cursor.execute(_PUT_BACK, [role, work_mem])
