"""Which claim counts, from when, and as known when."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from chips.catalogue import adopt, contested_figures, differ, has_contested
from chips.models import ChipModel, ChipRevision, Claim, Figure
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def ascend() -> ChipModel:
    return ChipModel.objects.get(name="Ascend 910B")


def compute_of(model: ChipModel, day: date, known_at: datetime | None = None) -> str | None:
    revisions = ChipRevision.objects.as_of(day, known_at or timezone.now())
    return revisions.get(chip_model=model).compute


def test_a_decision_holds_from_its_day_and_the_past_stays_as_it_was_known(ascend: ChipModel) -> None:
    before = timezone.now()
    adopted = compute_of(ascend, date(2025, 12, 31))
    other = ascend.claims.filter(figure=Figure.FP16_TFLOPS).exclude(value=adopted).first()
    assert other is not None
    adopt(model=ascend, claims=[other], from_on=date(2025, 7, 1), decided_by="a regulator", reason="measured")
    assert compute_of(ascend, date(2025, 6, 30)) == adopted
    assert compute_of(ascend, date(2025, 7, 1)) == other.value
    assert compute_of(ascend, date(2025, 7, 1), before) == adopted


def test_a_later_recorded_decision_for_an_earlier_day_reaches_later_revisions(ascend: ChipModel) -> None:
    compute, fabricator = (
        ascend.claims.filter(figure=figure).first() for figure in (Figure.FP16_TFLOPS, Figure.FABRICATOR_COUNTRY)
    )
    taiwan = ascend.claims.create(figure=Figure.FABRICATOR_COUNTRY, value="TW", source="a report")
    assert compute is not None
    assert fabricator is not None
    adopt(model=ascend, claims=[compute], from_on=date(2025, 7, 1), decided_by="a regulator", reason="as before")
    adopt(model=ascend, claims=[taiwan], from_on=date(2025, 4, 1), decided_by="a regulator", reason="found out later")
    revision = ChipRevision.objects.as_of(date(2025, 8, 1), timezone.now()).get(chip_model=ascend)
    assert (revision.fabricator_country, revision.compute) == ("TW", compute.value)


def test_figures_whose_claims_differ_are_contested(ascend: ChipModel) -> None:
    assert Figure.FP16_TFLOPS in contested_figures(ascend)
    assert Figure.DESIGNER_COUNTRY not in contested_figures(ascend)


@pytest.mark.parametrize(
    ("claimed", "is_contested"),
    [
        (["SMIC", "SMIC"], False),
        (["SMIC", "TSMC"], True),
        (["2022-10-07", "2023-10-17"], True),
        (["320", "320.0", "320."], False),
        (["320", "320.000000001"], True),
    ],
)
def test_numbers_are_the_same_however_they_are_written(claimed: list[str], is_contested: bool) -> None:
    assert differ(claimed) is is_contested


@pytest.mark.parametrize(
    ("claimed", "is_contested"), [(["320"], False), (["320", "320.0"], False), (["320", "320.5"], True)]
)
def test_everywhere_the_same_is_contested(ascend: ChipModel, claimed: list[str], is_contested: bool) -> None:
    # Of no model a price is published.
    Claim.objects.bulk_create(
        Claim(chip_model=ascend, figure=Figure.PRICE_CNY, value=value, source=str(number), confidence="reported")
        for number, value in enumerate(claimed)
    )
    assert has_contested(Figure.PRICE_CNY) is is_contested
    assert (Figure.PRICE_CNY in contested_figures(ascend)) is is_contested


@pytest.mark.parametrize("who", [cast.regulator, cast.analyst, cast.administrator])
def test_who_decided_is_named_to_regulators_alone(ascend: ChipModel, client: Client, who: Callable[[], User]) -> None:
    claim = ascend.claims.filter(figure="fp16_tflops").latest("pk")
    adopt(model=ascend, claims=[claim], from_on=date(2025, 7, 1), decided_by="zhao-xiaoming", reason="Read anew.")
    reader = who()
    client.force_login(reader)
    page = client.get(f"/chips/{ascend.pk}/").content.decode()
    assert "Read anew." in page
    assert ("zhao-xiaoming" in page) == (reader.role == Role.REGULATOR)
