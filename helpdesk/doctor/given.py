"""Lines about what was set: secrets, names, policies, limits."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.cache import cache
from django.core.checks import Tags, run_checks
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_inbound.email.limits import DEFAULT_LIMITS
from channels_inbound.email.pool import PoolLimits
from channels_inbound.models import DkimKey
from helpdesk.doctor.lines import Problem, as_problem, fail, warn
from helpdesk.environment import ROOT
from helpdesk.logging import JsonFormatter, redact
from people.models import Agent, Role
from tickets.models import Channel

NAMES = {"security.W004", "security.W005", "security.W008", "security.W012", "security.W016", "security.W020",
         "security.W021", "helpdesk.E001", "helpdesk.I001"}  # fmt: skip
COOKIES = {"security.W012", "security.W016"}
METADATA = ("169.254.169.254", 80)
LINK_LOCAL = ipaddress.ip_network("169.254.0.0/16")
CONNECT_SECONDS = 0.3
MiB = 1024 * 1024
LARGEST_UPLOAD = 100 * MiB
# The widest that was tried against hostile mail.
WIDEST = {
    "message_bytes": 64 * MiB, "header_bytes": 256 << 10, "header_value_bytes": 16 << 10, "parts": 200, "depth": 15,
    "addresses": 100, "attachments": 50,
}  # fmt: skip


def look_at_secrets() -> Iterator[Problem]:
    if not settings.PRODUCTION:
        yield warn(_("`HELPDESK_MODE` is `local`: keys are generated, pages are not forced to https."),
                   _("Set `HELPDESK_MODE=production` once customers come."))  # fmt: skip
    if settings.DEBUG:
        yield fail(_("Error pages show everything."), _("Unset `%(name)s`.") % {"name": "HELPDESK_DEBUG"})
    if len(settings.SECRET_KEY) < 50 or len(set(settings.SECRET_KEY)) < 5:
        yield fail(_("The secret key can be guessed."),
                   _("Set `HELPDESK_SECRET_KEY` to 50 random characters or more."))  # fmt: skip
    if settings.SECRET_KEY in settings.CREDENTIALS_KEYS:
        yield fail(
            _("One key signs sessions and encrypts stored passwords."),
            _("Set `HELPDESK_CREDENTIALS_KEYS` to one of `manage.py rotate_credentials --new-key`."),
        )
    if not settings.CREDENTIALS_KEYS:
        yield warn(_("There is no key for stored passwords: no mailbox can be connected."),
                   _("Set `%(name)s`.") % {"name": "HELPDESK_CREDENTIALS_KEYS"})  # fmt: skip
    if settings.PRODUCTION:
        found = run_checks(tags=[Tags.security], include_deployment_checks=True)
        ours = (message for message in found if str(message.id).startswith("security.") and message.id not in NAMES)
        yield from map(as_problem, ours)


def look_at_names() -> Iterator[Problem]:
    if "*" in settings.ALLOWED_HOSTS:
        yield fail(_("Pages answer to any name."), _("Name the hosts in `HELPDESK_ALLOWED_HOSTS`."))
    if not settings.PRODUCTION:
        return
    found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    yield from (as_problem(message) for message in found if message.id in NAMES - COOKIES)
    # Django looks for these only where its own session middleware runs.
    for setting in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        if not getattr(settings, setting):
            yield fail(
                _("`%(setting)s` is off: a cookie would travel in clear.") % {"setting": setting}, _as_it_is(setting)
            )
    if settings.SECURE_HSTS_SECONDS < 365 * 24 * 3600:
        yield warn(_("Browsers are told to insist on https for less than a year."),
                   _("Unset `%(name)s`.") % {"name": "HELPDESK_HSTS_SECONDS"})  # fmt: skip
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
        if not name.startswith("__Host-"):
            yield fail(_("The cookie `%(name)s` could be set by a sibling host.") % {"name": name},
                       _("Leave the cookies' names as they are."))  # fmt: skip


def look_at_policy() -> Iterator[Problem]:
    policy = dict(part.strip().partition(" ")[::2] for part in settings.CONTENT_SECURITY_POLICY.split(";"))
    for name, wanted in (("default-src", "'self'"), ("frame-ancestors", "'none'"), ("object-src", "'none'")):
        if policy.get(name) != wanted:
            has = f"{name} {policy[name]}" if name in policy else f"{name} unset"
            yield fail(
                _("The pages' policy has `%(has)s`.") % {"has": has}, _("It must be `%(wanted)s`.") % {"wanted": wanted}
            )
    if "unsafe" in settings.CONTENT_SECURITY_POLICY:
        yield fail(_("The pages' policy allows inline script or style."), _("Take `'unsafe-...'` out of it."))


def look_at_uploads() -> Iterator[Problem]:
    served = [Path(settings.STATIC_ROOT), *map(Path, settings.STATICFILES_DIRS)]
    storages: Any = settings.STORAGES
    location = storages["attachments"].get("OPTIONS", {}).get("location")
    if location and any(folder == Path(location) or folder in Path(location).parents for folder in served):
        yield fail(_("Files of customers lie in `%(place)s`, which is served.") % {"place": location},
                   _("Set `HELPDESK_DATA_DIR` elsewhere."))  # fmt: skip
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if not limit or limit > 16 * MiB or not settings.DATA_UPLOAD_MAX_NUMBER_FILES:
        yield fail(_("Forms may be of any size."),
                   _as_it_is("DATA_UPLOAD_MAX_MEMORY_SIZE", "DATA_UPLOAD_MAX_NUMBER_FILES"))  # fmt: skip
    if settings.MAX_UPLOAD_SIZE > LARGEST_UPLOAD:
        mebibytes = {"size": settings.MAX_UPLOAD_SIZE // MiB}
        yield warn(_("A file may have %(size)s MiB; each passes through memory.") % mebibytes,
                   _("Set `HELPDESK_MAX_UPLOAD_SIZE` to 104857600 or less."))  # fmt: skip


def look_at_accounts() -> Iterator[Problem]:
    if settings.PASSWORD_HASHERS[0].rpartition(".")[2] != "Argon2PasswordHasher":
        yield fail(_("Passwords are not hashed by `Argon2`."),
                   _("Put `Argon2PasswordHasher` first in `PASSWORD_HASHERS`."))  # fmt: skip
    if settings.SESSION_COOKIE_AGE > 12 * 3600:
        yield warn(_("A session lasts longer than twelve idle hours."), _as_it_is("SESSION_COOKIE_AGE"))
    if settings.PASSWORD_RESET_TIMEOUT > 3600:
        yield warn(_("A link to reset a password lasts longer than an hour."), _as_it_is("PASSWORD_RESET_TIMEOUT"))
    agents = Agent.objects.filter(is_active=True)
    if not agents.filter(role=Role.ADMIN).exists():
        yield fail(_("Nobody is admin: whoever opens the first page is asked to become one."),
                   _("Run `%(command)s`.") % {"command": "manage.py create_admin EMAIL NAME"})  # fmt: skip
    if without := agents.exclude(pk__in=Authenticator.objects.values("user_id")).count():
        said = ngettext("%(n)s agent has no second factor.", "%(n)s agents have no second factor.", without)
        yield warn(said % {"n": without}, _("Have them set one up in their profile."))


def look_at_rate_limits() -> Iterator[Problem]:
    if wrong := {"login", "login_failed", "reset_password"} - set(getattr(settings, "ACCOUNT_RATE_LIMITS", None) or {}):
        unlimited = {"names": ", ".join(sorted(wrong))}
        yield fail(_("Nothing limits `%(names)s`.") % unlimited, _as_it_is("ACCOUNT_RATE_LIMITS"))
    cache.set("doctor", 1, 30)
    if cache.get("doctor") != 1:
        yield fail(_("Limits are not counted: the cache keeps nothing."),
                   _("Look at the Redis of `CACHE_REDIS_URL`."))  # fmt: skip
    for name in ("API_REQUESTS_PER_MINUTE", "ACKNOWLEDGEMENTS_PER_HOUR", "MAILS_PER_DOMAIN_MINUTE"):
        if not 0 < getattr(settings, name) <= 10_000:
            given = {"name": f"HELPDESK_{name}", "value": getattr(settings, name)}
            yield warn(_("`%(name)s` is %(value)s: no limit to speak of.") % given, _("Unset `%(name)s`.") % given)


def look_at_mail() -> Iterator[Problem]:
    channels = Channel.objects.filter(is_active=True, kind="email")
    if channels.exists() and not settings.TRUSTED_AUTHSERV_IDS:
        yield warn(
            _("No word about senders (SPF, DKIM, DMARC) is believed: every customer counts as not verified."),
            _("Set `HELPDESK_TRUSTED_AUTHSERV_IDS` to the name your border mail server signs with."),
        )
    signing = set(DkimKey.objects.filter(signs_since__isnull=False).values_list("domain", flat=True))
    domains = {address.rpartition("@")[2].lower() for address in channels.values_list("address", flat=True) if address}
    if not settings.DEMO_MAILBOX and (unsigned := sorted(domains - signing)):
        yield warn(
            _("Mail of %(domains)s is not signed here.") % {"domains": ", ".join(unsigned)},
            _("Make a key on the channel's page “Sender check”, unless your outgoing server signs."),
        )


def look_at_readers() -> Iterator[Problem]:
    pool, limits = PoolLimits(), DEFAULT_LIMITS
    if pool.wall_seconds > 10 or pool.cpu_seconds > 10 or pool.memory_bytes > 300 * MiB:
        yield fail(_("The reader of mail may take more than 10 s or 300 MiB."),
                   _("Set `%(name)s` back.") % {"name": "PoolLimits"})  # fmt: skip
    if any(getattr(limits, name) > most for name, most in WIDEST.items()):
        yield fail(_("The limits of what is read of a mail were widened."),
                   _("Set `%(name)s` back.") % {"name": "DEFAULT_LIMITS"})  # fmt: skip
    if (installed := metadata.version("nh3")) != (pinned := pinned_versions().get("nh3", installed)):
        yield fail(_("The sanitizer is `nh3 %(found)s`, not %(pinned)s.") % {"found": installed, "pinned": pinned},
                   _("Install `requirements/base.txt`."))  # fmt: skip


def look_at_egress() -> Iterator[Problem]:
    for network in map(ipaddress.ip_network, settings.ALLOWED_NETWORKS):
        if network.prefixlen == 0 or (network.version == 4 and network.overlaps(LINK_LOCAL)):
            yield fail(_("`HELPDESK_ALLOWED_NETWORKS` holds `%(network)s`: servers that admins enter may be anywhere, "
                         "the cloud's metadata too.") % {"network": network},
                       _("Name the few networks that are needed."))  # fmt: skip
    if reaches(METADATA):
        yield warn(_("The cloud's metadata service can be reached from this process."),
                   _("Have the firewall drop `169.254.169.254` for the helpdesk's containers."))  # fmt: skip


def look_at_logs() -> Iterator[Problem]:
    if settings.PRODUCTION and settings.LOGGING["handlers"]["stderr"]["formatter"] != "json":
        yield warn(_("Logs are text: nobody can search them by trace."),
                   _("Unset `%(name)s`.") % {"name": "HELPDESK_LOG_FORMAT"})  # fmt: skip
    if settings.LOGGING["root"]["level"] == "DEBUG":
        yield fail(_("Logs at `DEBUG` hold what passes through."),
                   _("Set `%(name)s`.") % {"name": "HELPDESK_LOG_LEVEL=INFO"})  # fmt: skip
    if settings.LOGGING["formatters"]["json"]["()"] is not JsonFormatter or "hunter22" in redact("password=hunter22"):
        yield fail(_("Secrets are not taken out of logs."), _as_it_is("LOGGING"))


def _as_it_is(*settings_named: str) -> str:
    return _("Leave `%(setting)s` as it is.") % {"setting": "`, `".join(settings_named)}


def reaches(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def pinned_versions() -> dict[str, str]:
    """What the lock names, by package; empty where no lock came with the program."""
    lock = ROOT / "requirements" / "base.txt"
    text = lock.read_text() if lock.exists() else ""
    return {
        name.lower(): version for name, version in re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.+!-]+)", text, re.M)
    }
