"""Where the links of a post lead, from a page of this site."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.urls import reverse

from apps.chat.content import Link
from apps.tasks.models import Artifact
from apps.workers.supervisor import address

FILES = "/tasks/artifact/"


@dataclass(frozen=True, kw_only=True)
class Target:
    """An empty `url` leads nowhere. `is_file`: following it saves a file."""

    label: str
    url: str
    is_file: bool = False
    size: int | None = None


def of_link(link: Link) -> Target | None:
    """Our own pages by their path, wherever the reader reached the site; others only by http. None for anything else."""
    try:
        parts = urlsplit(link.url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https", "") or (not parts.scheme and not _is_path(link.url)):
        return None
    site = address.of_site()
    url = link.url.removeprefix(site) if link.url.startswith(f"{site}/") else link.url
    return Target(label=link.label or url, url=url, is_file=_is_path(url) and FILES in url)


def of_artifact(artifact: Artifact) -> Target:
    url = reverse("admin:download", args=[artifact.pk])
    return Target(label=artifact.name, url=url, is_file=True, size=artifact.size)


def _is_path(url: str) -> bool:
    return url.startswith("/") and not url.startswith(("//", "/\\"))
