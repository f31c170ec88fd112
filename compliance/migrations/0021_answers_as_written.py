"""From here on answers are kept to the byte as they are written, which costs PostgreSQL less than to take each apart.

Those from before are kept as PostgreSQL wrote them.
"""

from django.db import migrations

from compliance.models.written import WrittenJSONField

TEXT = """
    ALTER TABLE compliance_determination ALTER COLUMN answer TYPE text USING answer::text,
        ADD CONSTRAINT determination_answer_is_object CHECK (answer LIKE '{%}')
"""
JSONB = """
    ALTER TABLE compliance_determination DROP CONSTRAINT determination_answer_is_object,
        ALTER COLUMN answer TYPE jsonb USING answer::jsonb
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0020_determinations_checked_past_the_wall")]

    operations = [
        migrations.RunSQL(
            TEXT,
            JSONB,
            state_operations=[migrations.AlterField("determination", "answer", WrittenJSONField())],
        )
    ]
