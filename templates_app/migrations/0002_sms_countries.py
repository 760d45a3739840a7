from django.db import migrations, models

import templates_app.validators


class Migration(migrations.Migration):
    dependencies = [("templates_app", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="notificationtype",
            name="sms_countries",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text='ISO codes of the countries its SMS go to: ["DE", "AT"]. '
                "Empty: those of the setting SMS_COUNTRIES.",
                validators=[templates_app.validators.validate_countries],
                verbose_name="SMS countries",
            ),
        ),
    ]
