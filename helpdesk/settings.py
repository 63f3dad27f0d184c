"""All settings, all from the environment. docs/operations.md lists the variables.

Two modes. `local` (the default): one machine, loopback only, keys generated into the data folder.
`production`: nothing is generated or guessed, and an insecure setting refuses to start.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from events.redis_servers import Pool, channel_host
from helpdesk import environment as env
from helpdesk.logging import log_settings
from helpdesk.openapi import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS  # read by drf-spectacular
from helpdesk.sign_in_settings import sign_in_settings

BASE_DIR = env.ROOT
DATA_DIR = env.data_dir()
MODE = env.text("HELPDESK_MODE", "local")
PRODUCTION = MODE == "production"
env.refuse(MODE not in ("local", "production"), f"HELPDESK_MODE must be local or production, not {MODE!r}.")
_services = {} if PRODUCTION else env.running_services()

# --- Security -------------------------------------------------------------------------------------------------------
DEBUG = env.flag("HELPDESK_DEBUG")
SECRET_KEY = env.text("HELPDESK_SECRET_KEY") or (
    "" if PRODUCTION else env.kept_secret("secret_key") or "no-services-yet"
)
SECRET_KEY_FALLBACKS = env.words("HELPDESK_SECRET_KEY_FALLBACKS")
HTTP_PORT = env.number("HELPDESK_HTTP_PORT", 8000)
BASE_URL = env.text("HELPDESK_BASE_URL", "" if PRODUCTION else f"http://localhost:{HTTP_PORT}").rstrip("/")
_host = urlsplit(BASE_URL).hostname or ""
ALLOWED_HOSTS = env.words("HELPDESK_ALLOWED_HOSTS") or ([_host] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL else []
METRICS_TOKEN = env.text("HELPDESK_METRICS_TOKEN") or ("" if PRODUCTION else env.kept_secret("metrics_token"))
# How many proxies of ours stand in front: only so many entries of X-Forwarded-For are believed.
TRUSTED_PROXIES = env.number("HELPDESK_TRUSTED_PROXIES", 0)
if PRODUCTION:
    env.refuse(DEBUG, "HELPDESK_DEBUG must be off in production: error pages would show secrets.")
    env.refuse(len(SECRET_KEY) < 50, "HELPDESK_SECRET_KEY (or _FILE) must hold at least 50 random characters.")
    env.refuse(not BASE_URL.startswith("https://"), "HELPDESK_BASE_URL must be the https:// address of this helpdesk.")
    env.refuse("*" in ALLOWED_HOSTS, "HELPDESK_ALLOWED_HOSTS must name the hosts in production, not *.")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = env.number("HELPDESK_HSTS_SECONDS", 365 * 24 * 3600)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# The keys of stored secrets, the private networks that may be called, and what a mailbox's lease lasts.
CREDENTIALS_KEYS, ALLOWED_NETWORKS, IMAP_LEASE_SECONDS = env.mailboxes(production=PRODUCTION)
env.refuse(PRODUCTION and SECRET_KEY in CREDENTIALS_KEYS, "HELPDESK_CREDENTIALS_KEYS must not hold the secret key.")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "helpdesk_session"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "helpdesk_csrf"
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the page, so the cookie need not be readable
SESSION_ENGINE = "people.sessions"
SESSION_COOKIE_AGE = 12 * 3600  # since it was last used
SESSION_LONGEST = timedelta(hours=env.number("HELPDESK_SESSION_HOURS", 7 * 24))  # since the sign-in
SESSION_SAVE_EVERY_REQUEST = False
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
PASSWORD_RESET_TIMEOUT = 3600
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 20
CONTENT_SECURITY_POLICY = "; ".join([
    "default-src 'self'", "img-src 'self' data: blob:", "media-src 'self'", "object-src 'none'", "base-uri 'none'",
    "form-action 'self'", "frame-src 'self'", "frame-ancestors 'none'",
])  # fmt: skip

# --- The house ------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages", "django.contrib.staticfiles",
    "django.contrib.humanize", "django.contrib.postgres", "allauth", "allauth.account", "allauth.mfa",
    "rest_framework", "drf_spectacular", "drf_spectacular_sidecar", "channels",
    "events", "people", "tickets", "knowledge", "channels_inbound", "commerce", "metrics", "livechat", "assistant",
    "privacy", "helpdesk",
]  # fmt: skip
MIDDLEWARE = [
    "helpdesk.middleware.RequestTrace",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "helpdesk.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "people.middleware.PreferencesMiddleware",
    "helpdesk.middleware.SlidingSession",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "people.middleware.SecondFactorMiddleware",
    "people.viewing.ViewAsMiddleware",
    "events.replica.WritesAreSeen",
]
ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"
ASGI_APPLICATION = "helpdesk.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EVENT_SUBSCRIBERS = "helpdesk.subscribers.SUBSCRIBERS"
OPENING_HOURS = "metrics.opening"
CHAT_SEGMENTS = "commerce.segments"
CHAT_ORDERS = "commerce.chat_orders"
CHAT_PROOFS = "livechat.orders"
CHAT_BOT = "assistant.standing"
# name of the bell -> (task, queue); the queue's own settings are in helpdesk/queueing.py
DOORBELLS = {
    "events": ("events.tasks.drain_events", "default"),
    "inbound": ("channels_inbound.tasks.drain_inbound", "critical"),
    "hooks": ("channels_inbound.tasks.drain_hooks", "critical"),
    "media": ("channels_inbound.tasks.drain_media", "default"),
    "outbound": ("channels_inbound.tasks.drain_outbound", "critical"),
    "bulk": ("tickets.tasks.work_bulk", "bulk"),
    "assign": ("tickets.tasks.give_out", "default"),
    "orders": ("commerce.tasks.drain_orders", "default"),
    "replan": ("metrics.tasks.replan_clocks", "bulk"),
    "privacy": ("privacy.tasks.work", "bulk"),
}
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [BASE_DIR / "templates"],
    "OPTIONS": {
        "loaders": [("people.templating.Loader", [
            "django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader",
        ])],
        "context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ],
    },
}]  # fmt: skip

# --- Data -----------------------------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL") or _services.get("DATABASE_URL", "")
REDIS_URL = env.text("REDIS_URL") or _services.get("REDIS_URL", "")
env.refuse(PRODUCTION and not (DATABASE_URL and REDIS_URL), "DATABASE_URL and REDIS_URL must be set in production.")
# Without services the address leads nowhere on purpose: what needs no database still works, the rest says so.
DATABASES = {
    "default": env.database(DATABASE_URL or f"postgresql://helpdesk@/helpdesk?host={DATA_DIR}/postgres/socket")
}
REDIS_URL = REDIS_URL or "redis://127.0.0.1:1/0"
# A stuck query or a forgotten transaction must not starve the others. Workers are given more time. Compiling a query
# to machine code takes longer than any query of ours runs.
STATEMENT_TIMEOUT = env.text("HELPDESK_STATEMENT_TIMEOUT", "15s")
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
DATABASES["default"]["OPTIONS"] |= {
    "connect_timeout": 5,
    "application_name": env.text("HELPDESK_PROCESS", "helpdesk"),
    "options": f"-c statement_timeout={STATEMENT_TIMEOUT} -c lock_timeout=3s"
    " -c idle_in_transaction_session_timeout=30s -c jit=off",
}
# Tests run without fsync; nothing else may.
UNSAFE_DATABASE = env.flag("HELPDESK_UNSAFE_DATABASE")
env.refuse(PRODUCTION and UNSAFE_DATABASE, "HELPDESK_UNSAFE_DATABASE is for tests: a crash would lose mail.")
# For the statements of events.statements; Django's own cursors never prepare.
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 0
APPLICATION_ROLE = env.text("HELPDESK_APPLICATION_ROLE")  # for `deploy`, where another role owns the tables
if env.flag("HELPDESK_PGBOUNCER"):
    # In transaction pooling there are neither start-up options nor server-side cursors; set the limits on the role.
    del DATABASES["default"]["OPTIONS"]["options"], DATABASES["default"]["OPTIONS"]["prepare_threshold"]
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
# A streaming replica that answers reports and searches, while it is not further behind than that.
DATABASES |= env.replica(DATABASES["default"])
REPLICA_LAG_SECONDS = env.number("HELPDESK_REPLICA_LAG_SECONDS", 5)
# Without repeats: redis-py's own would make a page wait four times as long for a Redis that is not there.
_redis_limits = {
    "socket_timeout": 2, "socket_connect_timeout": 1, "health_check_interval": 25, "retry": Retry(NoBackoff(), 0),
}  # fmt: skip
CACHE_REDIS_URL = env.text("CACHE_REDIS_URL") or env.redis_database(REDIS_URL, 1)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": [CACHE_REDIS_URL],
        "KEY_PREFIX": "helpdesk",
        "OPTIONS": {**_redis_limits, "pool_class": Pool},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            # A dict, since only then redis-py gets time limits: unset, a frozen Redis would hang the request for ever.
            "hosts": [channel_host(env.text("CHANNELS_REDIS_URL") or REDIS_URL, socket_connect_timeout=1,
                                   socket_timeout=20, socket_keepalive=True, health_check_interval=25)],
            "capacity": 1000,
            "expiry": 30,
        },
    }
}  # fmt: skip
FILES_DIR = DATA_DIR / "files"
MEDIA_ROOT = FILES_DIR
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# `plain` serves what lies in static/ as it is: for working on assets, and for tests.
PLAIN_ASSETS = DEBUG or env.text("HELPDESK_ASSETS") == "plain"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = PLAIN_ASSETS
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Files of customers, by content hash; never under a served folder.
    "attachments": env.attachments(FILES_DIR),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if PLAIN_ASSETS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- People ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.Agent"
AUTHENTICATION_BACKENDS = ["people.backend.AgentBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ["email", "name"]}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]  # fmt: skip
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
# `require`: an agent without a second factor can only set one up. `offer`: each as they like, as in the demo.
SECOND_FACTOR = env.text("HELPDESK_SECOND_FACTOR", "require" if PRODUCTION else "offer")
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # for how long a sign-in is fresh enough for what is sensitive
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
globals().update(sign_in_settings(SECOND_FACTOR, must_keep_secrets=PRODUCTION, keys=CREDENTIALS_KEYS))

# --- Language and time ----------------------------------------------------------------------------------------------
# What agents see above the views and in page titles; customers see it only where a name was given.
PRODUCT_NAME = "Helpdesk"
SHOP_NAME = env.text("HELPDESK_NAME", PRODUCT_NAME)
LANGUAGE_CODE = env.text("HELPDESK_LANGUAGE", "en")
LANGUAGES = [("en", _("English")), ("uk", _("Ukrainian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "helpdesk.formats"
TIME_ZONE = env.text("HELPDESK_TIME_ZONE", "Europe/Kyiv")
USE_TZ = True

# --- Mail -----------------------------------------------------------------------------------------------------------
SMTP_HOST = env.text("HELPDESK_SMTP_HOST", "127.0.0.1")
SMTP_PORT = env.number("HELPDESK_SMTP_PORT", 8025)
# Every way a mail may come in has this one limit.
MAX_MAIL_SIZE = env.number("HELPDESK_MAX_MAIL_SIZE", 64 * 1024 * 1024)
SMTP_MAX_CONNECTIONS = env.number("HELPDESK_SMTP_MAX_CONNECTIONS", 100)
# The names our own border mail server puts into Authentication-Results; anyone else's word is not believed.
TRUSTED_AUTHSERV_IDS = env.words("HELPDESK_TRUSTED_AUTHSERV_IDS")
# How long a worker may take for one slice of incoming mail before another may take over.
INBOUND_LEASE_SECONDS = env.number("HELPDESK_INBOUND_LEASE_SECONDS", 60)
# "telegram=https://..., graph=https://.../v26.0": where providers' APIs are, if not where we think.
PROVIDER_ENDPOINTS = env.pairs("HELPDESK_PROVIDER_ENDPOINTS")
# Without an outgoing server what was sent lies in a demo mailbox; never in production.
DEMO_MAILBOX = not PRODUCTION and not env.text("EMAIL_URL")
EMAIL_URL = env.text("EMAIL_URL")
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = env.text("HELPDESK_FROM_EMAIL", "helpdesk@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
if EMAIL_URL:
    globals().update(env.email(EMAIL_URL))
elif DEMO_MAILBOX:
    EMAIL_BACKEND = "channels_inbound.email.demo_backend.DemoMailBackend"

# --- Tickets --------------------------------------------------------------------------------------------------------
MAX_REPLY_LENGTH = 100_000  # characters
MAX_UPLOAD_SIZE = env.number("HELPDESK_MAX_UPLOAD_SIZE", 25 * 1024 * 1024)
UNDO_SECONDS = 10
ACKNOWLEDGEMENTS_PER_HOUR = env.number("HELPDESK_ACKNOWLEDGEMENTS_PER_HOUR", 300)  # or a flood makes us spam
MAILS_PER_DOMAIN_MINUTE = env.number("HELPDESK_MAILS_PER_DOMAIN_MINUTE", 120)  # to one domain
CLOSE_SOLVED_AFTER_DAYS = env.number("HELPDESK_CLOSE_SOLVED_AFTER_DAYS", 14)

# --- API ------------------------------------------------------------------------------------------------------------
# people.api.base.ApiView says the rest: token only, JSON only, problem documents. These are for whoever forgets it.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["people.tokens.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["people.api.access.ScopedToken"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "people.api.schema.ApiSchema",
}
API_REQUESTS_PER_MINUTE = env.number("HELPDESK_API_REQUESTS_PER_MINUTE", 600)

# --- Telephone ------------------------------------------------------------------------------------------------------
# The country of numbers written without a country code, where the line they are of does not tell it.
PHONE_REGION = env.text("HELPDESK_PHONE_REGION", "UA").upper()

# --- Logs -----------------------------------------------------------------------------------------------------------
LOGGING = log_settings(form=env.text("HELPDESK_LOG_FORMAT", "json"), level=env.text("HELPDESK_LOG_LEVEL", "INFO"))
