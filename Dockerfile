# One image for every process; docker-compose.yml says which process runs which command.
FROM python:3.11-slim-bookworm AS packages
WORKDIR /app
# `s3` for files in an object store; nothing else is optional.
ARG EXTRAS=""
COPY requirements/base.txt requirements/s3.txt requirements/
RUN python -m venv /venv \
    && for name in base $EXTRAS; do \
        /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/$name.txt || exit 1; \
    done

FROM python:3.11-slim-bookworm AS messages
WORKDIR /app
COPY requirements/messages.txt requirements/messages.txt
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/messages.txt
COPY scripts/compile_messages.py scripts/compile_messages.py
COPY locale locale
RUN python scripts/compile_messages.py

FROM node:22-bookworm-slim AS assets
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-progress
COPY . .
RUN node assets/build.mjs

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    HELPDESK_DATA_DIR=/data
WORKDIR /app
COPY --from=packages /venv /venv
COPY . .
COPY --from=assets /app/static/dist static/dist
COPY --from=messages /app/locale locale
# The pages' files get their hashed names here; no database and no secret is needed for that.
RUN python manage.py collectstatic --noinput --clear -v 0 \
    && python -m compileall -q /app /venv \
    # A name for the user: PostgreSQL's initdb, which proves backups in a scratch server, wants one.
    && groupadd -g 10001 helpdesk && useradd -u 10001 -g 10001 -d /data -M -s /usr/sbin/nologin helpdesk \
    && install -d -o 10001 -g 10001 /data /backups
USER 10001:10001
VOLUME /data
EXPOSE 8000 8025
CMD ["python", "-m", "helpdesk.web"]
