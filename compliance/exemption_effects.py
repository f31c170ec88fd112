"""What granting or revoking an exemption would change, and what stands for having looked at it."""

from datetime import date

from compliance.effects import Effects, of_exemption, outcome_of
from compliance.looked_at import sealed
from compliance.models import Exemption


def effects_of(exemption: Exemption) -> Effects:
    """What granting `exemption` would change."""
    return of_exemption(
        centre=exemption.centre,
        mandate=exemption.mandate,
        from_on=exemption.from_on,
        to_on=exemption.to_on,
        threshold=exemption.threshold,
    )


def seal_of(exemption: Exemption, effects: Effects, revoked_from: date | None = None) -> str:
    """In hex, of the exemption, whose terms stay, and of what granting it, or revoking it from a day on, would change
    as things stand."""
    return sealed("exemption", exemption.pk, revoked_from, *flips_of(effects))


def flips_of(effects: Effects) -> list[object]:
    """Whose outcome becomes another, and which: what somebody who looked at `effects` was shown."""
    return [
        (one.centre.pk, one.mandate.pk, one.period.pk, outcome_of(one.before), outcome_of(one.after))
        for one in (*effects.flips, *effects.illustrative)
    ]
