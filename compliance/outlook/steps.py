"""The steps of a mandate by its provisions: the one in force on a day, and those to come."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from compliance.models import Exemption, Provision
from compliance.outlook.quarters import last_day_of

Share = Fraction | float


class Step(NamedTuple):
    """What is asked of a share from a day on, by which provision."""

    provision: Provision
    from_on: date
    comparator: str
    # As the rule has it, a decimal text; then exactly, and as estimates are held against it.
    threshold: str
    limit: Fraction
    nearly: float
    # Of one centre: the lower limits that exemptions grant, and the quarters in which it is released, both by the
    # quarter on whose last day they hold.
    granted: Mapping[int, Fraction] = MappingProxyType({})
    released: frozenset[int] = frozenset()

    def met_by(self, share: Share | None, quarter: int) -> bool:
        """Whether `share` meets it in `quarter`: exactly, where it is a fraction. Where nothing counts there is none.

        Of a centre that is released then this says what the step itself asks for.
        """
        if share is None:
            return False
        limit: Share = self.granted.get(quarter, self.limit)
        if isinstance(share, float):
            limit = float(limit) if quarter in self.granted else self.nearly
        return share > limit if self.comparator == "over" else share >= limit

    def under(self, exemptions: Iterable[Exemption], quarters: Iterable[int], known_at: datetime) -> "Step":
        """What is asked of a centre with these `exemptions` from the mandate, as known: the same where they hold in
        none of `quarters`. As the engine has it, the lowest of several holds, and one that releases before them all."""
        granted: dict[int, Fraction] = {}
        released = set()
        for exemption in exemptions:
            ends_on = exemption.ends_on(known_at)
            for quarter in quarters:
                if not exemption.from_on <= last_day_of(quarter) <= ends_on:
                    continue
                if exemption.threshold is None:
                    released.add(quarter)
                else:
                    granted[quarter] = min(granted.get(quarter, self.limit), Fraction(exemption.threshold))
        lowered = {quarter: limit for quarter, limit in granted.items() if quarter not in released}
        return self._replace(granted=lowered, released=frozenset(released))


def steps_from(provisions: Iterable[Provision], day: date) -> list[Step]:
    """Of a mandate's issued `provisions`: the step in force on `day`, where there is one, and all that come after it.

    Each provision holds from its day until the next one's; of its steps that began before it, the last is what it
    begins with. What asks for just what was asked before is no new step.
    """
    ordered = sorted(provisions, key=lambda provision: provision.from_on)
    ends: list[date | None] = [*(provision.from_on for provision in ordered[1:]), None]
    found: list[Step] = []
    for provision, ends_before in zip(ordered, ends, strict=True):
        steps = [step for step in _steps_of(provision) if ends_before is None or step.from_on < ends_before]
        if provision.from_on <= day:
            # What an earlier provision asked for is asked for no more.
            begun = [step for step in steps if step.from_on <= day]
            found = begun[-1:] + [step for step in steps if step.from_on > day]
        else:
            found += [step for step in steps if not (found and _is_same(found[-1], step))]
    return found


def _is_same(before: Step, after: Step) -> bool:
    """Whether `after`, a provision's first step, asks for as much of the same, of the same centres."""
    asks = [{**step.provision.rule, "steps": [step.comparator, step.limit]} for step in (before, after)]
    return asks[0] == asks[1]


def _steps_of(provision: Provision) -> list[Step]:
    """The steps of a provision from its first day on, in their order."""
    steps: dict[date, Step] = {}
    for step in sorted(provision.rule["steps"], key=lambda step: str(step["from"])):
        from_on = max(date.fromisoformat(step["from"]), provision.from_on)
        limit = Fraction(step["threshold"])
        steps[from_on] = Step(provision, from_on, step["comparator"], step["threshold"], limit, float(limit))
    return list(steps.values())
