"""The rate limits that every installation begins with; from then on the admin's rows are the truth."""

from django.conf import settings
from django.db import migrations


def add(apps, schema_editor):
    crm = settings.CRM_RATE_PER_SECOND
    rows = [
        {"service": "gemini", "unit": "requests", "per_second": 0.25, "burst": 15, "note": "15 a minute"},
        {"service": "gemini", "unit": "tokens", "per_second": 1666.67, "burst": 100_000, "note": "100,000 a minute"},
        {
            "service": "crm", "unit": "requests", "per_second": crm or 1.5, "burst": settings.CRM_RATE_BURST,
            "is_enabled": crm > 0, "note": "" if crm > 0 else "Switch on when the customer system is a remote one.",
        },
    ]  # fmt: skip
    for row in rows:
        named = {"service": row.pop("service"), "unit": row.pop("unit")}
        apps.get_model("tasks", "RateLimit").objects.get_or_create(**named, defaults=row)


class Migration(migrations.Migration):
    dependencies = [("tasks", "0006_indexes_for_a_million_tasks")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
