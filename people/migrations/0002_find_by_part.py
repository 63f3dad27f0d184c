"""Names and addresses found by any part of them: trigram indexes, names folded to lower case without accents."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

import people.models.customer

# unaccent() is not immutable and so cannot be indexed; normalize() is, and needs no extension.
FOLD = r"""
CREATE FUNCTION people_fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(normalize(lower($1), NFKD), U&'[\0300-\036F''`\2018\2019\02BC]', '', 'g')
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]

    operations = [
        TrigramExtension(),
        migrations.RunSQL(FOLD, "DROP FUNCTION people_fold(text)"),
        migrations.AddIndex(
            model_name="customer",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(people.models.customer.Folded("name"), name="gin_trgm_ops"),
                name="customer_name_part",
            ),
        ),
        migrations.AddIndex(
            model_name="identity",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["value"], name="identity_value_part", opclasses=["gin_trgm_ops"]
            ),
        ),
    ]
