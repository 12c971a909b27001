"""The database itself refuses to change what a revision defines."""

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from apps.catalog import publishing
from apps.catalog.definition import FIELDS
from apps.catalog.models import TemplateRevision
from tests import making

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("column", [*FIELDS, "number", "template_id", "version"])
def test_no_sql_changes_what_a_revision_defines(column, alice):
    revision = making.template("def run(params):\n    return 1\n", alice).published
    with pytest.raises(DatabaseError, match="a revision never changes"), transaction.atomic():
        connection.cursor().execute(
            f'UPDATE catalog_templaterevision SET "{column}" = "{column}" WHERE id = %s', [revision.pk]
        )


def test_what_may_move_still_moves(alice):
    template = making.template("def run(params):\n    return 1\n", alice)
    publishing.mark_tested(template.published, alice)
    author = User.objects.create_user("gone")
    connection.cursor().execute("UPDATE catalog_templaterevision SET author_id = %s", [author.pk])
    author.delete()
    revision = TemplateRevision.objects.get(pk=template.published_id)
    assert (revision.is_tested, revision.author) == (True, None)
