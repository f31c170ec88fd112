"""Accounts are found by a manager that migrations have no need of: nothing of the database changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_hash_old_tokens")]

    operations = [migrations.AlterModelManagers(name="user", managers=[])]
