"""Mandates as dated data, what was determined under them, and what is looked at before and besides."""

from compliance.models.determinations import (
    FILING_ENDED,
    TELLS_TWO_STORIES,
    CurrentDetermination,
    CurrentDeterminationQuerySet,
    Determination,
    DeterminationQuerySet,
    DeterminationRequest,
    DeterminationRun,
    Outcome,
    OutcomeChange,
    OutcomeChangeQuerySet,
)
from compliance.models.exemptions import (
    Exemption,
    ExemptionNotice,
    ExemptionQuerySet,
    ExemptionRequest,
    ExemptionRequestQuerySet,
)
from compliance.models.mandates import (
    HandDecision,
    HandDecisionQuerySet,
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
    "FILING_ENDED",
    "TELLS_TWO_STORIES",
    "AcquisitionRollup",
    "CentreShare",
    "CurrentDetermination",
    "CurrentDeterminationQuerySet",
    "Determination",
    "DeterminationQuerySet",
    "DeterminationRequest",
    "DeterminationRun",
    "Exemption",
    "ExemptionNotice",
    "ExemptionQuerySet",
    "ExemptionRequest",
    "ExemptionRequestQuerySet",
    "HandDecision",
    "HandDecisionQuerySet",
    "InventoryRollup",
    "Mandate",
    "Movement",
    "MovementKind",
    "MovementQuerySet",
    "Outcome",
    "OutcomeChange",
    "OutcomeChangeQuerySet",
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
