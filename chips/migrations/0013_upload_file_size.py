from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chips', '0012_lines_checked_past_the_wall'),
    ]

    operations = [
        migrations.AddField(
            model_name='upload',
            name='file_size',
            field=models.PositiveBigIntegerField(default=0),
            preserve_default=False,
        ),
    ]
