#!/bin/sh
# Run once by the postgres image on an empty data folder: a role that owns its database and nothing else.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/database_password)" -U "${POSTGRES_USER:-postgres}" <<'SQL'
CREATE ROLE helpdesk LOGIN PASSWORD :'password';
CREATE DATABASE helpdesk OWNER helpdesk;
SQL
