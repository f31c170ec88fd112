"""Answers are kept to the byte as they were written, which costs PostgreSQL less than to take each of them apart."""

from django.db import migrations

from compliance.models.written import WrittenJSONField

_TYPE = "ALTER TABLE compliance_determination ALTER COLUMN answer TYPE {0} USING answer::{0}"


class Migration(migrations.Migration):
    dependencies = [("compliance", "0020_determinations_checked_past_the_wall")]

    operations = [
        migrations.RunSQL(
            _TYPE.format("text"),
            _TYPE.format("jsonb"),
            state_operations=[migrations.AlterField("determination", "answer", WrittenJSONField())],
        )
    ]
