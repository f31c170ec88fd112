"""The second wall: PostgreSQL shows nobody what is not theirs, whatever a query forgets to leave out.

Three roles, which own no table. ``originmark_app`` is what the web and the worker log in as. It reads under the
policies of `accounts.wall.tables`, and nothing at all until it has proven who is asking. ``originmark_filler`` only
adds rows, by COPY, which PostgreSQL refuses under policies, and reads none. ``originmark_wall`` owns the functions
that policies ask; nobody logs in as either of the two.

Who is asking is told with every transaction (`accounts.postgres`) and proven by a code under a key that the
application's own role cannot read: SQL that somebody slips into a page speaks in the name of who asked for the page,
and in no other's. What they may see PostgreSQL looks up itself, in the same tables as `visible_to`.
"""
