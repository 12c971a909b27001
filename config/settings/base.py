"""Settings that every installation shares. What differs comes from the environment (docs/operators.md lists it)."""

import os
import socket
import sys
import warnings
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import environment as env

BASE_DIR = env.BASE_DIR
HOME = env.home()

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
DEBUG = False

INSTALLED_APPS = [
    "daphne",
    "apps.console.site.ChantillyAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_filters",
    "django_jsonform",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "rest_framework",
    "apps.core",
    "apps.catalog",
    "apps.ai",
    "apps.crm",
    "apps.knowledge",
    "apps.reports",
    "apps.tasks",
    "apps.tools",
    "apps.executors",
    "apps.notify",
    "apps.workers",
    "apps.language",
    "apps.api",
    "apps.console",
    "apps.chat",
]
if sys.argv[1:2] != ["runserver"]:
    # It replaces that command and nothing else; importing it costs every other one 0.4 s.
    INSTALLED_APPS.remove("daphne")
# A cluster serves no pages: without the pages' applications its processes need half the memory (`make memory`).
PAGES_ONLY = {
    "daphne",
    "apps.console.site.ChantillyAdminConfig",
    "channels",
    "csp",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "apps.api",
    "apps.console",
    "apps.chat",
}
if env.boolean("CHANTILLY_WITHOUT_PAGES"):
    INSTALLED_APPS = [name for name in INSTALLED_APPS if name not in PAGES_ONLY]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;"
        f"PRAGMA synchronous={env.text('SQLITE_SYNCHRONOUS', 'FULL')};"
        "PRAGMA foreign_keys=ON;PRAGMA cache_size=-20000;PRAGMA mmap_size=134217728;PRAGMA temp_store=MEMORY;"
    ),
}


def database(url: str) -> dict[str, Any]:
    settings: dict[str, Any] = {"OPTIONS": {}, **dj_database_url.parse(url)}
    if settings["ENGINE"] == "django.db.backends.sqlite3":
        settings["OPTIONS"] = SQLITE_OPTIONS
    elif settings["ENGINE"] == "django.db.backends.postgresql":
        # The step path prepares its statements; behind a transaction pooler, where that cannot be, set it to 0.
        settings["OPTIONS"]["prepare_threshold"] = env.number("POSTGRES_PREPARE", 1) or None
        # The server's own guess (4) is of turning disks: some thousand tasks would be read whole for each handful.
        settings["OPTIONS"].setdefault("options", env.text("POSTGRES_OPTIONS", "-c random_page_cost=1.1"))
    else:
        raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:// or postgres://.")
    return settings


DATABASES = {"default": database(env.text("DATABASE_URL", f"sqlite:///{HOME / 'chantilly.sqlite3'}"))}
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.text("REDIS_URL")

CACHES: dict[str, Any] = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            # A request must not wait long for a Redis that has gone away.
            "OPTIONS": {"socket_timeout": 1.0, "socket_connect_timeout": 1.0},
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    ),
    "local": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "local"},
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"

# Set up by apps/core/logs.py: text for people, or json for machines. `manage.py up` runs its processes at INFO.
LOGGING_CONFIG = None
LOG_FORMAT = env.text("LOG_FORMAT", "text")
LOG_LEVEL = env.text("LOG_LEVEL", "WARNING")

LANGUAGE_CODE = "en"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns at every start while it is missing
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

# Edges: size limits from the first day.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.api.authentication.Tokens",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.api.parsing.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "apps.api.negotiation.OwnFormat",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "apps.api.errors.answer",
    "URL_FORMAT_OVERRIDE": None,
    # How many proxies in front of us write X-Forwarded-For; 0: the header is not believed.
    "NUM_PROXIES": env.number("TRUSTED_PROXIES", 0),
    "DEFAULT_THROTTLE_CLASSES": ["apps.api.throttling.PerUser", "apps.api.throttling.PerAddress"],
    "DEFAULT_THROTTLE_RATES": {
        "user": env.text("API_RATE", "600/min"),
        "anonymous": env.text("API_RATE_ANONYMOUS", "60/min"),
        "login": env.text("API_RATE_LOGIN", "10/min"),
        "login_name": env.text("API_RATE_LOGIN", "10/min"),
    },
}
REST_KNOX = {"TOKEN_PREFIX": "cy_"}
API_MAX_BODY = 1024 * 1024
API_TOKEN_DAYS = env.number("API_TOKEN_DAYS", 30, minimum=1)
API_MAX_TOKENS = 50
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Chantilly API",
    "DESCRIPTION": "Start long work, follow it, control it, fetch its files.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "ApprovalState": "apps.tasks.models.approvals.ApprovalState.choices",
        "StageState": ["ahead", "current", "done"],
        "NodeLook": "apps.api.runs.LOOKS",
        "KeyState": ["there", "awaited", "missing", "dropped"],
        "WriterKind": ["input", "event", "result"],
    },
    "PREPROCESSING_HOOKS": ["apps.api.schema.with_slash_only"],
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "apps.api.schema.with_errors"],
}

# Q2 warns about timeout=None. Ours is deliberate: its SIGALRM would fire inside a slice; our heartbeat holds limits.
warnings.filterwarnings("ignore", message="Retry and timeout are misconfigured")
WORKERS = env.number("WORKERS", 2, minimum=1)
# The most tasks that one cluster runs at once. A worker process runs one, so `up` refuses more workers than this.
TASK_MAX_CONCURRENT = env.number("TASK_MAX_CONCURRENT", max(5, WORKERS), minimum=1)
# The cluster's name for people; empty: a word made from host and home. Another name in one home is another cluster.
CLUSTER_NAME = env.text("CLUSTER_NAME")
# Django-Q2 launches worker processes and keeps them alive. It decides nothing; apps/workers/q2 says why each value.
Q_CLUSTER: dict[str, Any] = {
    "name": "chantilly",
    "workers": WORKERS,
    "timeout": None,
    "retry": 86_400,
    "max_attempts": 0,
    "bulk": 1,
    "ack_failures": True,
    "save_limit": -1,
    "recycle": 1,
    "catch_up": False,
    "scheduler": False,
    "poll": 0.2,
    "guard_cycle": 0.2,
    "label": "Django-Q2",
    "cluster_name": env.text("CLUSTER_QUEUE", "chantilly"),
    "broker_class": "apps.workers.q2.redis.RedisLaunches" if REDIS_URL else "apps.workers.q2.table.TableLaunches",
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}
WORKER_SLICE = "apps.workers.running.slice.run_slice"
# The supervisor's patience, in seconds: for a cluster's first workers, for lost ones or unclaimed work, for a heartbeat.
CLUSTER_FIRST_PATIENCE = 20.0
CLUSTER_PATIENCE = 10.0
CLUSTER_SILENCE = max(15.0, 4 * env.fraction("HEARTBEAT_SECONDS", 2.0))

VERSION = "0.1.0"
# Who we are among the hosts that share a database; what the system says, unless that is the same on several.
HOST = env.text("CHANTILLY_HOST") or socket.gethostname()
# Where people reach the site, for the addresses that commands name; empty: where `manage.py up` runs, else PORT.
SITE_URL = env.text("SITE_URL").rstrip("/")
PORT = env.number("PORT", 8000)

# The mail server that tells people what is asked of them; empty: nobody is told by mail.
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS")
EMAIL_USE_SSL = env.boolean("EMAIL_USE_SSL")
if EMAIL_USE_TLS and EMAIL_USE_SSL:
    raise ImproperlyConfigured("Set EMAIL_USE_TLS (usually port 587) or EMAIL_USE_SSL (port 465), not both.")
EMAIL_PORT = env.number("EMAIL_PORT", 587 if EMAIL_USE_TLS else 465 if EMAIL_USE_SSL else 25, minimum=1)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
# At most: all answers to one mail have to come before another host takes it for forgotten (outbox.TAKEN).
EMAIL_TIMEOUT = env.number("EMAIL_TIMEOUT", 10, minimum=1, maximum=60)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"Chantilly <chantilly@{EMAIL_HOST or 'localhost'}>")

# Chantilly's own settings. Durations in seconds unless the name says otherwise.
ARTIFACT_ROOT = HOME / "artifacts"
# Where files are kept: files (below ARTIFACT_ROOT), database, or the dotted path of a Django storage class.
ARTIFACT_STORE = env.text("ARTIFACT_STORE", "files" if IS_SQLITE else "database")
WAKE_DIR = HOME / "wake"
# The sentence encoder that helps to choose templates: "off" leaves it out, and words alone choose.
LANGUAGE_MODEL = env.text("CHANTILLY_LANGUAGE_MODEL", "on")
LANGUAGE_FITS = HOME / "language"
# What carries hints to other hosts (apps/core/carriers.py); SQLite serves one host only.
HINT_CARRIER = "" if IS_SQLITE else "redis" if REDIS_URL else "postgres"
TASK_RETRY_ATTEMPTS = env.number("TASK_RETRY_ATTEMPTS", 3, minimum=1)
TASK_RETRY_DELAYS = (1.0, 2.0, 4.0)
TASK_CRASH_LIMIT = env.number("TASK_CRASH_LIMIT", 5, minimum=1)
TASK_RETENTION_DAYS = env.number("TASK_RETENTION_DAYS", 7, minimum=0)
# For how long a removed task's address says when and why it went.
TOMBSTONE_DAYS = env.number("TOMBSTONE_DAYS", 365, minimum=1)
# How long the audit says who did what to queues, limits, workers and many tasks; ended actions on many go with it.
AUDIT_DAYS = env.number("AUDIT_DAYS", 400, minimum=1)
# Cadences. A worker beats every 2 s (asked for were 10), and a lease outlives the three beats that may be missed.
HEARTBEAT_SECONDS = env.fraction("HEARTBEAT_SECONDS", 2.0)
HEARTBEATS_MISSED = 3
LEASE_SECONDS = max(10.0, (HEARTBEATS_MISSED + 1) * HEARTBEAT_SECONDS)
RESOURCE_SECONDS = 30.0
# A running attempt that does nothing for 30 s, though no call of it is in flight and its sandbox does not compute, has
# stalled; the second time in a row it fails. A call in flight is believed for TASK_TIMEOUT_MS, then it counts as stuck:
# the limit is one call's, because a task may work for hours and sleep for days. 0: calls are believed for ever.
STALL_SECONDS = 30.0
STALLS_UNTIL_FAILED = 2
CALL_SECONDS = env.number("TASK_TIMEOUT_MS", 300_000) / 1000
# A worker process is replaced by a fresh one after this much time, so many attempts, or beyond so much memory or
# processor time (0: never).
SLICE_SECONDS = env.number("SLICE_SECONDS", 300, minimum=1)
WORKER_MAX_TASKS = env.number("WORKER_MAX_TASKS", 100_000)
WORKER_MEMORY_MB = env.number("WORKER_MEMORY_MB", 512)
WORKER_CPU_SECONDS = env.number("WORKER_CPU_SECONDS", 600)
# How long ended workers, and what happened to clusters and workers, stay on record.
WORKER_RETENTION_DAYS = env.number("WORKER_RETENTION_DAYS", 7, minimum=1)
WORKER_EVENT_DAYS = env.number("WORKER_EVENT_DAYS", 30, minimum=1)
DEFAULT_QUEUE = "default"
WORKER_QUEUES = env.words("WORKER_QUEUES", "default")
# CPU-intensive tasks that may run on this host at once.
CPU_SLOTS = env.number("CPU_SLOTS", os.cpu_count() or 1, minimum=1)

# Kinds of task: name -> dotted path of an executor. A site adds its own here.
TASK_KINDS = {
    "script": "apps.executors.script.ScriptExecutor",
    "workflow": "apps.executors.workflow.kind.WorkflowExecutor",
}
# How long what was said in chats is kept.
CHAT_DAYS = env.number("CHAT_DAYS", 90, minimum=1)
# Chat platforms that connections may name: key -> dotted path of a class that obeys apps/chat/platforms/contract.py.
# Who keeps sentences that people said and somebody has judged; `manage.py evaluate_language --collected` takes them.
COLLECTED_SENTENCES = "apps.chat.lessons.rows"
CHAT_PLATFORMS = {
    "page": "apps.chat.platforms.page.Page",
    "bitrix24": "apps.chat.platforms.bitrix24.Bitrix24",
    "slack": "apps.chat.platforms.slack.Slack",
    "telegram": "apps.chat.platforms.telegram.Telegram",
    "teams": "apps.chat.platforms.teams.Teams",
    "webhook": "apps.chat.platforms.webhook.Webhook",
    "email": "apps.chat.platforms.email.Email",
}
# Networks that connections may call though they are private: 10.1.0.0/16, 127.0.0.0/8.
CHAT_PRIVATE_NETWORKS = env.words("CHAT_PRIVATE_NETWORKS")
# Tool modules that scripts may import: name -> dotted path.
TOOL_MODULES = {
    "agent": "apps.tools.agent",
    "ai": "apps.tools.ai",
    "crm": "apps.tools.crm",
    "data": "apps.tools.data",
    "dates": "apps.tools.dates",
    "knowledge": "apps.tools.knowledge",
    "report": "apps.tools.report",
    "task": "apps.tools.task",
    "translation": "apps.tools.translation",
}
# Agent classes that nodes of workflows may name: name -> dotted path. A site adds its own here.
AGENT_CLASSES = {
    "Agent": "apps.tools.agents.general.Agent",
    "SaveIntakeInformation": "apps.tools.agents.dossier.retrieving.SaveIntakeInformation",
    "AggregateIntakes": "apps.tools.agents.dossier.retrieving.AggregateIntakes",
    "SaveNotesInformation": "apps.tools.agents.dossier.retrieving.SaveNotesInformation",
    "WriteResearchSection": "apps.tools.agents.dossier.research.WriteResearchSection",
    "WritePersonalStatement": "apps.tools.agents.dossier.documents.WritePersonalStatement",
    "WriteNexusLetter": "apps.tools.agents.dossier.documents.WriteNexusLetter",
    "Write38CFRPoints": "apps.tools.agents.dossier.analysis.Write38CFRPoints",
    "WriteKeyPoints": "apps.tools.agents.dossier.analysis.WriteKeyPoints",
    "WriteFutureConsiderations": "apps.tools.agents.dossier.analysis.WriteFutureConsiderations",
    "WriteExecutiveSummary": "apps.tools.agents.dossier.summing.WriteExecutiveSummary",
    "WriteConditionReportSection": "apps.tools.agents.dossier.summing.WriteConditionReportSection",
    "CheckText": "apps.tools.agents.dossier.summing.CheckText",
    "IngestCustomers": "apps.tools.agents.pipeline.rows.IngestCustomers",
    "DataValidator": "apps.tools.agents.pipeline.rows.DataValidator",
    "CheckRows": "apps.tools.agents.pipeline.rows.CheckRows",
    "DataEnricher": "apps.tools.agents.pipeline.segments.DataEnricher",
    "SegmentAnalyzer": "apps.tools.agents.pipeline.segments.SegmentAnalyzer",
}
# What came in from outside, one file each, which agents read: customers/NUMBER.json, batches/NAME.csv.
INBOX = env.text("INBOX", str(BASE_DIR / "fixtures/inbox"))

# The customer system that the crm tools ask. The rate limit in front of it is a row that the admin edits; these two say
# how it is made when the database is set up (0 = switched off).
CRM_CONNECTOR = env.text("CRM_CONNECTOR", "apps.crm.connector.LocalConnector")
CRM_RATE_PER_SECOND = env.fraction("CRM_RATE_PER_SECOND", 0.0)
CRM_RATE_BURST = env.number("CRM_RATE_BURST", 10, minimum=1)
# How long a call waits for a service's rate limit at most; beyond it, it fails for now and is tried again.
RATE_WAIT_SECONDS = env.fraction("RATE_WAIT_SECONDS", 30.0)

GEMINI_API_KEY = env.text("GEMINI_API_KEY")
GEMINI_BASE_URL = env.text("GEMINI_BASE_URL")
GEMINI_MODEL = env.text("GEMINI_MODEL", "gemini-2.5-flash")
# What a million tokens of that model cost, in / out: people see it before they start what asks it. It is the list price of
# 2025 for the default model; for another one nothing is known until it is said here. Empty: only tokens are told.
MODEL_PRICE = env.text("MODEL_PRICE", "0.30/2.50 USD" if GEMINI_MODEL == "gemini-2.5-flash" else "")
# What understanding chat messages may use of it: the first value of the rate limit `chat`, which the admin edits.
CHAT_MODEL_TOKENS_A_DAY = env.number("CHAT_MODEL_TOKENS_A_DAY", 500_000)
