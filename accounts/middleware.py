"""What holds for every page: no body is larger than its view takes, and no cache keeps what is somebody's own."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class BoundedBodies:
    """A body over what the view takes is refused before a byte of it is read, whoever sends it.

    A view says with `takes_bodies_of` that it takes more. REST resources refuse in their own form.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        largest = getattr(view, "largest_body", settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        if hasattr(view, "cls") or int(request.META.get("CONTENT_LENGTH") or 0) <= largest:
            return None
        return render(request, "413.html", {"mebibytes": largest >> 20}, status=413)


class PrivateAnswers:
    """No cache keeps an answer to a signed-in user, but for what asks for one itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            response.headers["Cache-Control"] = "private, no-store"
        return response
