"""What every answer tells a browser beside its policy, static files and refusals included."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from accounts.problems import CONTENT_TYPE

# What no page of ours asks a browser for. A security key is asked for by signing in.
_DENIED = (
    "accelerometer", "attribution-reporting", "autoplay", "bluetooth", "browsing-topics", "camera", "display-capture",
    "encrypted-media", "fullscreen", "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts",
    "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb",
    "xr-spatial-tracking",
)  # fmt: skip
_OWN = ("publickey-credentials-create", "publickey-credentials-get")
PERMISSIONS = ", ".join([*(f"{name}=()" for name in _DENIED), *(f"{name}=(self)" for name in _OWN)])


class BrowserHeaders:
    """No device of the reader's for any page, and no page or file of ours within another site's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response


class NoPlainApi:
    """A program that calls the API without HTTPS is refused: led on to HTTPS, it would go on sending its token bare."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not settings.SECURE or request.is_secure() or not request.path.startswith("/api/"):
            return self.get_response(request)
        status = HTTPStatus.FORBIDDEN
        problem = {
            "type": "about:blank",
            "title": status.phrase,
            "status": status,
            "detail": _("The API is called by HTTPS alone. Take a token that was sent without it for read by others."),
            "code": "https_required",
        }
        return JsonResponse(problem, status=status, content_type=CONTENT_TYPE)
