"""What was found in a file, in no language yet."""

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from chips.intake.faults import Fault

KEPT_ERRORS = 1_000
KEPT_WARNINGS = 1_000
KEPT_NORMALISATIONS = 200


class Normalisation(NamedTuple):
    """What stood in so many rows of a column, and what it was read as."""

    column: str
    written: str
    read_as: str
    rows: int


class Corrected(NamedTuple):
    """A cell that was corrected, and what stands in it in the file."""

    row: int
    column: str
    written: str


@dataclass(slots=True)
class Report:
    """What was found in a file. `lines` and `units` count what would be stored: nothing where there is an error."""

    name: str
    sha256: str
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    lines: int = 0
    units: int = 0
    error_count: int = 0
    errors: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    normalisations: list[Normalisation] = field(default_factory=list)
    # The corrections that met a cell; None where the reading did not come to its end.
    corrected: list[Corrected] | None = None

    @property
    def ok(self) -> bool:
        return not self.error_count

    def add(self, fault: Fault) -> None:
        self.error_count += 1
        if len(self.errors) < KEPT_ERRORS:
            self.errors.append(fault)

    def warn(self, fault: Fault) -> None:
        """Note what does not stop the file, as far as anybody would read it."""
        if len(self.warnings) < KEPT_WARNINGS:
            self.warnings.append(fault)

    def worded(self, language: str) -> dict[str, Any]:
        """The object of `check_inventory`."""
        file = ("name", "format", "encoding", "delimiter", "sheet", "header_row", "sha256")
        return {
            "ok": self.ok,
            "file": {key: getattr(self, key) for key in file},
            "lines": self.lines if self.ok else 0,
            "units": self.units if self.ok else 0,
            "error_count": self.error_count,
            "errors": [fault.worded(language) for fault in self.errors],
            "warnings": [fault.worded(language) for fault in self.warnings],
        }

    def as_data(self) -> dict[str, Any]:
        """What `from_data` makes the same report of: plain JSON."""
        return asdict(self) | {
            "normalisations": [found._asdict() for found in self.normalisations],
            "corrected": None if self.corrected is None else [made._asdict() for made in self.corrected],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Report":
        faults = {key: [Fault.from_data(fault) for fault in data[key]] for key in ("errors", "warnings")}
        normalisations = [Normalisation(**found) for found in data["normalisations"]]
        made = data["corrected"]
        corrected = None if made is None else [Corrected(**one) for one in made]
        return cls(**{**data, **faults, "normalisations": normalisations, "corrected": corrected})
