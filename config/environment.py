"""Reading settings from the environment: one place, with errors that say what to do."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def boolean(name: str, default: bool = False) -> bool:
    word = os.environ.get(name, str(default)).strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name}={word!r} is not a yes or a no. Use 1 or 0.")


def number(name: str, default: int, minimum: int = 0, maximum: int | None = None) -> int:
    word = os.environ.get(name, str(default))
    if not word.strip().lstrip("-").isdigit() or int(word) < minimum:
        raise ImproperlyConfigured(f"{name}={word!r} must be a whole number of at least {minimum}.")
    if maximum is not None and int(word) > maximum:
        raise ImproperlyConfigured(f"{name}={word!r} must be at most {maximum}.")
    return int(word)


def fraction(name: str, default: float) -> float:
    word = os.environ.get(name, str(default))
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ImproperlyConfigured(f"{name}={word!r} must be a number such as 1.5, and not negative.")
    return value


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def home() -> Path:
    """The directory for everything this installation writes: database, keys, files, sockets."""
    path = Path(os.environ.get("CHANTILLY_HOME", BASE_DIR / "var")).resolve()
    path.mkdir(parents=True, exist_ok=True, mode=0o750)
    return path


def generated_secret(name: str, file_name: str) -> str:
    """The secret from the environment, else one that is made once and kept, readable by its owner only."""
    if value := os.environ.get(name):
        return value
    path = home() / file_name
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()
