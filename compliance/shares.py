"""Exact shares for people: cut, never rounded up to a threshold that they do not reach."""

from decimal import Decimal, Inexact, localcontext
from fractions import Fraction

PLACES = 4


def parts_of(fraction: str) -> tuple[int, int]:
    """Numerator and denominator of the engine's ``"13/25"``."""
    numerator, denominator = fraction.split("/")
    return int(numerator), int(denominator)


def percent_of(fraction: str, places: int = PLACES) -> str:
    """The share as percent, cut to `places`: ``"49.9999"`` for 499999999/1000000000."""
    return cut_percent(*parts_of(fraction), places)


def decimal_of(fraction: str) -> str:
    """A threshold or a shortfall as an exact decimal; raises `ValueError` for a fraction that has none."""
    numerator, denominator = parts_of(fraction)
    with localcontext(prec=60) as context:
        context.traps[Inexact] = True
        try:
            return f"{Decimal(numerator) / Decimal(denominator):f}"
        except Inexact:
            raise ValueError(f"{fraction} is no finite decimal.") from None


def cut_percent(
    numerator: int | Decimal | Fraction, denominator: int | Decimal | Fraction, places: int = PLACES
) -> str:
    """``100 × numerator ÷ denominator`` as text, cut to `places`; neither is below 0, the second above."""
    scale = 10**places
    parts = Fraction(numerator) * 100 * scale // Fraction(denominator)
    return f"{parts // scale}.{parts % scale:0{places}}" if places else str(parts)
