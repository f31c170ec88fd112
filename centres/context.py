"""What every page must say of the data that it shows."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from centres.models import Centre, Provenance


def provenance(request: HttpRequest) -> dict[str, object]:
    """Whether the register holds synthetic centres; asked of the database only by a page that says so."""
    return {"has_synthetic": SimpleLazyObject(Centre.objects.filter(provenance=Provenance.SYNTHETIC).exists)}
