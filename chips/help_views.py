"""The page that explains inventory files: every column, and every code that the check can give."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest
from accounts.models import Role
from chips.help import codes_by_kind, columns, limits, reading


@require_GET
def explain_inventory(request: SignedInRequest) -> HttpResponse:
    """What an inventory file holds, how it is read, and what each code means, in the reader's language."""
    language = get_language() or "en"
    context = {
        "columns": columns(language),
        "reading": reading(language),
        "limits": limits(language),
        "storage_mib": settings.STORAGE_PER_OPERATOR_MIB,
        "most_waiting": settings.UPLOADS_WAITING_PER_OPERATOR,
        "kinds": codes_by_kind(language, to_regulator=request.user.role == Role.REGULATOR),
    }
    return render(request, "chips/help.html", context)
