"""How much was counted of a document, by origin: what reports add up and pages draw. No verdict reads it."""

from typing import Any, NamedTuple

from compliance.engine import DOMESTIC, FOREIGN, UNKNOWN, origin_of
from compliance.engine.document import SCALE, scaled

# The outcomes for which the engine looks at the lines.
COUNTED = frozenset(("undetermined", "empty", "compliant", "non_compliant"))


class Measured(NamedTuple):
    """Units, and TFLOPS dense FP16 in parts of `SCALE`, by origin; None where the outcome counts no line.

    A line that may or may not count is measured by its own origin.
    """

    units: tuple[int, int, int] | None
    compute: tuple[int, int, int] | None

    def columns(self) -> tuple[int | str | None, ...]:
        """Units domestic, foreign, unknown, then compute likewise as decimal texts."""
        if self.units is None or self.compute is None:
            return (None,) * 6
        return (*self.units, *(f"{parts // SCALE}.{parts % SCALE:09}" for parts in self.compute))


def measure(document: dict[str, Any], reply: dict[str, Any]) -> Measured:
    """What the engine's `reply` to `document` counted."""
    if reply["outcome"] not in COUNTED:
        return Measured(None, None)
    origin = origin_of(document["provision"])
    excluded = {entry["line"] for entry in reply["excluded"]}
    units, compute = [0, 0, 0], [0, 0, 0]
    for index, line in enumerate(document["lines"]):
        if index not in excluded:
            place, quantity = origin(line), line["quantity"]
            units[place] += quantity
            compute[place] += quantity * scaled(line["compute"])
    return Measured(
        (units[DOMESTIC], units[FOREIGN], units[UNKNOWN]), (compute[DOMESTIC], compute[FOREIGN], compute[UNKNOWN])
    )
