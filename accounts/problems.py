"""How the REST API refuses: problem details (RFC 9457) with a stable `code`."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

CONTENT_TYPE = "application/problem+json"


class Problem(exceptions.APIException):
    """A refusal: its status, its code that clients can rely on, and in `members` what else it says."""

    def __init__(self, status: int, code: str, detail: str, **members: Any) -> None:
        super().__init__(detail, code)
        self.status_code, self.code, self.members = status, code, members


def answer_problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an expected error; None for a defect of ours, which is not hidden."""
    problem = problem_of(error)
    if problem is None:
        return None
    set_rollback()
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status_code).phrase,
        "status": problem.status_code,
        "detail": str(problem.detail),
        "code": problem.code,
        **problem.members,
    }
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = f"{wait:.0f}"
    return Response(body, status=problem.status_code, headers=headers, content_type=CONTENT_TYPE)


def problem_of(error: Exception) -> Problem | None:
    """`error` as a problem, where it is one that a request can cause."""
    match error:
        case Problem():
            return error
        case Http404() | exceptions.NotFound():
            # What is missing and what may not be seen are told apart by nothing.
            return Problem(404, "not_found", _("There is nothing at this address that you may see."))
        case exceptions.ValidationError():
            return Problem(400, "invalid", _("Some fields are wrong."), errors=_by_field(error.detail))
        case RequestDataTooBig():
            return Problem(413, "too_large", _("The request is too large."))
        case SuspiciousOperation():
            return Problem(400, "bad_request", _("The request cannot be read."))
        case PermissionDenied():
            return Problem(403, "permission_denied", _("Your role does not allow this."))
        case OperationalError():
            return Problem(503, "unavailable", _("The database does not answer. Nothing was done; try again."))
        case exceptions.APIException():
            detail = error.detail
            code = str(detail.code if isinstance(detail, exceptions.ErrorDetail) else error.default_code)
            return Problem(error.status_code, code, str(detail))
    return None


def _by_field(detail: Any) -> dict[str, list[dict[str, str]]]:
    """What is wrong with each field; under "" what is wrong with all of it."""
    fields = detail if isinstance(detail, dict) else {"": detail}
    return {
        "" if name == "non_field_errors" else str(name): [
            {"code": str(said.code), "message": str(said)} for said in _leaves(errors)
        ]
        for name, errors in fields.items()
    }


def _leaves(errors: Any) -> Iterator[exceptions.ErrorDetail]:
    if isinstance(errors, exceptions.ErrorDetail):
        yield errors
    else:
        for error in errors.values() if isinstance(errors, dict) else errors:
            yield from _leaves(error)
