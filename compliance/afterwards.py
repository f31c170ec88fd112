"""What is looked at once a request is determined: by the same worker, and not in the same transaction.

What is lost on the way is made up for by the next night, which asks for every period anew.
"""

from compliance import acquisitions, movements
from compliance.models import DeterminationRequest


def follow(request_id: int) -> None:
    """Sum the acquisitions and look for movements where a request was determined.

    A request under one mandate moves no inventory.
    """
    request = DeterminationRequest.objects.select_related("period").get(pk=request_id)
    if request.mandate_id is None:
        acquisitions.follow(period=request.period, centres=request.centres)
        movements.find_around(period=request.period, centres=request.centres)
