"""Which chip model of the catalogue a text means.

Only equal keys match. What merely looks alike (a Cyrillic letter, a neighbouring name) is refused, never counted.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chips.intake.columns import SPACES

_IGNORED = str.maketrans("", "", SPACES + "-_™®")
_BRACKETS = re.compile(r"[()]")
NEAREST = 3


def match_key(text: str) -> str:
    """What is compared of a name. ™ goes before NFKC, which would make it the letters TM."""
    plain = unicodedata.normalize("NFKC", text.translate(_IGNORED))
    return plain.translate(_IGNORED).casefold()


@dataclass(slots=True)
class Catalogue:
    """Models and vendors by every key that means them."""

    names: dict[int, str] = field(default_factory=dict)
    vendor_of: dict[int, int] = field(default_factory=dict)
    vendor_names: dict[int, str] = field(default_factory=dict)
    models: dict[str, set[int]] = field(default_factory=dict)
    vendors: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Catalogue":
        """From ``{"vendors": [{"id", "name", "names"}], "models": [{"id", "vendor", "name", "aliases"}]}``."""
        catalogue = cls()
        for vendor in data["vendors"]:
            catalogue.vendor_names[vendor["id"]] = vendor["name"]
            for name in (vendor["name"], *vendor["names"]):
                # "Huawei (HiSilicon)" is known as a whole, and by either of its parts.
                for part in (name, *_BRACKETS.split(unicodedata.normalize("NFKC", name))):
                    if key := match_key(part):
                        catalogue.vendors.setdefault(key, vendor["id"])
        for model in data["models"]:
            catalogue.names[model["id"]] = model["name"]
            catalogue.vendor_of[model["id"]] = model["vendor"]
            for name in (model["name"], *model["aliases"]):
                catalogue.models.setdefault(match_key(name), set()).add(model["id"])
        return catalogue

    def vendor(self, text: str) -> int | None:
        return self.vendors.get(match_key(text))

    def find(self, text: str) -> set[int]:
        """The models that `text` can mean: by its key, else by its key without a vendor's name in front."""
        key = match_key(text)
        if found := self.models.get(key):
            return found
        return {
            model
            for prefix, vendor in self.vendors.items()
            if key.startswith(prefix)
            for model in self.models.get(key[len(prefix) :], ())
            if self.vendor_of[model] == vendor
        }

    def nearest(self, text: str) -> str:
        """The three nearest models, by name, for a text that means none."""
        # Wanted only where something is wrong.
        from rapidfuzz import fuzz, process

        near = process.extract(match_key(text), list(self.models), scorer=fuzz.ratio, limit=30)
        found: list[str] = []
        for key, _, _ in near:
            found += [name for model in sorted(self.models[key]) if (name := self.names[model]) not in found]
        return "; ".join(found[:NEAREST])

    def vendors_of(self, models: Iterable[int]) -> str:
        """The vendors of `models`, by name."""
        return "; ".join(sorted({self.vendor_names[self.vendor_of[model]] for model in models}))
