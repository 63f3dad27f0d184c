"""What `manage.py check --deploy --database default` and every `migrate` judge beyond Django's own checks.

Errors stop: with them acknowledged mail could be lost or the helpdesk be taken over. Warnings are for the operator's
eyes. settings.py itself refuses what can be known before anything is loaded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register
from django.db import connections
from django.utils.translation import gettext_noop as _
from django.utils.translation import override
from redis import RedisError, ResponseError

from helpdesk import durability
from helpdesk.doctor import given
from helpdesk.doctor.lines import Sentence, State

DANGERS = (
    given.look_at_policy, given.look_at_uploads, given.look_at_readers, given.look_at_egress, given.look_at_logs,
)  # fmt: skip
MIN_POSTGRESQL = 150_000
# Without these one stuck query or forgotten transaction starves all others; settings.py sets them per connection.
TIME_LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
LOCAL_HOSTS = ("", "localhost", "127.0.0.1", "::1")


@register(Tags.security, deploy=True)
def check_addresses(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Names, proxies and mail servers that production needs to know."""
    if not settings.PRODUCTION:
        return []
    return [*_about_names(), *_about_redis_addresses()]


@register(Tags.security, deploy=True)
def check_dangers(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """What `manage.py doctor` calls a failure and nobody meant: production does not start with it."""
    if not settings.PRODUCTION:
        return []
    with override("en"):
        found = [problem for look in DANGERS for problem in look() if problem.state is State.FAIL]
    return [Error(problem.said, hint=problem.cure, id="helpdesk.E004") for problem in found]


def _about_names() -> Iterator[CheckMessage]:
    host = urlsplit(settings.BASE_URL).hostname or ""
    if host not in settings.ALLOWED_HOSTS:
        yield Error(
            Sentence(
                _("`HELPDESK_ALLOWED_HOSTS` does not hold `%(host)s`, the host of `HELPDESK_BASE_URL`."), host=host
            ),
            hint=_("Links in mails would lead to a page that answers 400."),
            id="helpdesk.E001",
        )
    if not settings.TRUSTED_PROXIES:
        yield Info(
            _("`HELPDESK_TRUSTED_PROXIES` is 0: nobody is believed to have ended TLS."),
            hint=_(
                "The web process speaks plain HTTP and sends everybody to https: put a proxy in front, and set this."
            ),
            id="helpdesk.I001",
        )
    if not settings.EMAIL_URL:
        yield Info(
            _("`EMAIL_URL` is not set: replies and password resets go to a mail server on this machine, port 25."),
            id="helpdesk.I002",
        )
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < 20:
        yield Error(_("`HELPDESK_METRICS_TOKEN` is shorter than 20 characters."), id="helpdesk.E002")


def _about_redis_addresses() -> Iterator[CheckMessage]:
    broker = urlsplit(settings.REDIS_URL)
    if broker.hostname not in LOCAL_HOSTS and broker.scheme != "rediss" and not broker.password:
        yield Error(_("`REDIS_URL` leads to another machine without a password."), id="helpdesk.E003")
    if urlsplit(settings.CACHE_REDIS_URL).netloc.rpartition("@")[2] == broker.netloc.rpartition("@")[2]:
        yield Info(
            _("Cache and queue share one Redis."),
            hint=_(
                "A cache that fills up would stop the queue, which may not evict. Set `CACHE_REDIS_URL` to another one."
            ),
            id="helpdesk.I003",
        )


@register(Tags.database)
def check_database(
    app_configs: Sequence[AppConfig] | None, databases: Collection[str] | None = None, **options: Any
) -> list[CheckMessage]:
    """What PostgreSQL must be set to, asked of the server itself. One that is away is manage.py's to explain."""
    return [message for alias in databases or () for message in _about_database(alias)]


def _about_database(alias: str) -> Iterator[CheckMessage]:
    for fault in durability.database_faults(alias):
        yield Error(
            Sentence(_("PostgreSQL has `%(fault)s`: mail we acknowledged would be lost in a crash."), fault=fault),
            hint=_("Switch it on in `postgresql.conf` (it is by default) and for the role of `DATABASE_URL`."),
            id="helpdesk.E011",
        )
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('data_checksums')")
        version, checksums = cursor.fetchone()
        cursor.execute("SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = '0'", [list(TIME_LIMITS)])
        endless = sorted(name for (name,) in cursor.fetchall())
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        (is_superuser,) = cursor.fetchone()
        cursor.execute(
            "SELECT inet_server_addr() IS NOT NULL AND NOT inet_server_addr() <<= ANY('{127.0.0.0/8,::1}'::inet[])"
            " AND NOT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)"
        )
        (is_in_clear,) = cursor.fetchone()
    if version < MIN_POSTGRESQL:
        yield Error(
            Sentence(_("PostgreSQL %(version)s is too old; 15 or newer is needed."), version=version // 10_000),
            id="helpdesk.E012",
        )
    if checksums != "on":
        yield Warning(_("PostgreSQL keeps no data checksums: broken disks go unnoticed."),
                      hint=_("Stop it and run `pg_checksums --enable`."), id="helpdesk.W011")  # fmt: skip
    if endless and settings.STATEMENT_TIMEOUT != "0":
        yield Warning(Sentence(_("No limit for `%(names)s`."), names=", ".join(endless)),
                      hint=_("Behind `PgBouncer` set them on the role: "
                             "`ALTER ROLE helpdesk SET lock_timeout = '3s'; ...`"),
                      id="helpdesk.W012")  # fmt: skip
    if settings.PRODUCTION and is_superuser:
        yield Warning(_("`DATABASE_URL` names a superuser."), hint=_("A role that owns its database is enough."),
                      id="helpdesk.W013")  # fmt: skip
    if settings.PRODUCTION and is_in_clear:
        yield Warning(_("The connection to PostgreSQL is not encrypted."),
                      hint=_("On any network that is not yours alone add `?sslmode=verify-full` to `DATABASE_URL`."),
                      id="helpdesk.W014")  # fmt: skip


@register(Tags.database)
def check_redis(
    app_configs: Sequence[AppConfig] | None, databases: Collection[str] | None = None, **options: Any
) -> list[CheckMessage]:
    """What Redis must be set to. That it is away stops nothing: the queue is a doorbell."""
    if not databases:
        return []
    try:
        found = durability.redis_settings()
    except ResponseError as error:
        return [Warning(Sentence(_("Redis does not tell its settings: `%(error)s`"), error=error),
                        hint=_("See to it yourself that it has `maxmemory-policy noeviction` and `appendonly yes`."),
                        id="helpdesk.W020")]  # fmt: skip
    except (RedisError, OSError) as error:
        return [Warning(Sentence(_("Redis does not answer: `%(error)s`"), error=error), id="helpdesk.W022")]
    messages: list[CheckMessage] = [
        Error(Sentence(_("Redis has `%(fault)s`: jobs and sockets would vanish when it fills up."), fault=fault),
              hint=_("Run `CONFIG SET maxmemory-policy noeviction`, and set the same in `redis.conf`."),
              id="helpdesk.E021")
        for fault in durability.redis_faults(found)
    ]  # fmt: skip
    if found.get("appendonly") != "yes":
        messages.append(Warning(_("Redis keeps no append-only file: a restart empties the queue, and work waits for "
                                  "the next sweep."), hint=_("Set `appendonly yes`."), id="helpdesk.W021"))  # fmt: skip
    return messages
