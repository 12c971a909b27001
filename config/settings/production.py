"""Production: secrets come from the environment and are required; cookies travel over HTTPS only."""

from django.core.exceptions import ImproperlyConfigured

from config import environment as env
from config.settings.base import *

SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
CHECKPOINT_KEYS = env.words("CHECKPOINT_KEYS")
if not SECRET_KEY or not CHECKPOINT_KEYS:
    raise ImproperlyConfigured(
        "Set SECRET_KEY and CHECKPOINT_KEYS (comma-separated, newest first), for example from"
        ' python -c "import secrets; print(secrets.token_urlsafe(48))".'
    )

LOG_FORMAT = env.text("LOG_FORMAT", "json")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.boolean("BEHIND_PROXY") else None
# Probes come over plain HTTP from the same network.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
WHITENOISE_USE_FINDERS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
