"""Django's settings, from the environment (config/environment.py holds and documents each)."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from kombu.entity import Queue

from config.audited import AUDITED
from config.databases import control_plane
from config.environment import ROOT, Environment
from config.secret_key import read_or_make
from config.sidebar import UNFOLD as SIDEBAR
from notifications.topology import QUEUES

ENV = Environment()
BASE_DIR = ROOT
VAR = ENV.VAR
VAR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = ENV.SECRET_KEY or read_or_make(VAR / "secret.key")
DEBUG = ENV.DEBUG
DEMO = ENV.DEMO
ALLOWED_HOSTS = ENV.ALLOWED_HOSTS
ALLOWED_ORIGINS = ENV.ALLOWED_ORIGINS
CSRF_TRUSTED_ORIGINS = [origin for origin in ALLOWED_ORIGINS if "://" in origin and "*" not in origin]
PUBLIC_URL = ENV.PUBLIC_URL
GATEWAY_URL = ENV.GATEWAY_URL

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin.apps.SimpleAdminConfig",  # only who serves its pages loads them (config/urls.py)
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "auditlog",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "preferences",
    "templates_app",
    "notifications",
    *({"sql": ["notifications.store"], "cassandra": ["django_cassandra_engine"]}[ENV.STORE_ENGINE]),
    "notifications.due",
    "notifications.broadcasts",
    "notifications.spool",
    "channels_app",
    "delivery",
    "delivery.providers.sandbox",
    "demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "notifications.api.cors.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "delivery.second_step.SecondStepMiddleware",
    "delivery.audit_trail.StaffTrail",
    "axes.middleware.AxesMiddleware",
]

# What the API keeps of it: headers, origins, lengths. Sessions, messages and CSRF belong to the admin's pages.
API_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "notifications.api.cors.CorsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

# --- staff: who logs in, how often they may try, what they change
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = ENV.LOGIN_ATTEMPTS
AXES_COOLOFF_TIME = timedelta(minutes=ENV.LOGIN_LOCK_MINUTES)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # who guesses locks out nobody but themselves
AXES_LOCKOUT_TEMPLATE = "delivery/locked_out.html"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
OTP_TOTP_ISSUER = ENV.TEMPLATE_BRAND
TOTP_REQUIRED_ROLES = frozenset(ENV.TOTP_REQUIRED_ROLES)
AUDITLOG_INCLUDE_TRACKING_MODELS = AUDITED
AUDITLOG_MASK_CALLABLE = "preferences.masking.hidden"
UNFOLD = SIDEBAR

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],  # before the admin theme's own
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _count_and_seconds(limit: str) -> tuple[int, int]:
    count, seconds = limit.split("/")
    return int(count), int(seconds)


def _sqlite(name: str, synchronous: str = "FULL") -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": VAR / f"{name}.sqlite3",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": (f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA mmap_size=134217728;"),
        },
        "TEST": {"NAME": VAR / f"test-{name}.sqlite3", "DEPENDENCIES": []},
    }


# default: the control plane. store: the notification store (embedded engine). sandbox: what the sandbox providers took.
def _control_plane() -> dict[str, object]:
    if not ENV.DATABASE_URL:
        return _sqlite("control")
    migrates = sys.argv[1:2] in (["migrate"], ["prepare"])  # changing a large table takes the time it takes
    return control_plane(ENV.DATABASE_URL, answer_within_s=0 if migrates else ENV.DATABASE_TIMEOUT_S)


CASSANDRA: dict[str, Any] = {
    "contact_points": ENV.CASSANDRA_CONTACT_POINTS,
    "port": ENV.CASSANDRA_PORT,
    "keyspace": ENV.CASSANDRA_KEYSPACE,
    "replication": ENV.CASSANDRA_REPLICATION,
    "datacenter": ENV.CASSANDRA_DATACENTER,
    "consistency": ENV.CASSANDRA_CONSISTENCY,
    "timeout_s": ENV.CASSANDRA_TIMEOUT_S,
    "user": ENV.CASSANDRA_USER,
    "password": ENV.CASSANDRA_PASSWORD,
}


def _store() -> dict[str, object]:
    if ENV.STORE_ENGINE == "sql":
        return _sqlite("store")
    from notifications.store.cassandra.options import database  # its driver is in requirements/production.txt

    return database(CASSANDRA)


DATABASES = {"default": _control_plane(), "store": _store(), "sandbox": _sqlite("sandbox", "NORMAL")}
DATABASE_ROUTERS = ["config.databases.AppRouter"]
DATABASE_OF_APP = {"store": "store", "sandbox": "sandbox"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise warns where there is none
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["notifications.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["notifications.api.permissions.TokenRequired"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "notifications.api.problems.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["notifications.api.rendering.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["notifications.api.parsing.BoundedJSONParser"],
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Notification platform",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True, "validatorUrl": None},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "notifications.api.auth_schema.add_problems",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

# --- API (contract §2)
REQUEST_MAX_BYTES = ENV.REQUEST_MAX_BYTES
BATCH_REQUEST_MAX_BYTES = ENV.BATCH_REQUEST_MAX_BYTES
USER_TOKEN_SECONDS = ENV.USER_TOKEN_SECONDS
IDEMPOTENCY_HOURS = ENV.IDEMPOTENCY_HOURS
WEB_THREADS = ENV.WEB_THREADS

# --- the log and the store
LOG_ENGINE = ENV.LOG_ENGINE
_HANDOVER_S = ENV.BATCH_DEADLINE_S + ENV.BATCH_MARGIN_S
_LOG_OPTIONS: dict[str, dict[str, object]] = {
    "embedded": {
        "folder": VAR / "log",
        "lease_s": ENV.GROUP_LEASE_S,
        "handover_s": _HANDOVER_S,
        "max_bytes": ENV.LOG_MAX_BYTES,
    },
    "kafka": {
        "bootstrap": ENV.KAFKA_BOOTSTRAP,
        "prefix": ENV.KAFKA_PREFIX,
        "replication": ENV.KAFKA_REPLICATION,
        "min_isr": ENV.KAFKA_MIN_ISR,
        "retention_ms": ENV.LOG_RETENTION_HOURS * 3_600_000,
        "timeout_s": ENV.KAFKA_TIMEOUT_S,
        "queue_max": ENV.KAFKA_QUEUE_MAX,
        "lease_s": ENV.GROUP_LEASE_S,
        "handover_s": _HANDOVER_S,
        "options": ENV.KAFKA_OPTIONS,
    },
}
LOG_OPTIONS = _LOG_OPTIONS[LOG_ENGINE]
TOPIC_PARTITIONS = ENV.TOPIC_PARTITIONS
STORE_ENGINE = ENV.STORE_ENGINE
INBOX_DAYS = ENV.INBOX_DAYS
NODE = ENV.NODE
SPOOL_FOLDER = VAR / "spool"
ACCEPT_WITHIN_S = ENV.ACCEPT_WITHIN_S
SPOOL_ALL = ENV.SPOOL_ALL
SPOOL_MAX_BYTES = ENV.SPOOL_MAX_BYTES

# --- Redis
REDIS_URL = ENV.REDIS_URL
REDIS_PREFIX = ENV.REDIS_PREFIX

# --- Celery: queues are disposable, the log remembers (design.md, idea 1)
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in QUEUES]
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_DEFAULT_QUEUE = "router"
CELERY_TASK_SERIALIZER = "orjson"
CELERY_ACCEPT_CONTENT = ["orjson"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_STORE_EAGER_RESULT = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = ENV.WORKER_THREADS
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_DB_REUSE_MAX = sys.maxsize  # else every task makes its connections anew; they are looked after (decisions/0013)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # a full Redis is waited for, not died of
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": int(ENV.BATCH_DEADLINE_S + ENV.BATCH_MARGIN_S + 8),
    "global_keyprefix": f"{REDIS_PREFIX}celery:",
    "socket_keepalive": not REDIS_URL.startswith("unix"),
    "socket_timeout": 10,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # ticks need no memory: nothing to share, any number may run
CELERY_BEAT_SCHEDULE = {
    "release-due": {
        "task": "delivery.stages.release_due",
        "schedule": ENV.RETRY_TICK_S,
        "options": {"queue": "retry", "expires": 5 * ENV.RETRY_TICK_S},
    },
    "release-due-critical": {
        "task": "delivery.stages.release_due_critical",
        "schedule": ENV.RETRY_TICK_S,
        "options": {"queue": "critical", "expires": 5 * ENV.RETRY_TICK_S},
    },
    "import-people": {
        "task": "delivery.stages.import_people",
        "schedule": 2.0,
        "options": {"queue": "retry", "expires": 2.0},
    },
    "publish-templates": {
        "task": "delivery.stages.publish_templates",
        "schedule": ENV.TEMPLATE_PUBLISH_TICK_S,
        "options": {"queue": "retry", "expires": 5 * ENV.TEMPLATE_PUBLISH_TICK_S},
    },
    "housekeeping": {
        "task": "delivery.stages.housekeeping",
        "schedule": 60.0,
        "options": {"queue": "retry", "expires": 60.0},
    },
}

# --- gRPC
GRPC_MESSAGE_MAX_BYTES = ENV.GRPC_MESSAGE_MAX_BYTES
GRPC_WATCHES_MAX = ENV.GRPC_WATCHES_MAX
GRPC_WATCH_MAX_S = ENV.GRPC_WATCH_MAX_S

# --- the gateway (contract §6)
SOCKET_SOFT_LIMIT = ENV.SOCKET_SOFT_LIMIT
SOCKET_PING_S = ENV.SOCKET_PING_S
SOCKET_DEAD_S = ENV.SOCKET_DEAD_S
PRESENCE_S = ENV.PRESENCE_S

# --- operators
PROCESS = ENV.PROCESS
METRICS_HOST = ENV.METRICS_HOST
METRICS_PORT = ENV.METRICS_PORT
QUARANTINE_MAX_PER_MINUTE = ENV.QUARANTINE_MAX_PER_MINUTE

# --- limits of figures (contract §4, §8)
PER_USER_LIMITS = {
    name: _count_and_seconds(value)
    for name, value in {
        "in_app": ENV.LIMIT_IN_APP,
        "push": ENV.LIMIT_PUSH,
        "email": ENV.LIMIT_EMAIL,
        "email_marketing": ENV.LIMIT_EMAIL_MARKETING,
        "sms": ENV.LIMIT_SMS,
        "sms_two_factor": ENV.LIMIT_SMS_TWO_FACTOR,
    }.items()
}
# SMS pumping (preferences/sms_guard.py); a count of 0 lifts a limit
SMS_COUNTRIES = tuple(ENV.SMS_COUNTRIES)
SMS_GUARD_LIMITS = {
    name: _count_and_seconds(value)
    for name, value in {"sms_prefix": ENV.SMS_PER_PREFIX, "sms_one_user": ENV.SMS_PER_USER}.items()
}
PROFILE_CACHE_S = ENV.PROFILE_CACHE_S
UNKNOWN_PROFILE_CACHE_S = ENV.UNKNOWN_PROFILE_CACHE_S
PROVIDER_RATES = {"fcm": ENV.RATE_FCM, "apns": ENV.RATE_APNS, "ses": ENV.RATE_SES, "twilio": ENV.RATE_TWILIO}
PROVIDERS = ENV.PROVIDERS
SIMULATORS_URL = ENV.SIMULATORS_URL
BULK_SHARE = ENV.BULK_SHARE
BROADCAST_APPROVAL_ABOVE = ENV.BROADCAST_APPROVAL_ABOVE
BROADCAST_PULL_ABOVE = ENV.BROADCAST_PULL_ABOVE
BROADCAST_BACKLOG_S = ENV.BROADCAST_BACKLOG_S
BROADCAST_OWN_RATE = ENV.BROADCAST_OWN_RATE
BROADCAST_SMS_PRICE = ENV.BROADCAST_SMS_PRICE
BROADCAST_CURRENCY = ENV.BROADCAST_CURRENCY
PROVIDER_TIMEOUT_S = ENV.PROVIDER_TIMEOUT_S
SANDBOX_LATENCY_MS = ENV.SANDBOX_LATENCY_MS
SANDBOX_OUTBOX_ROWS = ENV.SANDBOX_OUTBOX_ROWS
SUM_UP_DELIVERIES = ENV.SUM_UP_DELIVERIES
IN_DOUBT_RESEND = tuple(ENV.IN_DOUBT_RESEND)
ALERT_WEBHOOK = ENV.ALERT_WEBHOOK

# --- what comes back
TWILIO_AUTH_TOKENS = ENV.TWILIO_AUTH_TOKENS
SNS_TOPICS = ENV.SNS_TOPICS
SNS_MAX_AGE_S = ENV.SNS_MAX_AGE_S
SNS_HOSTS = ENV.SNS_HOSTS
SNS_CA_FILE = ENV.SNS_CA_FILE
WEBHOOK_MAX_BYTES = ENV.WEBHOOK_MAX_BYTES
SOFT_BOUNCES = _count_and_seconds(ENV.SOFT_BOUNCES)
PREFERENCES_LINK_DAYS = ENV.PREFERENCES_LINK_DAYS

# --- templates
TEMPLATE_DEFAULT_LOCALE = ENV.TEMPLATE_DEFAULT_LOCALE
TEMPLATE_BRAND = ENV.TEMPLATE_BRAND
TEMPLATE_HTML_MAX_BYTES = ENV.TEMPLATE_HTML_MAX_BYTES
TEMPLATE_WORK_MAX = ENV.TEMPLATE_WORK_MAX
SMS_SEGMENT_PRICE = tuple(ENV.SMS_SEGMENT_PRICE.split(" "))  # the number, the currency
TEMPLATE_CACHE_MAX = ENV.TEMPLATE_CACHE_MAX
CATALOG_CHECK_S = ENV.CATALOG_CHECK_S
CATALOG_REDIS_AWAY_S = ENV.CATALOG_REDIS_AWAY_S
CATALOG_RELOAD_S = ENV.CATALOG_RELOAD_S

LOGGING_CONFIG = "config.logs.configure"
LOGGING = {"level": ENV.LOG_LEVEL, "service": ENV.PROCESS}
SILENCED_SYSTEM_CHECKS: list[str] = []
