"""Outlooks from the end of a period, for every centre, province and the country, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from statistics import median_low
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from centres.models import CentreRecord, CentreStatus, Provenance, ReportingPeriod
from compliance.engine.judge import in_scope
from compliance.facts import centre_of, rule_under
from compliance.models import Exemption, HandDecision, Outlook, OutlookError, Provision
from compliance.outlook import readings
from compliance.outlook.backtest import Miss, tried
from compliance.outlook.foresee import Foreseen, foresee
from compliance.outlook.quarters import code_of, number_of, number_on
from compliance.outlook.rows import replace_outlooks, row_of
from compliance.outlook.steps import Step, steps_from
from compliance.outlook.trend import HORIZON, LARGEST_GAP
from compliance.outlook.weights import Stock, summed

# So far back shares are read: what the earliest outlook that is tried needs before it.
WINDOW = 12
# The key of the country among those of its regions.
COUNTRY = ""


class NothingToForesee(Exception):
    """The period has not ended: what its inventories will be is not known."""

    def __init__(self, period: ReportingPeriod) -> None:
        super().__init__(f"{period.code} has not ended; outlooks are made from the end of a period.")
        self.period = period


def make_outlooks(period: ReportingPeriod) -> int:
    """Make the outlooks from the end of `period` in place of those that were; returns how many.

    Shares that changed since they were last read are read anew first, each period in a transaction of its own: their
    determinations wait no longer than that. Raises `NothingToForesee` before the period's end.
    """
    if period.ends_on >= timezone.localdate():
        raise NothingToForesee(period)
    base = number_of(period.code)
    window = list(ReportingPeriod.objects.filter(code__in=[code_of(base - back) for back in range(WINDOW)]))
    steps = _steps(period)
    countings = list({key: counting for step in _all(steps) for key, counting in [_counting(step.provision)]}.values())
    for past in window:
        if unread := readings.stale(past, countings):
            readings.read_shares(past, unread)
    return _store(Scene(period, window, steps))


class Scene(NamedTuple):
    """From when, over what, and for which steps outlooks are made."""

    period: ReportingPeriod
    window: list[ReportingPeriod]
    # By mandate.
    steps: dict[int, list[Step]]


@transaction.atomic
def _store(scene: Scene) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('outlook'), hashtext(%s))", [scene.period.code])
    made_at = timezone.now()
    view = _View(scene, made_at)
    made = replace_outlooks(scene.period, _rows(view, made_at), made_at)
    if not Outlook.objects.filter(period__code__gt=scene.period.code).exists():
        OutlookError.objects.filter(mandate__in=scene.steps).delete()
        OutlookError.objects.bulk_create(_told_errors(view, made_at))
    return made


def _steps(period: ReportingPeriod) -> dict[int, list[Step]]:
    by_mandate: dict[int, list[Provision]] = defaultdict(list)
    for provision in Provision.objects.issued().filter(issued_at__lte=timezone.now()).select_related("mandate"):
        by_mandate[provision.mandate_id].append(provision)
    return {mandate: steps_from(provisions, period.ends_on) for mandate, provisions in by_mandate.items()}


def _all(steps: Mapping[int, list[Step]]) -> Iterator[Step]:
    return (step for some in steps.values() for step in some)


def _counting(provision: Provision) -> tuple[str, readings.Counting]:
    counting = readings.counting_of(provision.rule)
    return readings.key_of(counting), counting


class _View:
    """Centres as they were on the period's last day, and what was counted of them until then."""

    def __init__(self, scene: Scene, known_at: datetime) -> None:
        self.scene = scene
        self.base = number_of(scene.period.code)
        self.records = [
            record
            for record in CentreRecord.objects.as_of(scene.period.ends_on, known_at).select_related("centre")
            if record.status != CentreStatus.CLOSED
        ]
        # What is illustrative has an outlook of its own, and is in no sum and no error.
        self.region_of = {
            record.centre_id: record.centre.region_id
            for record in self.records
            if record.centre.provenance != Provenance.ILLUSTRATIVE
        }
        self._known_at = known_at
        self._decisions = self._decided_by_hand(known_at)
        self._exemptions = self._granted(known_at)
        self._ways: dict[str, Counted] = {}
        self._asked: dict[int, list[int]] = {}
        self._sums: dict[int, Counted] = {}

    def _decided_by_hand(self, known_at: datetime) -> dict[tuple[int, int], HandDecision]:
        """By centre and provision what was decided by hand and holds on the period's last day, as known."""
        provisions = {step.provision.pk for step in _all(self.scene.steps)}
        decisions = HandDecision.objects.filter(
            provision__in=provisions, from_on__lte=self.scene.period.ends_on, decided_at__lte=known_at
        ).order_by("from_on", "decided_at", "pk")
        return {(one.centre_id, one.provision_id): one for one in decisions}

    def _granted(self, known_at: datetime) -> dict[tuple[int, int], list[Exemption]]:
        """By centre and mandate the exemptions that were granted, as known, and end on the period's last day or after
        it."""
        granted = Exemption.objects.filter(
            mandate__in=self.scene.steps, granted_at__lte=known_at, to_on__gte=self.scene.period.ends_on
        )
        found: dict[tuple[int, int], list[Exemption]] = defaultdict(list)
        for exemption in granted:
            found[exemption.centre_id, exemption.mandate_id].append(exemption)
        return found

    def of_centre(self, step: Step, centre: int) -> Step:
        """What `step` asks of one centre, whatever that was granted, over the horizon and when it first holds."""
        exemptions = self._exemptions.get((centre, step.provision.mandate_id))
        if not exemptions:
            return step
        quarters = {*range(self.base, self.base + HORIZON + 1), number_on(step.from_on)}
        return step.under(exemptions, quarters, self._known_at)

    def counted(self, provision: Provision) -> "Counted":
        """Every centre's stocks by the provision's way of counting, with what the past teaches of them."""
        key, counting = _counting(provision)
        if key not in self._ways:
            stocks: dict[Any, dict[int, Stock]] = dict(readings.stocks_read(counting, self.scene.window))
            self._ways[key] = Counted(self.base, stocks, [c for c in stocks if c in self.region_of], many=False)
        return self._ways[key]

    def asked(self, provision: Provision) -> list[int]:
        """The centres that lie in the provision's scope."""
        if provision.pk not in self._asked:
            self._asked[provision.pk] = [
                record.centre_id
                for record in self.records
                if in_scope(
                    centre_of(record),
                    rule_under(provision, self._decisions.get((record.centre_id, provision.pk)))["scope"],
                )
            ]
        return self._asked[provision.pk]

    def sums(self, provision: Provision) -> "Counted":
        """The stocks of those in scope by region and for the country, with what the past teaches of them.

        Who did not report for a quarter is summed as it last reported, if that is not too long ago.
        """
        if provision.pk not in self._sums:
            stocks = self.counted(provision).stocks
            parts: dict[str, dict[int, list[Stock]]] = defaultdict(lambda: defaultdict(list))
            for centre in self.asked(provision):
                if centre in self.region_of and centre in stocks:
                    for quarter, stock in carried(stocks[centre], self.base).items():
                        parts[self.region_of[centre]][quarter].append(stock)
            regions = {region: _summed(by_quarter) for region, by_quarter in parts.items()}
            country: dict[int, list[Stock]] = defaultdict(list)
            for series in regions.values():
                for quarter, stock in series.items():
                    country[quarter].append(stock)
            series_of: dict[Any, dict[int, Stock]] = {**regions, COUNTRY: _summed(country)}
            # A mandate for one province has few sums; single centres vary more, so that what they teach is wide enough.
            lent = self.counted(provision).tried.spreads
            self._sums[provision.pk] = Counted(self.base, series_of, list(series_of), many=True, lent=lent)
        return self._sums[provision.pk]


class Counted:
    """Series of stocks, what the past of those `among` them teaches, and what is foreseen of each."""

    def __init__(
        self,
        base: int,
        stocks: dict[Any, dict[int, Stock]],
        among: list[Any],
        *,
        many: bool,
        lent: Mapping[int, list[float] | None] | None = None,
    ) -> None:
        self.base, self.stocks, self.many = base, stocks, many
        self.tried = tried(stocks, base, among=among, many=many, lent=lent)
        self._foreseen: dict[Any, Foreseen] = {}

    def foreseen(self, key: Any) -> Foreseen:
        if key not in self._foreseen:
            seen, spread = self.tried.fits.get(key), self.tried.spreads[self.base]
            self._foreseen[key] = foresee(self.stocks.get(key, {}), self.base, seen, spread, many=self.many)
        return self._foreseen[key]


def carried(stocks: Mapping[int, Stock], base: int) -> dict[int, Stock]:
    """One centre's stocks for each quarter up to `base`: where it reported none, the last, if not too long ago."""
    found = {}
    for quarter in range(base - WINDOW + 1, base + 1):
        for back in range(LARGEST_GAP + 1):
            if stock := stocks.get(quarter - back):
                found[quarter] = stock
                break
    return found


def _summed(by_quarter: Mapping[int, Iterable[Stock]]) -> dict[int, Stock]:
    sums = ((quarter, summed(by_quarter[quarter])) for quarter in sorted(by_quarter))
    return {quarter: stock for quarter, stock in sums if stock}


def _rows(view: _View, made_at: datetime) -> Iterator[tuple[Any, ...]]:
    """The outlooks as rows to be stored: of centres, then of regions and the country, step by step."""
    for step in _all(view.scene.steps):
        counted = view.counted(step.provision)
        counts: dict[str, Counts] = defaultdict(Counts)
        for centre in view.asked(step.provision):
            foreseen, asked = counted.foreseen(centre), view.of_centre(step, centre)
            yield row_of(view.scene.period, asked, foreseen, counted.stocks.get(centre, {}), made_at, centre=centre)
            if region := view.region_of.get(centre):
                counts[region].add(foreseen, asked)
                counts[COUNTRY].add(foreseen, asked)
        sums = view.sums(step.provision)
        for key, told in counts.items():
            yield row_of(
                view.scene.period, step, sums.foreseen(key), sums.stocks.get(key, {}), made_at,
                region=key or None, centres=told.as_data(),
            )  # fmt: skip


class Counts:
    """How many centres will meet a step in each quarter from the base on, and how many are exempt then."""

    def __init__(self) -> None:
        self.asked = self.unknown = self.without_path = 0
        self.met = [[0, 0, 0] for _quarter in range(HORIZON + 1)]
        self.exempt = [0] * (HORIZON + 1)

    def add(self, foreseen: Foreseen, step: Step) -> None:
        """Count a centre. One of which only today's share is known counts as it stands, but for the least.

        In a quarter in which it is exempt it counts as that, and is none of those that meet the step.
        """
        self.asked += 1
        for ahead in range(HORIZON + 1):
            self.exempt[ahead] += foreseen.base + ahead in step.released
        if foreseen.now is None:
            self.unknown += foreseen.base not in step.released
            return
        self.without_path += foreseen.path is None
        for ahead in range(HORIZON + 1):
            if foreseen.base + ahead not in step.released:
                self._count(ahead, self._met(foreseen, step, ahead))

    def _met(self, foreseen: Foreseen, step: Step, ahead: int) -> Sequence[bool]:
        """Whether the step is met so many quarters ahead: at the least, as expected, at the greatest."""
        now, path, quarter = foreseen.now, foreseen.path, foreseen.base + ahead
        if now is not None and (path is None or not ahead):
            meets = step.met_by(now.low, quarter)
            return meets and not ahead, meets, step.met_by(now.high, quarter)
        band = path[ahead - 1] if path else None
        return [step.met_by(share, quarter) for share in band or (None, None, None)]

    def _count(self, ahead: int, met: Sequence[bool]) -> None:
        self.met[ahead] = [count + one for count, one in zip(self.met[ahead], met, strict=True)]

    def as_data(self) -> dict[str, Any]:
        return {
            "asked": self.asked, "unknown": self.unknown, "without_path": self.without_path, "met": self.met,
            "exempt": self.exempt,
        }  # fmt: skip


def _told_errors(view: _View, made_at: datetime) -> Iterator[OutlookError]:
    """How far past outlooks were off, by mandate, scale and quarters ahead."""
    for mandate, steps in view.scene.steps.items():
        if not steps:
            continue
        provision = steps[0].provision
        centres = view.counted(provision).tried.misses
        sums = view.sums(provision).tried.misses
        scales: dict[str, list[Miss]] = {
            "centre": [miss for centre in view.asked(provision) for miss in centres.get(centre, ())],
            "region": [miss for region, found in sums.items() if region != COUNTRY for miss in found],
            "country": sums.get(COUNTRY, []),
        }
        for scale, misses in scales.items():
            for ahead in sorted({miss.ahead for miss in misses}):
                some = [miss for miss in misses if miss.ahead == ahead]
                yield OutlookError(
                    mandate_id=mandate, scale=scale, quarters_ahead=ahead, outlooks=len(some),
                    median_error=_points(median_low(miss.error for miss in some)),
                    greatest_error=_points(max(miss.error for miss in some)),
                    within=sum(miss.is_within for miss in some), made_at=made_at,
                )  # fmt: skip


def _points(error: float) -> Decimal:
    """A difference of shares in percentage points, to four places."""
    return Decimal(round(error * 1_000_000)) / 10_000
