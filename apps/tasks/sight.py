"""Who may see which tasks. Pages, API, websockets, commands and reasons ask here; none of them decides it by itself."""

from dataclasses import dataclass
from typing import Any

VIEW = "tasks.view_task"


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What somebody may see: all tasks, or those that they asked for. `user_id` None: nobody, who sees none."""

    user_id: int | None = None
    is_all: bool = False

    def reaches(self, requester_id: int) -> bool:
        """Whether tasks that this user asked for may be seen."""
        return self.is_all or requester_id == self.user_id

    @property
    def reach(self) -> "Sight":
        """Equal for all who may see the same: what is made for one of them serves the others."""
        return EVERYTHING if self.is_all else self


NOBODY = Sight()
EVERYTHING = Sight(is_all=True)
"""For the machinery itself, which shows nobody what it reads."""


def sees_all(user: Any) -> bool:
    """Active staff with the permission to view tasks, and active superusers. Everybody else sees their own."""
    if not user.is_active:
        return False
    return bool(user.is_superuser or (user.is_staff and user.has_perm(VIEW)))


def of(viewer: Any) -> Sight:
    """The sight of a user as it is now. A sight is its own."""
    if isinstance(viewer, Sight):
        return viewer
    return Sight(user_id=viewer.pk, is_all=sees_all(viewer)) if viewer.is_active else NOBODY
