"""What finds one serial number in two centres: serial numbers as they are compared, under an index."""

from django.db import migrations

# Immutable, so that an index can be made of it: after NFKC, in capitals, without spaces, dashes and underscores.
FUNCTION = """
CREATE FUNCTION comparable_serials(serials varchar[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ARRAY(SELECT translate(upper(normalize(serial, NFKC)), ' -‐‑‒–—―−_', '') FROM unnest(serials) AS serial)
"""
# Lines without serial numbers, nearly all of them, are not in it. Without a list of what is yet to be sorted in: each
# look would read through that list.
INDEX = """
CREATE INDEX line_serial_numbers ON chips_inventoryline USING gin (comparable_serials(serial_numbers))
    WITH (fastupdate = off) WHERE serial_numbers <> '{}'
"""


class Migration(migrations.Migration):
    dependencies = [("chips", "0008_intake")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION comparable_serials(varchar[])"),
        migrations.RunSQL(INDEX, "DROP INDEX line_serial_numbers"),
    ]
