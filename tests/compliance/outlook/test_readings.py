"""Shares of a period are read again once what they were read off has changed, and not before."""

from datetime import date

import pytest
from django.utils import timezone

from centres.models import CentreRecord, ReportingPeriod
from compliance.models import CentreShare, Determination, Provision
from compliance.outlook.readings import counting_of, read_shares, stale
from compliance.requests import fulfil, request_determination
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("has_provisions", [True, False])
def test_what_was_filed_since_is_read_whether_or_not_a_rule_was_in_force(has_provisions: bool) -> None:
    period, where = cast.period(), cast.centre()
    counting = counting_of(Provision.objects.get(mandate__code="CN-2025").rule)
    if not has_provisions:
        # Every provision is from a later day: nothing is determined.
        begins, ends = date(2022, 10, 1), date(2022, 12, 31)
        period = ReportingPeriod.objects.create(code="2022Q4", starts_on=begins, ends_on=ends, due_on=date(2023, 1, 20))
        CentreRecord.objects.create(
            centre=where, from_on=begins, recorded_at=timezone.now(), region_code="31", kind="intelligent",
            ownership="local_soe", status="operating",
        )  # fmt: skip

    def filed(ascend: int, h800: int) -> None:
        cast.file(where, period, ascend=ascend, h800=h800)
        assert fulfil(request_determination(period=period, centres=[where.pk], cause="submission accepted").pk)

    filed(ascend=4, h800=6)
    read_shares(period, [counting])
    assert Determination.objects.filter(period=period).exists() is has_provisions
    assert stale(period, [counting]) == []
    filed(ascend=6, h800=4)
    assert stale(period, [counting]) == [counting]
    read_shares(period, [counting])
    assert stale(period, [counting]) == []
    share = CentreShare.objects.get(reading__period=period, centre=where)
    assert (share.low_part, share.low_whole) == (6, 10)
