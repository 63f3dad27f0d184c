from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """What was signed for one browser, made beside those who sign in meanwhile."""

    atomic = False
    dependencies = [("livechat", "0005_blocked_addresses")]
    operations = [AddIndexConcurrently("usedtoken", models.Index(fields=["digest"], name="usedtoken_by_browser"))]
