"""The chart of an outlook: what is written on it can be read."""

from datetime import date

import pytest

from compliance.models import Outlook
from compliance.outlook.chart import chart_of

_QUARTERS = ("2025Q1", "2025Q2", "2025Q3", "2025Q4")


@pytest.mark.parametrize(("share", "is_above"), [("52", True), ("50", True), ("49.9", False)])
def test_the_name_of_a_threshold_stands_on_the_side_away_from_the_share(share: str, is_above: bool) -> None:
    past = [{"period": quarter, "low": share, "high": share} for quarter in _QUARTERS]
    outlook = Outlook(
        period_id="2025Q4", step_from=date(2025, 1, 1), comparator="over", threshold="0.5", past=past, points=[]
    )
    chart = chart_of([outlook])
    assert chart is not None
    (threshold,) = chart.thresholds
    # Places on the drawing grow downwards.
    assert (float(threshold.label_y) > float(threshold.y)) == is_above
