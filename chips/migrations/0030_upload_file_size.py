from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chips', '0011_when_a_claim_was_recorded'),
    ]

    operations = [
        migrations.AddField(
            model_name='upload',
            name='file_size',
            field=models.PositiveBigIntegerField(default=0),
            preserve_default=False,
        ),
    ]
