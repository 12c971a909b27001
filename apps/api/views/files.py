"""The files of a task. Whether the caller may see the task is checked at every request."""

import structlog
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import outputs, pictures
from apps.api.views.base import View, answer, visible_task
from apps.core.downloads import attachment
from apps.core.errors import NotFound
from apps.reports import naming
from apps.tasks.blobs import BlobUnreadable
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
    def get(self, request: Request, task_id: int, artifact_id: int) -> HttpResponseBase:
        """One file, as an attachment; with `Range: bytes=…` a part of it."""
        row = Artifact.objects.of(visible_task(request, task_id)).filter(pk=artifact_id).first()
        if row is None:
            raise NotFound(f"Task {task_id} has no file {artifact_id}.")
        return served(request, row)


def served(request: Request, row: Artifact) -> HttpResponseBase:
    """Raises NotFound when the storage has it no longer."""
    try:
        file = row.open()
    except BlobUnreadable as error:
        log.error("artifact_missing", task_id=row.task_id, artifact_id=row.pk)
        raise NotFound(f"The file {row.name!r} is no longer in the storage.", code="file_missing") from error
    return attachment(
        request, file, name=naming.safe(row.name), size=row.size, content_type=row.content_type, sha256=row.sha256
    )
