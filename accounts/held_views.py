"""What the register holds of a person, as a file."""

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.held import held_of
from accounts.models import Role, User


@require_GET
def show_own(request: SignedInRequest) -> HttpResponse:
    """What is in the file, what else is kept of people and why, and what is done on request."""
    return render(request, "accounts/held.html")


@asked_again("GET")
@require_GET
def download_own(request: SignedInRequest) -> JsonResponse:
    """All that the register holds of who asks."""
    return _file_of(request.user)


@for_roles(Role.ADMINISTRATOR)
@asked_again("GET")
@require_GET
def download_anothers(request: SignedInRequest, account_id: int) -> JsonResponse:
    """All that the register holds of a person who asked an administrator for it."""
    return _file_of(get_object_or_404(User.objects.visible_to(request.user), pk=account_id))


def _file_of(account: User) -> JsonResponse:
    how = {"ensure_ascii": False, "indent": 1}
    response = JsonResponse(held_of(account), encoder=DjangoJSONEncoder, json_dumps_params=how)
    response.headers["Content-Disposition"] = f'attachment; filename="originmark-person-{account.pk}.json"'
    return response
