"""Where people reach the site: the supervisor leaves its address in the home for the commands that name pages."""

from pathlib import Path

from django.conf import settings

FILE = "address"


def leave(home: Path, address: str) -> None:
    part = home / f"{FILE}.part"
    part.write_text(f"{address}\n")
    part.replace(home / FILE)


def withdraw(home: Path) -> None:
    (home / FILE).unlink(missing_ok=True)


def of_site() -> str:
    """SITE_URL where it is set, else what a running `manage.py up` left, else this machine's PORT."""
    if settings.SITE_URL:
        return str(settings.SITE_URL)
    try:
        left = (settings.HOME / FILE).read_text().strip()
    except FileNotFoundError:
        left = ""
    return left or f"http://127.0.0.1:{settings.PORT}"
