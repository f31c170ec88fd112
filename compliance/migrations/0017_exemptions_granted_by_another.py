"""An exemption is proposed by one and granted by another: no habit, the database holds it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

# Who asked for what was granted had proposed it; what nobody asked for was granted by one alone, and stays so.
FILL = """
ALTER TABLE compliance_exemption DISABLE TRIGGER keep_exemption;
UPDATE compliance_exemption SET proposed_at = granted_at;
UPDATE compliance_exemption exemption SET proposed_by_id = asked.asked_by_id, proposed_at = asked.asked_at
FROM compliance_exemptionrequest asked
WHERE asked.exemption_id = exemption.id AND asked.asked_by_id <> exemption.granted_by_id;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE compliance_exemption ENABLE TRIGGER keep_exemption
"""
# Granted, sent back or withdrawn once; once granted it can be revoked, once. Nothing else of it changes.
KEEP = """
CREATE OR REPLACE FUNCTION keep_exemption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.proposed_by_id IS NULL THEN
            RAISE EXCEPTION 'An exemption is proposed by somebody, and granted by another.'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.revoked_at IS NOT NULL OR OLD.closed_at IS NOT NULL
       OR (OLD.centre_id, OLD.mandate_id, OLD.from_on, OLD.to_on, OLD.threshold, OLD.reason, OLD.proposed_by_id,
           OLD.proposed_at)
          IS DISTINCT FROM
          (NEW.centre_id, NEW.mandate_id, NEW.from_on, NEW.to_on, NEW.threshold, NEW.reason, NEW.proposed_by_id,
           NEW.proposed_at)
       OR (OLD.granted_at IS NOT NULL
           AND (OLD.granted_by_id, OLD.granted_at) IS DISTINCT FROM (NEW.granted_by_id, NEW.granted_at))
    THEN
        RAISE EXCEPTION 'An exemption stays as it was proposed and granted: revoke it and propose another.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER keep_exemption ON compliance_exemption;
CREATE TRIGGER keep_exemption BEFORE INSERT OR UPDATE OR DELETE ON compliance_exemption
    FOR EACH ROW EXECUTE FUNCTION keep_exemption()
"""
KEEP_BACK = """
CREATE OR REPLACE FUNCTION keep_exemption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.revoked_at IS NOT NULL
       OR (OLD.centre_id, OLD.mandate_id, OLD.from_on, OLD.to_on, OLD.threshold, OLD.reason, OLD.granted_by_id,
           OLD.granted_at)
          IS DISTINCT FROM
          (NEW.centre_id, NEW.mandate_id, NEW.from_on, NEW.to_on, NEW.threshold, NEW.reason, NEW.granted_by_id,
           NEW.granted_at)
    THEN
        RAISE EXCEPTION 'An exemption stays as it was granted: revoke it and grant another.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER keep_exemption ON compliance_exemption;
CREATE TRIGGER keep_exemption BEFORE UPDATE OR DELETE ON compliance_exemption
    FOR EACH ROW EXECUTE FUNCTION keep_exemption()
"""


def person() -> models.ForeignKey:
    """A column of somebody who did something, perhaps."""
    return models.ForeignKey(
        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+",
        to=settings.AUTH_USER_MODEL,
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("compliance", "0016_basis_of_a_simulation"),
    ]

    # Going back is refused by the database where something was never granted.
    operations = [
        migrations.AddField("exemption", "proposed_by", person()),
        migrations.AddField("exemption", "proposed_at", models.DateTimeField(null=True)),
        migrations.AddField("exemption", "closed_by", person()),
        migrations.AddField("exemption", "closed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("exemption", "comment", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("exemption", "proposed_at", models.DateTimeField()),
        migrations.AlterField("exemption", "granted_by", person()),
        migrations.AlterField("exemption", "granted_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddConstraint(
            "exemption",
            models.CheckConstraint(
                condition=Q(granted_by__isnull=True) | Q(proposed_by__isnull=True) | ~Q(granted_by=F("proposed_by")),
                name="exemption_granted_by_another",
            ),
        ),
        migrations.AddConstraint(
            "exemption",
            models.CheckConstraint(
                condition=Q(granted_at__isnull=True, granted_by__isnull=True, revoked_at__isnull=True)
                | Q(granted_at__isnull=False, granted_by__isnull=False, closed_at__isnull=True),
                name="exemption_granted_whole",
            ),
        ),
        migrations.AddConstraint(
            "exemption",
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, comment="")
                | (
                    Q(closed_at__isnull=False, closed_by__isnull=False)
                    & (Q(closed_by=F("proposed_by")) | ~Q(comment=""))
                ),
                name="exemption_closed_whole",
            ),
        ),
        migrations.RunSQL(KEEP, KEEP_BACK),
    ]
