from django.db import migrations

OLD = "authtoken_token"


def hash_old_tokens(apps, schema_editor):
    """Keep the hash of each token that stood in clear, for 90 days and all that its user's role allows; and forget it."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if OLD not in connection.introspection.table_names(cursor):
            return
        cursor.execute(
            f"""
            INSERT INTO accounts_apitoken (user_id, name, key_sha256, scopes, created_at, ends_at)
            SELECT user_id, 'from before tokens had an end', encode(sha256(convert_to(key, 'UTF8')), 'hex'),
                   '{{read,file,decide,build}}', created, now() + interval '90 days'
            FROM {OLD}
            ON CONFLICT DO NOTHING
            """
        )
        cursor.execute(f"DROP TABLE {OLD}")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'authtoken'")


class Migration(migrations.Migration):
    """What was hashed cannot be put in clear again: backwards, the hashes stay where they are."""

    dependencies = [("accounts", "0004_tokens_and_invitations")]

    operations = [migrations.RunPython(hash_old_tokens, migrations.RunPython.noop)]
