#!/bin/sh
# Run once by the postgres image on an empty data folder: a role that owns its database and nothing else. With a secret
# owner_password another role owns it and migrates, and the application cannot change the audit (docs/operations.md).
set -eu
password="$(cat /run/secrets/database_password)"
owner="$(cat /run/secrets/owner_password 2>/dev/null || true)"
if [ -z "$owner" ]; then
    psql -v ON_ERROR_STOP=1 -v password="$password" -U "${POSTGRES_USER:-postgres}" <<'SQL'
CREATE ROLE helpdesk LOGIN PASSWORD :'password';
CREATE DATABASE helpdesk OWNER helpdesk;
SQL
else
    psql -v ON_ERROR_STOP=1 -v password="$password" -v owner="$owner" -U "${POSTGRES_USER:-postgres}" <<'SQL'
CREATE ROLE helpdesk LOGIN PASSWORD :'password';
CREATE ROLE helpdesk_owner LOGIN PASSWORD :'owner';
CREATE DATABASE helpdesk OWNER helpdesk_owner;
SQL
fi
