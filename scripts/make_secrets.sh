#!/bin/sh
# Makes secrets/ for docker-compose.yml: random keys, and the addresses that hold passwords. Keeps what is there.
# Only the owner may enter the folder; the files are readable so that the containers' users can read their mounts.
set -eu
cd "$(dirname "$0")/.."
umask 022
mkdir -p secrets
chmod 700 secrets

random() { head -c "$1" /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'; }
keep() { [ -s "secrets/$1" ] || { cat >"secrets/$1.new" && mv "secrets/$1.new" "secrets/$1" && echo "made secrets/$1"; }; }

random 60 | keep secret_key
random 24 | keep metrics_token
random 24 | keep postgres_password
random 24 | keep database_password
random 24 | keep redis_password
# With its padding, as Fernet wants it: passwords of mailboxes are encrypted with it. Keep a copy apart from the database.
head -c 32 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_' | keep credentials_keys
echo "postgresql://helpdesk:$(cat secrets/database_password)@postgres:5432/helpdesk" | keep database_url
echo "redis://:$(cat secrets/redis_password)@redis:6379/0" | keep redis_url
echo "redis://:$(cat secrets/redis_password)@cache:6379/0" | keep cache_redis_url
printf 'requirepass %s\ntcp-keepalive 60\n' "$(cat secrets/redis_password)" | keep redis_conf
# Empty unless files of customers lie in an object store (HELPDESK_S3_BUCKET).
for name in s3_access_key s3_secret_key; do [ -e "secrets/$name" ] || : >"secrets/$name"; done
[ -s secrets/email_url ] || {
    echo "smtp+tls://USER:PASSWORD@mail.example.com:587" >secrets/email_url
    echo "made secrets/email_url: write your outgoing mail server into it"
}
