"""The demonstration: illustrative inventories of real centres, a synthetic country beside them, and who tries it."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils import timezone

from accounts.models import User
from centres.models import Operator, Ownership, Provenance
from centres.periods import SHANGHAI
from chips.models import LineStatus, Submission, SubmissionStatus
from compliance import acquisitions, movements
from compliance.models import Exemption, ExemptionRequest, Mandate, Provision
from compliance.outlook.runs import request_stale_outlooks
from demonstration import users
from demonstration.illustrative import store_illustrative
from demonstration.inventory import END
from demonstration.prices import adopt_prices
from demonstration.store import CannotLoad, Stored, determine_periods, market_of_catalogue, require_room, store_country
from reports.build import start_due_runs

CENTRES, QUARTERS, SEED = 500, 8, 1
_MANDATE = "CN-2025"


def is_loaded() -> bool:
    """Whether the demonstration stands in this register."""
    return bool(users.demonstration_users())


@transaction.atomic
def load_demonstration(*, centres: int = CENTRES, quarters: int = QUARTERS, seed: int = SEED) -> Stored | None:
    """Write the whole demonstration, or nothing; None where it stands already.

    Raises `CannotLoad` beside real filings, or where the country has not the four centres that its users need. A file
    of passwords that was lost is made anew.
    """
    standing = users.demonstration_users()
    if standing:
        if users.read_users() is None:
            users.renew_passwords(standing)
        return None
    require_room()
    if taken := users.taken_names():
        raise CannotLoad(
            f"There is a user {taken[0]} already, who is not of the demonstration. Set DEMONSTRATION=false."
        )
    if centres < 4:
        raise CannotLoad("The demonstration needs at least 4 centres.")
    # Before anything is filed: what is adopted then has nobody determined anew.
    adopt_prices(market_of_catalogue(END), END)
    stored = store_country(seed=seed, centres=centres, quarters=quarters)
    acts_for = _operator_with_work()
    regulator, operator, _analyst, _administrator, second_regulator = users.create_users(acts_for)
    store_illustrative(stored.periods, market_of_catalogue(END))
    _grant_exemptions(regulator, second_regulator, acts_for)
    _ask_for_exemption(operator, acts_for)
    _propose_provision(second_regulator)
    determine_periods(stored.periods)
    for period in stored.periods:
        acquisitions.follow(period=period)
        movements.find(period=period)
    start_due_runs(timezone.now())
    request_stale_outlooks(timezone.now())
    return stored


def _operator_with_work() -> Operator:
    """The synthetic operator of which a filing for the last quarter was returned and another is still to come."""
    returned = Submission.objects.filter(
        provenance=Provenance.SYNTHETIC, status=SubmissionStatus.RETURNED, period__ends_on=END
    )
    operators = Operator.objects.filter(provenance=Provenance.SYNTHETIC, centres__submissions__in=returned)
    # The cast is written first.
    return operators.order_by("pk").distinct()[0]


def _grant_exemptions(regulator: User, proposer: User, but_for: Operator) -> None:
    """Release one publicly owned centre from the nationwide mandate, and lower the threshold for another."""
    foreign_first = (
        Submission.objects.filter(
            provenance=Provenance.SYNTHETIC,
            status=SubmissionStatus.ACCEPTED,
            period__ends_on=END,
            centre__operator__ownership__in=(Ownership.CENTRAL_SOE, Ownership.LOCAL_SOE),
        )
        .exclude(centre__operator=but_for)
        .annotate(
            total=Sum("lines__quantity", filter=Q(lines__status=LineStatus.IN_SERVICE), default=0),
            domestic=Sum(
                "lines__quantity",
                filter=Q(lines__status=LineStatus.IN_SERVICE, lines__chip_model__vendor__designer_country="CN"),
                default=0,
            ),
        )
        .filter(total__gt=0)
        .order_by("centre__code")
    )
    mandate = Mandate.objects.get(code=_MANDATE)
    far_below = foreign_first.filter(total__gt=4 * F("domestic")).first()
    not_far_below = foreign_first.filter(total__gt=F("domestic") * 2 + F("total") / 20, total__lt=F("domestic") * 5 / 2)
    for submission, threshold, reason in (
        (far_below, None, "迁移期豁免：既有训练集群迁移至国产平台，2026年年中完成。"),
        (not_far_below.first(), Decimal("0.4"), "Stepwise replacement, agreed until mid-2026: at least 40% meanwhile."),
    ):
        if submission is not None:
            Exemption.objects.create(
                centre=submission.centre,
                mandate=mandate,
                from_on=date(2025, 7, 1),
                to_on=date(2026, 6, 30),
                threshold=threshold,
                reason=reason,
                proposed_by=proposer,
                proposed_at=datetime(2025, 6, 16, 15, 10, tzinfo=SHANGHAI),
                granted_by=regulator,
                granted_at=datetime(2025, 6, 20, 10, 30, tzinfo=SHANGHAI),
            )


def _ask_for_exemption(operator: User, acts_for: Operator) -> None:
    """A request that waits for the regulator: for the operator's first centre, of which just half is domestic."""
    ExemptionRequest.objects.create(
        centre=acts_for.centres.order_by("code")[0],
        mandate=Mandate.objects.get(code=_MANDATE),
        from_on=date(2026, 1, 1),
        to_on=date(2026, 12, 31),
        threshold=Decimal("0.45"),
        reason="二期国产加速卡已订购，预计2026年三季度到货；到货前国产占比略低于要求，申请适用较低阈值。",
        asked_by=operator,
        asked_at=datetime(2026, 1, 8, 9, 20, tzinfo=SHANGHAI),
    )


def _propose_provision(author: User) -> None:
    """A draft of the nationwide mandate that waits for another regulator: accelerator cards alone, in steps."""
    mandate = Mandate.objects.get(code=_MANDATE)
    rule = mandate.provisions.issued().latest("from_on").rule
    Provision.objects.create(
        mandate=mandate,
        from_on=date(2025, 10, 1),
        rule=rule
        | {
            "population": rule["population"] | {"classes": ["accelerator"]},
            "steps": [
                {"from": "2025-10-01", "comparator": "over", "threshold": "0.5"},
                {"from": "2027-01-01", "comparator": "over", "threshold": "0.6"},
                {"from": "2028-01-01", "comparator": "at_least", "threshold": "0.7"},
            ],
        },
        legal_text=(
            "Invented for the demonstration: of the accelerator cards of publicly owned computing hubs, over half are "
            "to be of domestic design, over 60% from 2027 and at least 70% from 2028."
        ),
        legal_text_zh=(
            "演示用虚构文本：公共算力枢纽在用加速卡中，国产设计的应超过一半，2027年起超过60%，2028年起不低于70%。"
        ),
        citation="Invented for the demonstration; published nowhere.",
        written_by=author,
        recorded_at=datetime(2026, 1, 12, 9, 40, tzinfo=SHANGHAI),
        proposed_at=datetime(2026, 1, 12, 10, 5, tzinfo=SHANGHAI),
    )
