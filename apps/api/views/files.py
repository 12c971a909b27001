"""The files of a task. Whether the caller may see the task is checked at every request."""

from pathlib import Path

import structlog
from django.conf import settings
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import outputs, pictures
from apps.api.views.base import View, answer, visible_task
from apps.core.errors import NotFound
from apps.reports import naming
from apps.tasks.models import Artifact

log = structlog.get_logger(__name__)


class Artifacts(View):
    @extend_schema(operation_id="list_artifacts", responses=outputs.ArtifactList, tags=["files"])
    def get(self, request: Request, task_id: int) -> Response:
        """The files that a task has made so far."""
        return answer(outputs.ArtifactList, {"results": pictures.files(visible_task(request, task_id))})


class Download(View):
    @extend_schema(
        operation_id="download", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, tags=["files"]
    )
    def get(self, request: Request, task_id: int, artifact_id: int) -> FileResponse:
        """One file, as an attachment."""
        row = visible_task(request, task_id).artifacts.filter(pk=artifact_id).first()
        if row is None:
            raise NotFound(f"Task {task_id} has no file {artifact_id}.")
        response = FileResponse(
            _inside(row).open("rb"),
            as_attachment=True,
            filename=naming.safe(row.name),
            content_type=_content_type(row),
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response.headers["ETag"] = f'"{row.sha256}"'
        return response


def _inside(row: Artifact) -> Path:
    """The file's real place. A row that points elsewhere, or nowhere, has no file."""
    path = row.file.resolve()
    if path.is_relative_to(Path(settings.ARTIFACT_ROOT).resolve()) and path.is_file():
        return path
    log.error("artifact_missing", task_id=row.task_id, artifact_id=row.pk)
    raise NotFound(f"The file {row.name!r} is no longer in the storage.", code="file_missing")


def _content_type(row: Artifact) -> str:
    """What the tool said, if it can stand in a header."""
    words = row.content_type.partition("/")
    is_plain = row.content_type.isascii() and row.content_type.isprintable() and all(words)
    return row.content_type if is_plain else "application/octet-stream"
