"""Accounts are found by a manager that migrations have no need of: nothing of the database changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_idempotency_key")]

    operations = [migrations.AlterModelManagers(name="user", managers=[])]
