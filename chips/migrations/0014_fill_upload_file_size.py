"""Files that are kept say how large they are, and it stays so; one that is missing takes no room."""

from django.db import migrations

from chips.originals import original

_KEPT = """
CREATE OR REPLACE FUNCTION keep_upload() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR ({old}) IS DISTINCT FROM ({new})
    THEN
        RAISE EXCEPTION 'What was received stays: what is mended stands beside it.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""
_BEFORE = ('centre_id', 'period_id', 'sent_by_id', 'received_at', 'file_name', 'file_sha256')


def keeping(*columns):
    return _KEPT.format(old=', '.join(f'OLD.{name}' for name in columns), new=', '.join(f'NEW.{name}' for name in columns))


def fill(apps, schema_editor):
    uploads = apps.get_model('chips', 'Upload').objects
    for sha256 in uploads.order_by('file_sha256').values_list('file_sha256', flat=True).distinct():
        path = original(sha256)
        if path.is_file():
            uploads.filter(file_sha256=sha256).update(file_size=path.stat().st_size)


class Migration(migrations.Migration):

    dependencies = [
        ('chips', '0013_upload_file_size'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL(keeping(*_BEFORE, 'file_size'), keeping(*_BEFORE)),
    ]
