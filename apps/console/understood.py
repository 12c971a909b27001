"""The page that says how well a revision's examples tell its template from the others."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.core import clock
from apps.language.evaluation.published import card_of, published

WANTED = 10
"""Examples that an author is asked for (docs/language.md says what more and fewer are worth)."""


def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Loads the sentence encoder and takes a second or so, and is therefore a page of its own."""
    if not request.user.has_perm("catalog.view_tasktemplate"):
        raise PermissionDenied
    from apps.language.evaluation import collected  # these two load the numbers, which no other page needs
    from apps.language.evaluation.examples import of_template

    revision = get_object_or_404(
        TemplateRevision.objects.select_related("template__published"), template__key=key, number=number
    )
    template = revision.template
    card, others = card_of(template, revision), published()
    found = of_template(card, others)
    understood, said = collected.of_template(card, others, clock.now())
    context = {
        **admin.site.each_context(request),
        "title": f"Examples of {template.name}",
        "opts": TaskTemplate._meta,
        "template": template,
        "revision": revision,
        "found": found,
        "said": said,
        "said_understood": understood,
        "lacking": max(WANTED - len(found.examples), 0),
    }
    return TemplateResponse(request, "admin/console/understood.html", context)
