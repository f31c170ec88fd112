"""What of a table a user may see, where it is told by no operator: every other `visible_to` stands with its model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from accounts.models import User

_Row = TypeVar("_Row", bound=models.Model)


class ReferenceQuerySet(models.QuerySet[_Row]):
    """What speaks of no operator: regions, periods, the catalogue, mandates."""

    def visible_to(self, user: User) -> Self:
        """Everything, for everybody who is signed in."""
        return self if user.is_authenticated and user.is_active else self.none()


class OwnQuerySet(models.QuerySet[_Row]):
    """What is one user's, such as a mail that was written to them."""

    def visible_to(self, user: User) -> Self:
        """What is the user's own."""
        return self.filter(user=user.pk) if user.is_active else self.none()


class BookkeepingQuerySet(models.QuerySet[_Row]):
    """What the register keeps of its own work."""

    def visible_to(self, user: User) -> Self:
        """Nothing: what came of the work is shown, the work is not."""
        return self.none()
