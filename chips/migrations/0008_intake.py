"""Files from their last byte on, receipts, numbers, and what was confirmed, amended or repudiated."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SUBMISSION_BEFORE = """
CREATE OR REPLACE FUNCTION keep_submission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
       OR (OLD.version <> NEW.version AND NOT (OLD.status = 'draft' AND NEW.status = 'submitted'))
       OR (OLD.centre_id, OLD.period_id, OLD.nil, OLD.provenance, OLD.file_name, OLD.file_sha256,
           OLD.line_count, OLD.units, OLD.created_by_id, OLD.created_at, OLD.warnings)
          IS DISTINCT FROM
          (NEW.centre_id, NEW.period_id, NEW.nil, NEW.provenance, NEW.file_name, NEW.file_sha256,
           NEW.line_count, NEW.units, NEW.created_by_id, NEW.created_at, NEW.warnings)
       OR (OLD.submitted_at IS NOT NULL AND (OLD.submitted_at, OLD.submitted_by_id)
           IS DISTINCT FROM (NEW.submitted_at, NEW.submitted_by_id))
       OR (OLD.decided_at IS NOT NULL AND (OLD.decided_at, OLD.decided_by_id, OLD.decision_comment)
           IS DISTINCT FROM (NEW.decided_at, NEW.decided_by_id, NEW.decision_comment))
       OR (OLD.withdrawn_at IS NOT NULL AND (OLD.withdrawn_at, OLD.withdrawn_by_id)
           IS DISTINCT FROM (NEW.withdrawn_at, NEW.withdrawn_by_id))
    THEN
        RAISE EXCEPTION 'What was filed stays: a correction is a new version.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('draft', 'submitted'), ('draft', 'withdrawn'),
        ('submitted', 'accepted'), ('submitted', 'returned'), ('submitted', 'withdrawn')
    ) THEN
        RAISE EXCEPTION 'A submission that is % cannot become %.', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
SUBMISSION = """
CREATE OR REPLACE FUNCTION keep_submission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
       OR ((OLD.version, OLD.accession_number, OLD.lines_sha256, OLD.amendment_reason, OLD.chip_names, OLD.confirmed)
           IS DISTINCT FROM (NEW.version, NEW.accession_number, NEW.lines_sha256, NEW.amendment_reason, NEW.chip_names, NEW.confirmed)
           AND NOT (OLD.status = 'draft' AND NEW.status = 'submitted'))
       OR (OLD.centre_id, OLD.period_id, OLD.nil, OLD.provenance, OLD.file_name, OLD.file_sha256,
           OLD.line_count, OLD.units, OLD.created_by_id, OLD.created_at, OLD.warnings, OLD.received_at, OLD.corrections)
          IS DISTINCT FROM
          (NEW.centre_id, NEW.period_id, NEW.nil, NEW.provenance, NEW.file_name, NEW.file_sha256,
           NEW.line_count, NEW.units, NEW.created_by_id, NEW.created_at, NEW.warnings, NEW.received_at, NEW.corrections)
       OR (OLD.submitted_at IS NOT NULL AND (OLD.submitted_at, OLD.submitted_by_id)
           IS DISTINCT FROM (NEW.submitted_at, NEW.submitted_by_id))
       OR (OLD.decided_at IS NOT NULL AND (OLD.decided_at, OLD.decided_by_id, OLD.decision_comment, OLD.line_comments)
           IS DISTINCT FROM (NEW.decided_at, NEW.decided_by_id, NEW.decision_comment, NEW.line_comments))
       OR (OLD.withdrawn_at IS NOT NULL AND (OLD.withdrawn_at, OLD.withdrawn_by_id)
           IS DISTINCT FROM (NEW.withdrawn_at, NEW.withdrawn_by_id))
       OR (OLD.repudiated_at IS NOT NULL AND (OLD.repudiated_at, OLD.repudiated_by_id, OLD.repudiation_reason)
           IS DISTINCT FROM (NEW.repudiated_at, NEW.repudiated_by_id, NEW.repudiation_reason))
    THEN
        RAISE EXCEPTION 'What was filed stays: a correction is a new version.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('draft', 'submitted'), ('draft', 'withdrawn'),
        ('submitted', 'accepted'), ('submitted', 'returned'), ('submitted', 'withdrawn'),
        ('submitted', 'repudiated'), ('accepted', 'repudiated'), ('returned', 'repudiated')
    ) THEN
        RAISE EXCEPTION 'A submission that is % cannot become %.', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
UPLOADS_AND_RECEIPTS = """
CREATE FUNCTION keep_upload() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.centre_id, OLD.period_id, OLD.sent_by_id, OLD.received_at, OLD.file_name, OLD.file_sha256)
       IS DISTINCT FROM (NEW.centre_id, NEW.period_id, NEW.sent_by_id, NEW.received_at, NEW.file_name, NEW.file_sha256)
    THEN
        RAISE EXCEPTION 'What was received stays: what is mended stands beside it.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_upload BEFORE UPDATE OR DELETE ON chips_upload FOR EACH ROW EXECUTE FUNCTION keep_upload();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON chips_receipt FOR EACH ROW EXECUTE FUNCTION refuse_change()
"""
UNDONE = """
DROP TRIGGER append_only ON chips_receipt;
DROP TRIGGER keep_upload ON chips_upload;
DROP FUNCTION keep_upload()
"""


class Migration(migrations.Migration):

    dependencies = [
        ('centres', '0005_filing_terms'),
        ('chips', '0007_reminders'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Confirmation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=60)),
                ('params', models.JSONField()),
                ('reason', models.CharField(max_length=500)),
                ('confirmed_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['submission_id', 'key'],
            },
        ),
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('received', 'received'), ('accepted', 'accepted')], max_length=20)),
                ('issued_at', models.DateTimeField()),
                ('body', models.TextField()),
                ('sha256', models.CharField(max_length=64)),
            ],
            options={
                'ordering': ['submission_id', 'issued_at'],
            },
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('received_at', models.DateTimeField()),
                ('file_name', models.CharField(max_length=255)),
                ('file_sha256', models.CharField(max_length=64)),
                ('declared_lines', models.PositiveBigIntegerField(blank=True, null=True)),
                ('declared_units', models.PositiveBigIntegerField(blank=True, null=True)),
                ('corrections', models.JSONField(blank=True, default=list)),
                ('status', models.CharField(choices=[('waiting', 'waiting to be read'), ('reading', 'being read'), ('faulty', 'to be mended'), ('read', 'read'), ('failed', 'could not be read'), ('discarded', 'discarded')], default='waiting', max_length=20)),
                ('claim', models.UUIDField(blank=True, null=True)),
                ('alive_at', models.DateTimeField(blank=True, null=True)),
                ('lines_read', models.PositiveIntegerField(default=0)),
                ('percent_read', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('report', models.JSONField(blank=True, null=True)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='submission',
            name='submission_status_known',
        ),
        migrations.AddField(
            model_name='submission',
            name='chip_names',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='submission',
            name='confirmed',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='submission',
            name='accession_number',
            field=models.CharField(blank=True, max_length=40, null=True, unique=True),
        ),
        migrations.AddField(
            model_name='submission',
            name='amendment_reason',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='submission',
            name='corrections',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='submission',
            name='line_comments',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='submission',
            name='lines_sha256',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='submission',
            name='received_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='submission',
            name='repudiated_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='submission',
            name='repudiated_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='submission',
            name='repudiation_reason',
            field=models.TextField(blank=True),
        ),
        migrations.AlterField(
            model_name='submission',
            name='status',
            field=models.CharField(choices=[('draft', 'draft'), ('submitted', 'submitted'), ('accepted', 'accepted'), ('returned', 'returned for correction'), ('withdrawn', 'withdrawn'), ('repudiated', 'repudiated')], default='draft', max_length=20),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'submitted', 'accepted', 'returned', 'withdrawn', 'repudiated'])), name='submission_status_known'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'repudiated'), _negated=True), models.Q(('repudiated_at__isnull', False), models.Q(('repudiation_reason', ''), _negated=True)), _connector='OR'), name='submission_repudiated_with_reason'),
        ),
        migrations.AddField(
            model_name='confirmation',
            name='confirmed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='confirmation',
            name='submission',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='confirmations', to='chips.submission'),
        ),
        migrations.AddField(
            model_name='receipt',
            name='submission',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='chips.submission'),
        ),
        migrations.AddField(
            model_name='upload',
            name='centre',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to='centres.centre'),
        ),
        migrations.AddField(
            model_name='upload',
            name='period',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='centres.reportingperiod'),
        ),
        migrations.AddField(
            model_name='upload',
            name='sent_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='upload',
            name='submission',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='upload', to='chips.submission'),
        ),
        migrations.AddConstraint(
            model_name='confirmation',
            constraint=models.UniqueConstraint(fields=('submission', 'key'), name='confirmation_once'),
        ),
        migrations.AddConstraint(
            model_name='confirmation',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='confirmation_with_reason'),
        ),
        migrations.AddConstraint(
            model_name='receipt',
            constraint=models.UniqueConstraint(fields=('submission', 'kind'), name='receipt_once'),
        ),
        migrations.AddConstraint(
            model_name='receipt',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['received', 'accepted'])), name='receipt_kind_known'),
        ),
        migrations.AddIndex(
            model_name='upload',
            index=models.Index(condition=models.Q(('status__in', ['waiting', 'reading'])), fields=['received_at'], name='upload_to_read'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['waiting', 'reading', 'faulty', 'read', 'failed', 'discarded'])), name='upload_status_known'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('file_sha256__regex', '^[0-9a-f]{64}$')), name='upload_sha256'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('submission__isnull', False), models.Q(('status', 'read'), _negated=True), _connector='OR'), name='upload_read_is_draft'),
        ),
        migrations.RunSQL(SUBMISSION, SUBMISSION_BEFORE),
        migrations.RunSQL(UPLOADS_AND_RECEIPTS, UNDONE),
    ]
