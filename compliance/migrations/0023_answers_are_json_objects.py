"""An answer is a JSON object, and no longer any text between braces; PostgreSQL reads it once, and makes nothing of it."""

from django.db import migrations

_SAYS = """
    ALTER TABLE compliance_determination DROP CONSTRAINT determination_answer_is_object,
        ADD CONSTRAINT determination_answer_is_object CHECK ({})
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0022_check_each_inventory_once")]

    operations = [migrations.RunSQL(_SAYS.format("answer IS JSON OBJECT"), _SAYS.format("answer LIKE '{%}'"))]
