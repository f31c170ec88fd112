"""What is answered to a defect of ours: in the form that the asker reads, and without its traceback."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import server_error

from accounts.problems import CONTENT_TYPE


def answer_defect(request: HttpRequest) -> HttpResponse:
    """A problem under the API's address, a page elsewhere."""
    if not request.path.startswith("/api/"):
        return server_error(request)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    problem = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status,
        "detail": "Something went wrong on our side; nothing of the request was half stored.",
        "code": "internal_error",
    }
    return JsonResponse(problem, status=status, content_type=CONTENT_TYPE)
