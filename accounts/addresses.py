"""From where a request comes."""

from django.http import HttpRequest


def address_of(request: HttpRequest) -> str | None:
    """The IP address of who sent `request`, our own proxies left out (`config.arrivals.ClientAddress`)."""
    return request.META.get("REMOTE_ADDR") or None
