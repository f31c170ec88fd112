"""The serial numbers of a file: as many as cards, and none twice."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from chips.intake.cells import Wrong
from chips.intake.faults import Fault
from chips.intake.memory import texts_of

# Up to this length a serial number is remembered as it is, beyond it as a digest that is longer.
_SHORT = 15


class Serials:
    """Checks a column's cells in the order of the lines; remembers every serial number seen."""

    def __init__(self, check: Callable[[Any], Any], form: Callable[[Any], Any] | None) -> None:
        self._check = check
        self._form = form or (lambda serials: serials)
        self._none = self._form(())
        self._seen: set[bytes] = set()
        # Of the cells last checked.
        self.texts: Sequence[str] = ()

    def of(
        self, cells: Sequence[Any], numbers: Sequence[int], quantities: Sequence[int | None]
    ) -> tuple[list[Any], dict[int, list[Fault]]]:
        """What each cell comes to, and the faults by its place. A quantity is None where it is none."""
        found = [self._none] * len(cells)
        faults: dict[int, list[Fault]] = {}
        texts = self.texts = texts_of(cells)
        for place in [place for place, text in enumerate(texts) if text or cells[place]]:
            text, quantity = texts[place], quantities[place]
            # The usual cell, told from its text without being taken apart: one short serial number for one card.
            if quantity == 1 and len(text) <= _SHORT and text.isalnum() and text.isascii() and cells[place] == text:
                serials: Any = (text,)
            else:
                serials = self._check(cells[place])
            if isinstance(serials, Wrong):
                fault = Fault(serials.code, numbers[place], "serial_numbers", text, serials.hint, serials.params)
                faults[place] = [fault]
                continue
            if wrong := list(self._faults_of(serials, text, numbers[place], quantity)):
                faults[place] = wrong
            found[place] = self._form(serials)
        return found, faults

    def _faults_of(self, serials: tuple[str, ...], text: str, number: int, quantity: int | None) -> list[Fault]:
        faults = []
        if serials and quantity is not None and len(serials) != quantity:
            params = {"found": len(serials), "quantity": quantity}
            faults.append(Fault("serial_count_mismatch", number, "serial_numbers", text, None, params))
        repeated = None
        for serial in serials:
            key = serial.encode(errors="surrogatepass")
            if len(key) > _SHORT:
                key = hashlib.blake2b(key, digest_size=_SHORT + 1).digest()
            if key in self._seen:
                repeated = repeated or serial
            self._seen.add(key)
        if repeated:
            faults.append(Fault("duplicate_serial", number, "serial_numbers", repeated, None, {"serial": repeated}))
        return faults
