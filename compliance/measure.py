"""How much was counted of a document, by origin: what reports add up and pages draw. No verdict reads it."""

from typing import Any, NamedTuple

from compliance.engine import COUNTED, Tally, tally_of


class Measured(NamedTuple):
    """Units, and TFLOPS dense FP16 in parts of `SCALE`, by origin; None where the outcome counts no line.

    A line that may or may not count is measured by its own origin.
    """

    units: tuple[int, int, int] | None
    compute: tuple[int, int, int] | None

    @classmethod
    def of(cls, tally: Tally | None) -> "Measured":
        """What the engine counted for an answer; None: no line."""
        return cls(None, None) if tally is None else cls(tally.units, tally.compute)

    def columns(self) -> tuple[int | str | None, ...]:
        """Units domestic, foreign, unknown, then compute likewise as decimal texts."""
        if self.units is None or self.compute is None:
            return (None,) * 6
        # Parts of `SCALE`, which is nine places.
        return (*self.units, *(f"{parts}e-9" for parts in self.compute))


def measure(document: dict[str, Any], reply: dict[str, Any]) -> Measured:
    """What the engine's `reply` to `document` counted."""
    return Measured.of(tally_of(document) if reply["outcome"] in COUNTED else None)
