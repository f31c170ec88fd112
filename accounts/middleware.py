"""What is answered to somebody signed in is theirs alone."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class PrivateAnswers:
    """No cache keeps an answer to a signed-in user, but for what asks for one itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            response.headers["Cache-Control"] = "private, no-store"
        return response
