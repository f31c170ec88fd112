"""Mandates as dated data, what was determined under them, and what is looked at before and besides."""

from compliance.models.determinations import (
    COMPUTE_TELLS_OTHERWISE,
    FILING_ENDED,
    TELLS_TWO_STORIES,
    UNITS_TELL_OTHERWISE,
    CurrentDetermination,
    Determination,
    DeterminationRequest,
    DeterminationRun,
    Outcome,
    OutcomeChange,
)
from compliance.models.exemptions import (
    Exemption,
    ExemptionNotice,
    ExemptionQuerySet,
    ExemptionRequest,
    ExemptionRequestQuerySet,
    ExemptionStatus,
)
from compliance.models.mandates import (
    HandDecision,
    Mandate,
    Provision,
    ProvisionQuerySet,
    ProvisionStage,
    Ruling,
)
from compliance.models.movements import (
    Movement,
    MovementKind,
    MovementQuerySet,
)
from compliance.models.outlooks import (
    CentreShare,
    Outlook,
    OutlookBasis,
    OutlookError,
    OutlookQuerySet,
    OutlookRun,
    ShareReading,
)
from compliance.models.rollups import (
    InventoryRollup,
    OutcomeRollup,
    Rollup,
    RollupQuerySet,
)
from compliance.models.simulations import (
    SimulatedChange,
    Simulation,
    SimulationQuerySet,
    SimulationStatus,
)
from compliance.models.stocks import (
    AcquisitionRollup,
    StockRollup,
    SummedStock,
)

__all__ = [
    "COMPUTE_TELLS_OTHERWISE",
    "FILING_ENDED",
    "TELLS_TWO_STORIES",
    "UNITS_TELL_OTHERWISE",
    "AcquisitionRollup",
    "CentreShare",
    "CurrentDetermination",
    "Determination",
    "DeterminationRequest",
    "DeterminationRun",
    "Exemption",
    "ExemptionNotice",
    "ExemptionQuerySet",
    "ExemptionRequest",
    "ExemptionRequestQuerySet",
    "ExemptionStatus",
    "HandDecision",
    "InventoryRollup",
    "Mandate",
    "Movement",
    "MovementKind",
    "MovementQuerySet",
    "Outcome",
    "OutcomeChange",
    "OutcomeRollup",
    "Outlook",
    "OutlookBasis",
    "OutlookError",
    "OutlookQuerySet",
    "OutlookRun",
    "Provision",
    "ProvisionQuerySet",
    "ProvisionStage",
    "Rollup",
    "RollupQuerySet",
    "Ruling",
    "ShareReading",
    "SimulatedChange",
    "Simulation",
    "SimulationQuerySet",
    "SimulationStatus",
    "StockRollup",
    "SummedStock",
]
