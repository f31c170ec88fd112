"""Filling a table by COPY, which PostgreSQL refuses under policies: as a role that adds rows and reads none.

What the rows may say is checked by the table's own triggers; and that the register itself adds them, since whose they
are PostgreSQL cannot tell before there is a filing that they belong to.
"""

from typing import Any

from django.db.backends.utils import CursorWrapper

from accounts import asking
from accounts.wall.tables import FILLER

# The role that was had before, and from here to the end of the transaction the one that fills, where policies hold.
# What the triggers look at together is tens of megabytes of a country: kept in memory, it is not written to a file.
_TAKE = """
    WITH before AS MATERIALIZED (SELECT current_setting('role') AS role)
    SELECT role, CASE WHEN row_security_active(%s::regclass) THEN set_config('role', %s, true) END,
           set_config('work_mem', '64MB', true)
    FROM before
"""


@asking.asked_by_register()
def fill(cursor: CursorWrapper, table: str, statement: str, rows: Any) -> None:
    """Run `statement`, a COPY into `table`, on what `rows` gives as it is read; within a transaction."""
    cursor.execute(_TAKE, [table, FILLER])
    before, taken, _ = cursor.fetchone()
    # Where it fails, the role goes with the transaction, or with the savepoint, that it breaks.
    cursor.copy_expert(statement, rows)
    if taken:
        cursor.execute("SELECT set_config('role', %s, true)", [before])
