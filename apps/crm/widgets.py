from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Model


class KnownSelect(AutocompleteSelect):
    """Takes the label of the chosen row from `known`, so that a formset does not ask for it line by line."""

    known: Model | None = None

    def optgroups(self, name: str, value: Any, attrs: dict[str, Any] | None = None) -> Any:
        if self.known is None or [str(one) for one in value] != [str(self.known.pk)]:
            return super().optgroups(name, value, attrs)
        chosen = self.create_option(name, self.known.pk, str(self.known), True, 0, attrs=attrs)
        empty = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        return [(None, [*empty, chosen], 0)]
