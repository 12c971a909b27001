"""Terms for the tests of translations."""

from typing import Any

from apps.knowledge.models import Term


def term(said: str, translation: str = "", target: str = "de", **fields: Any) -> Term:
    """A term of the base in use, from English; without a translation it is kept, in every language."""
    is_kept = not translation
    given = {"source_language": "en", "target_language": "" if is_kept else target, "is_kept": is_kept, **fields}
    return Term.objects.create(term=said, translation=translation, **given)
