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
        yield warn("HELPDESK_MODE is local: keys are generated, pages are not forced to https.",
                   "Set HELPDESK_MODE=production once customers come.")  # fmt: skip
    if settings.DEBUG:
        yield fail("Error pages show everything.", "Unset HELPDESK_DEBUG.")
    if len(settings.SECRET_KEY) < 50 or len(set(settings.SECRET_KEY)) < 5:
        yield fail("The secret key can be guessed.", "Set HELPDESK_SECRET_KEY to 50 random characters or more.")
    if settings.SECRET_KEY in settings.CREDENTIALS_KEYS:
        yield fail("One key signs sessions and encrypts stored passwords.",
                   "Set HELPDESK_CREDENTIALS_KEYS to one of `manage.py rotate_credentials --new-key`.")  # fmt: skip
    if not settings.CREDENTIALS_KEYS:
        yield warn(
            "There is no key for stored passwords: no mailbox can be connected.", "Set HELPDESK_CREDENTIALS_KEYS."
        )
    if settings.PRODUCTION:
        found = run_checks(tags=[Tags.security], include_deployment_checks=True)
        ours = (message for message in found if str(message.id).startswith("security.") and message.id not in NAMES)
        yield from map(as_problem, ours)


def look_at_names() -> Iterator[Problem]:
    if "*" in settings.ALLOWED_HOSTS:
        yield fail("Pages answer to any name.", "Name the hosts in HELPDESK_ALLOWED_HOSTS.")
    if not settings.PRODUCTION:
        return
    found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    yield from (as_problem(message) for message in found if message.id in NAMES - COOKIES)
    # Django looks for these only where its own session middleware runs.
    for setting in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        if not getattr(settings, setting):
            yield fail(f"{setting} is off: a cookie would travel in clear.", f"Leave {setting} as it is.")
    if settings.SECURE_HSTS_SECONDS < 365 * 24 * 3600:
        yield warn("Browsers are told to insist on https for less than a year.", "Leave HELPDESK_HSTS_SECONDS unset.")
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
        if not name.startswith("__Host-"):
            yield fail(f"The cookie {name} could be set by a sibling host.", "Leave the cookies' names as they are.")


def look_at_policy() -> Iterator[Problem]:
    policy = dict(part.strip().partition(" ")[::2] for part in settings.CONTENT_SECURITY_POLICY.split(";"))
    for name, wanted in (("default-src", "'self'"), ("frame-ancestors", "'none'"), ("object-src", "'none'")):
        if policy.get(name) != wanted:
            yield fail(f"The pages' policy has {name} {policy.get(name, 'unset')}.", f"It must be {wanted}.")
    if "unsafe" in settings.CONTENT_SECURITY_POLICY:
        yield fail("The pages' policy allows inline script or style.", "Take 'unsafe-...' out of it.")


def look_at_uploads() -> Iterator[Problem]:
    served = [Path(settings.STATIC_ROOT), *map(Path, settings.STATICFILES_DIRS)]
    storages: Any = settings.STORAGES
    location = storages["attachments"].get("OPTIONS", {}).get("location")
    if location and any(folder == Path(location) or folder in Path(location).parents for folder in served):
        yield fail(f"Files of customers lie in {location}, which is served.", "Set HELPDESK_DATA_DIR elsewhere.")
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if not limit or limit > 16 * MiB or not settings.DATA_UPLOAD_MAX_NUMBER_FILES:
        yield fail("Forms may be of any size.", "Leave DATA_UPLOAD_MAX_MEMORY_SIZE and _NUMBER_FILES as they are.")
    if settings.MAX_UPLOAD_SIZE > LARGEST_UPLOAD:
        yield warn(f"A file may have {settings.MAX_UPLOAD_SIZE // MiB} MiB; each passes through memory.",
                   "Set HELPDESK_MAX_UPLOAD_SIZE to 104857600 or less.")  # fmt: skip


def look_at_accounts() -> Iterator[Problem]:
    if settings.PASSWORD_HASHERS[0].rpartition(".")[2] != "Argon2PasswordHasher":
        yield fail("Passwords are not hashed by Argon2.", "Put Argon2PasswordHasher first in PASSWORD_HASHERS.")
    if settings.SESSION_COOKIE_AGE > 12 * 3600:
        yield warn("A session lasts longer than twelve idle hours.", "Leave SESSION_COOKIE_AGE as it is.")
    if settings.PASSWORD_RESET_TIMEOUT > 3600:
        yield warn("A link to reset a password lasts longer than an hour.", "Leave PASSWORD_RESET_TIMEOUT as it is.")
    agents = Agent.objects.filter(is_active=True)
    if not agents.filter(role=Role.ADMIN).exists():
        yield fail("Nobody is admin: whoever opens the first page is asked to become one.",
                   "Run `manage.py create_admin EMAIL NAME`.")  # fmt: skip
    if without := agents.exclude(pk__in=Authenticator.objects.values("user_id")).count():
        yield warn(f"{without} agents have no second factor.", "Have them set one up in their profile.")


def look_at_rate_limits() -> Iterator[Problem]:
    if wrong := {"login", "login_failed", "reset_password"} - set(getattr(settings, "ACCOUNT_RATE_LIMITS", None) or {}):
        yield fail(f"Nothing limits {', '.join(sorted(wrong))}.", "Leave ACCOUNT_RATE_LIMITS as they are.")
    cache.set("doctor", 1, 30)
    if cache.get("doctor") != 1:
        yield fail("Limits are not counted: the cache keeps nothing.", "Look at the Redis of CACHE_REDIS_URL.")
    for name in ("API_REQUESTS_PER_MINUTE", "ACKNOWLEDGEMENTS_PER_HOUR", "MAILS_PER_DOMAIN_MINUTE"):
        if not 0 < getattr(settings, name) <= 10_000:
            yield warn(
                f"HELPDESK_{name} is {getattr(settings, name)}: no limit to speak of.", f"Unset HELPDESK_{name}."
            )


def look_at_mail() -> Iterator[Problem]:
    channels = Channel.objects.filter(is_active=True, kind="email")
    if channels.exists() and not settings.TRUSTED_AUTHSERV_IDS:
        yield warn("No word about senders (SPF, DKIM, DMARC) is believed: every customer counts as not verified.",
                   "Set HELPDESK_TRUSTED_AUTHSERV_IDS to the name your border mail server signs with.")  # fmt: skip
    signing = set(DkimKey.objects.filter(signs_since__isnull=False).values_list("domain", flat=True))
    domains = {address.rpartition("@")[2].lower() for address in channels.values_list("address", flat=True) if address}
    if not settings.DEMO_MAILBOX and (unsigned := sorted(domains - signing)):
        yield warn(f"Mail of {', '.join(unsigned)} is not signed here.",
                   "Make a key on the channel's page “Sender check”, unless your outgoing server signs.")  # fmt: skip


def look_at_readers() -> Iterator[Problem]:
    pool, limits = PoolLimits(), DEFAULT_LIMITS
    if pool.wall_seconds > 10 or pool.cpu_seconds > 10 or pool.memory_bytes > 300 * MiB:
        yield fail("The reader of mail may take more than 10 s or 300 MiB.", "Set PoolLimits back.")
    if any(getattr(limits, name) > most for name, most in WIDEST.items()):
        yield fail("The limits of what is read of a mail were widened.", "Set DEFAULT_LIMITS back.")
    if (installed := metadata.version("nh3")) != (pinned := pinned_versions().get("nh3", installed)):
        yield fail(f"The sanitizer is nh3 {installed}, not {pinned}.", "Install requirements/base.txt.")


def look_at_egress() -> Iterator[Problem]:
    for network in map(ipaddress.ip_network, settings.ALLOWED_NETWORKS):
        if network.prefixlen == 0 or (network.version == 4 and network.overlaps(LINK_LOCAL)):
            yield fail(f"HELPDESK_ALLOWED_NETWORKS holds {network}: servers that admins enter may be anywhere, the "
                       "cloud's metadata too.", "Name the few networks that are needed.")  # fmt: skip
    if reaches(METADATA):
        yield warn("The cloud's metadata service can be reached from this process.",
                   "Have the firewall drop 169.254.169.254 for the helpdesk's containers.")  # fmt: skip


def look_at_logs() -> Iterator[Problem]:
    if settings.PRODUCTION and settings.LOGGING["handlers"]["stderr"]["formatter"] != "json":
        yield warn("Logs are text: nobody can search them by trace.", "Unset HELPDESK_LOG_FORMAT.")
    if settings.LOGGING["root"]["level"] == "DEBUG":
        yield fail("Logs at DEBUG hold what passes through.", "Set HELPDESK_LOG_LEVEL=INFO.")
    if settings.LOGGING["formatters"]["json"]["()"] is not JsonFormatter or "hunter22" in redact("password=hunter22"):
        yield fail("Secrets are not taken out of logs.", "Leave LOGGING as it is.")


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
