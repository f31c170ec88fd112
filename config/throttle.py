"""The REST API's part of the rates: it finds out itself who asks."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle


class Throttle(BaseThrottle):
    """Every resource's, once it is known who asks and before anything is done."""

    def allow_request(self, request: Request, view: Any) -> bool:
        # Not above: the framework reads this module before there are the views that what is imported here needs.
        from config.rates import TooOften, excess_of_account, tell_some

        if excess := excess_of_account(request):
            tell_some(request._request, excess)
            raise TooOften(excess.wait)
        return True
