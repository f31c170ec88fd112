"""What a reader chose to see, out of the address of a page."""

from django.http import QueryDict

from accounts.models import User
from centres.models import Region, ReportingPeriod
from compliance.models import Mandate, Outcome
from reports.dashboard import Choice, periods_seen

# The rule that is for the whole country comes first where the reader has chosen none.
FIRST_MANDATE = "CN-2025"


def choice_of(user: User, query: QueryDict) -> tuple[Choice | None, list[ReportingPeriod], list[Mandate], list[Region]]:
    """The reader's choice, and what there is to choose from; no choice where nothing is determined yet.

    What an address names and nobody can see counts as not chosen.
    """
    periods, mandates, regions = (
        periods_seen(user),
        list(Mandate.objects.visible_to(user)),
        list(Region.objects.visible_to(user)),
    )
    if not periods or not mandates:
        return None, periods, mandates, regions
    by_code = {mandate.code: mandate for mandate in mandates}
    outcome = query.get("outcome")
    choice = Choice(
        period=next((period for period in periods if period.code == query.get("period")), periods[0]),
        mandate=by_code.get(query.get("mandate", "")) or by_code.get(FIRST_MANDATE) or mandates[0],
        region=next((region for region in regions if region.code == query.get("region")), None),
        outcome=outcome if outcome in Outcome.values else None,
        search=query.get("search", "")[:100].replace("\0", ""),
    )
    return choice, periods, mandates, regions
