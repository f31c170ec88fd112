"""The whole path, from records to what is stored, against the contract read again plainly."""

import json
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from centres.models import Centre, CentreRecord, ReportingPeriod
from chips.catalogue import adopt
from chips.models import ChipModel, Figure, InventoryLine, Submission, Vendor
from chips.submissions import next_keys
from compliance.determine import determine
from compliance.models import Determination, Exemption, HandDecision, Mandate, Provision
from tests import cast
from tests.compliance import plain

pytestmark = pytest.mark.django_db

VECTORS = Path(__file__).parents[1] / "vectors" / "engine.jsonl"
PERIODS = ("2025Q1", "2025Q3", "2025Q4")
CENTRES = 12
FIRST = datetime(2025, 1, 5, tzinfo=UTC)


def test_the_plain_reading_answers_the_vectors() -> None:
    """So that what the path is held against is itself held against the contract."""
    tried = 0
    for text in VECTORS.read_text(encoding="utf-8").splitlines():
        vector = json.loads(text)
        document, expected = vector["document"], vector["answer"]
        if "error" in expected or sum(line["quantity"] for line in document["lines"]) > 2_500:
            continue
        found = plain.answer_to(document)
        expected["excluded"] = [(entry["line"], entry["reason"]) for entry in expected["excluded"]]
        expected.pop("next_step")
        assert found == expected, vector.get("name")
        tried += 1
    assert tried > 100


class Drawn:
    """A small register drawn from one seed: every record a random one, several to a day and to an instant."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.by = cast.regulator(f"regulator-{seed}")
        self.approver = cast.regulator(f"approver-{seed}")
        self.chips = self._chips()
        self.mandates = [self._mandate(f"TEST-{number}") for number in range(3)]
        self.centres = [self._centre(number) for number in range(CENTRES)]
        for centre in self.centres:
            for code in PERIODS:
                self._filings(centre, cast.period(code))
            for mandate in self.mandates:
                self._releases(centre, mandate)

    def day(self) -> date:
        """A day near the ends of the periods, so that limits are met exactly."""
        edge = self.draw.choice([cast.period(code).ends_on for code in PERIODS])
        return edge + timedelta(days=self.draw.choice([-90, -1, 0, 1, 30]))

    def instant(self) -> datetime:
        return FIRST + timedelta(days=self.draw.randrange(300), seconds=self.draw.randrange(3))

    def some(self, values: list[str]) -> list[str] | None:
        return self.draw.choice([None] * 5 + [self.draw.sample(values, self.draw.randrange(1, len(values) + 1))])

    def _chips(self) -> list[ChipModel]:
        vendor = Vendor.objects.create(name=f"Vendor {self.by.pk}", name_zh=f"厂商{self.by.pk}", confidence="reported")
        return [self._chip(vendor, number) for number in range(6)]

    def _chip(self, vendor: Vendor, number: int) -> ChipModel:
        model = ChipModel.objects.create(
            vendor=vendor, name=f"Chip {number}", workload="training", confidence="reported",
            chip_class=self.draw.choice(["accelerator", "cpu"]),
        )  # fmt: skip
        said = {
            Figure.DESIGNER_COUNTRY: ["CN", "US", "HK"],
            Figure.FABRICATOR_COUNTRY: ["CN", "TW"],
            Figure.FP16_TFLOPS: ["320", "320", "61.44", "0.000000001", "0"],
        }
        for turn in range(self.draw.choice([0, 2, 3, 4])):
            figures = [figure for figure in said if self.draw.random() < 0.7]
            claims = [
                model.claims.create(figure=f, value=self.draw.choice(said[f]), source=str(turn), confidence="reported")
                for f in figures
            ]
            adopt(model=model, claims=claims, from_on=self.day(), decided_by="a test", reason="a test")
        return model

    def _mandate(self, code: str) -> Mandate:
        mandate = Mandate.objects.create(
            code=f"{code}-{self.by.pk}", title_en=code, title_zh=code, issuer="a test", issued_on="2025",
            confidence="reported",
        )  # fmt: skip
        days = {self.day() for _ in range(3)} | {date(2025, 1, 1)}
        for day in days:
            now = self.instant()
            Provision.objects.create(
                mandate=mandate, from_on=day, rule=self._rule(), case_by_case=self._scope(), legal_text="a test",
                recorded_at=now, written_by=self.by, proposed_at=now, approved_by=self.approver, approved_at=now,
                issued_by=self.by, issued_at=now,
            )  # fmt: skip
        return mandate

    def _rule(self) -> dict[str, Any]:
        draw = self.draw
        days = {self.day() for _ in range(draw.randrange(3))} | {date(2024, 1, 1)}
        return {
            "metric": draw.choice(["units", "units", "compute", "value"]),
            "origin_rule": draw.choice(["designer", "fabricator", "designer_and_fabricator"]),
            "domestic": draw.choice([["CN"], ["CN", "HK"]]),
            "population": {
                "classes": self.some(["accelerator", "cpu"]),
                "workloads": self.some(["training", "inference"]),
                "statuses": self.some(["in_service", "installing"]),
                "acquired_from": draw.choice([None, None, self.day().isoformat()]),
            },
            "scope": draw.choice([self._scope(), *[dict.fromkeys(self._scope())] * 2]),
            # A repeal, now and then.
            "steps": [
                {
                    "from": day.isoformat(),
                    "comparator": draw.choice(["at_least", "over"]),
                    "threshold": draw.choice(["0", "0.3", "0.5", "0.5", "1"]),
                }
                for day in days
                if draw.random() < 0.95
            ],
        }

    def _scope(self) -> dict[str, Any]:
        draw = self.draw
        return {
            "kinds": self.some(["intelligent", "general"]),
            "regions": self.some(["31", "3101", "44"]),
            "ownership": self.some(["local_soe", "central_soe", "private"]),
            "state_funded": draw.choice([None, None, None, True, False]),
            "commissioned_from": draw.choice([None, None, None, "2025-03-31"]),
            "commissioned_to": draw.choice([None, None, None, "2025-09-30"]),
            "progress_under": draw.choice([None, None, None, "30", "100"]),
        }

    def _centre(self, number: int) -> Centre:
        region = self.draw.choice(["3101", "4403"])
        centre = Centre.objects.create(
            code=f"T{self.by.pk}-{number}", name_en=f"Centre {number}", name_zh=f"中心{number}", region_id=region[:2],
            region_code=region,
        )  # fmt: skip
        draw = self.draw
        for _ in range(draw.choice([0, 2, 3, 4, 5])):
            CentreRecord.objects.create(
                centre=centre, from_on=self.day(), recorded_at=self.instant(), region_code=draw.choice(["31", region]),
                kind=draw.choice(["intelligent", "general"]), ownership=draw.choice(["local_soe", "private"]),
                state_funded=draw.choice([None, True, False]), progress=draw.choice([None, "29.99", "30", "100"]),
                commissioned_on=draw.choice([None, "2025-03-31", "2025-10-01"]),
                status=draw.choice(["operating"] * 6 + ["building", "closed"]),
            )  # fmt: skip
        return centre

    def _filings(self, centre: Centre, period: ReportingPeriod) -> None:
        for version in range(1, self.draw.choice([1, 2, 3, 4, 4])):
            (key,) = next_keys(1)
            lines = [self._line(key, row) for row in range(2, 2 + self.draw.randrange(1, 7))]
            InventoryLine.objects.bulk_create(lines)
            now = self.instant()
            status = self.draw.choice(["accepted", "accepted", "returned", "submitted"])
            Submission.objects.create(
                pk=key, centre=centre, period=period, version=version, status=status, file_name="i.csv",
                file_sha256="0" * 64, line_count=len(lines), units=sum(line.quantity for line in lines),
                created_at=now, submitted_at=now, decided_at=now,
                decision_comment="why" if status == "returned" else "",
            )  # fmt: skip

    def _line(self, submission: int, row: int) -> InventoryLine:
        draw = self.draw
        return InventoryLine(
            submission_id=submission, row=row, chip_model=draw.choice(self.chips), quantity=draw.choice([1, 2, 3, 60]),
            workload=draw.choice(["training", "inference"]), status=draw.choice(["in_service", "installing", "spare"]),
            acquired_on=draw.choice([None, self.day(), self.day()]), acquisition="purchased",
            unit_price_cny=draw.choice([None, *[Decimal("0.01"), Decimal("110000.50")] * 4]),
        )  # fmt: skip

    def _releases(self, centre: Centre, mandate: Mandate) -> None:
        draw = self.draw
        if draw.random() < 0.3:
            begins = self.day()
            revoked = draw.random() < 0.4
            Exemption.objects.create(
                centre=centre, mandate=mandate, from_on=begins, to_on=begins + timedelta(days=draw.randrange(200)),
                threshold=draw.choice([None, Decimal("0.4"), Decimal("0.9")]), reason="a test", granted_by=self.by,
                granted_at=self.instant(), **cast.proposed(),
                **({"revoked_from_on": self.day(), "revoked_by": self.by, "revoked_at": self.instant(),
                    "revocation_reason": "a test"} if revoked else {}),
            )  # fmt: skip
        for provision in mandate.provisions.all():
            for _ in range(draw.choice([0, 0, 1, 2])):
                HandDecision.objects.create(
                    centre=centre, provision=provision, ruling=draw.choice(["applies", "released"]),
                    from_on=self.day(), reason="a test", decided_by=self.by, decided_at=self.instant(),
                )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_what_is_stored_is_what_the_contract_says_of_the_records(seed: int) -> None:
    drawn = Drawn(seed)
    seen: Counter[str] = Counter()
    for code in PERIODS:
        period = cast.period(code)
        determine(period=period, cause="test", centres=drawn.centres, mandates=drawn.mandates)
        made = {(d.centre_id, d.provision.mandate_id): d for d in Determination.objects.filter(period=period)}
        for centre in drawn.centres:
            for mandate in drawn.mandates:
                document = plain.document_of(centre, mandate, period, timezone.now())
                stored = made.pop((centre.pk, mandate.pk), None)
                assert (document is None) == (stored is None)
                if document is None or stored is None:
                    continue
                expected = plain.answer_to(document)
                answer = dict(stored.answer)
                answer.pop("next_step")
                answer["excluded"] = [(entry["line"], entry["reason"]) for entry in answer["excluded"]]
                assert answer == expected, (centre.code, mandate.code, code)
                assert (stored.outcome, stored.digest) == (expected["outcome"], expected["digest"])
                seen[stored.outcome] += 1
        assert not made
    # A register in which nothing was judged would show nothing.
    assert seen["compliant"] + seen["non_compliant"] + seen["undetermined"] > 0


def test_a_run_judges_by_what_was_known_then() -> None:
    """Held against the plain reading as known at the instant that the run was asked for."""
    from compliance.models import DeterminationRun

    drawn = Drawn(99)
    period = cast.period("2025Q4")
    began_at = datetime(2025, 6, 1, tzinfo=UTC)
    run = DeterminationRun.objects.create(cause="test", requested_at=began_at - timedelta(days=9), began_at=began_at)
    determine(period=period, cause="test", centres=drawn.centres, mandates=drawn.mandates, run=run)
    made = {(d.centre_id, d.provision.mandate_id): d for d in Determination.objects.filter(period=period)}
    for centre in drawn.centres:
        for mandate in drawn.mandates:
            document = plain.document_of(centre, mandate, period, began_at)
            stored = made.get((centre.pk, mandate.pk))
            assert (stored.digest if stored else None) == (plain.answer_to(document)["digest"] if document else None)
