from django.db import migrations

from delivery.fingerprints import fingerprint

ALIKE = ("error", "provider_code", "type", "channel")


def fill(apps, schema_editor):
    """Letters that were parked before get theirs: one statement for all that are alike."""
    letters = apps.get_model("delivery", "DeadLetter").objects.filter(fingerprint="")
    for found in list(letters.order_by().values(*ALIKE).distinct()):
        letters.filter(**found).update(fingerprint=fingerprint(**found))


class Migration(migrations.Migration):
    dependencies = [("delivery", "0003_desk")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
