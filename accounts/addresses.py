"""From where a request comes."""

from allauth.core.internal.httpkit import get_client_ip
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str | None:
    """The IP address of who sent `request`, as the last of the `TRUSTED_PROXIES` tells it; what others write into
    `X-Forwarded-For` counts for nothing."""
    address: str | None = get_client_ip(request)
    return address
