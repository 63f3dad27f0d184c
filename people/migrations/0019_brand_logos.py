"""A brand's logo, in a table of its own."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0018_brands"),
    ]

    operations = [
        migrations.AddField(model_name="brand", name="logo_key", field=models.UUIDField(editable=False, null=True)),
        migrations.CreateModel(
            name="BrandLogo",
            fields=[
                ("key", models.UUIDField(primary_key=True, serialize=False)),
                ("content", models.BinaryField()),
                ("content_type", models.CharField(max_length=40)),
                (
                    "brand",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.brand"
                    ),
                ),
            ],
        ),
    ]
