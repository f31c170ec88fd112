"""What every page must say of the data that it shows."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import asking
from centres.models import Centre, Provenance


def provenance(request: HttpRequest) -> dict[str, object]:
    """Whether the register holds synthetic centres; asked of the database only by a page that says so."""
    return {"has_synthetic": SimpleLazyObject(_has_synthetic)}


@asking.asked_by_register()
def _has_synthetic() -> bool:
    return Centre.objects.filter(provenance=Provenance.SYNTHETIC).exists()
