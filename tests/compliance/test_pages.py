"""A determination followed down to its lines, and a mandate to its source."""

import pytest
from django.test import Client

from centres.models import Operator
from chips.models import ChipModel
from compliance.determine import determine
from compliance.explain import explain
from compliance.models import Determination
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def determination(owner: Operator) -> Determination:
    where = cast.centre(owner=owner)
    cast.file(where, cast.period(), ascend=500, h800=500)
    determine(period=cast.period(), cause="test", centres=[where])
    return Determination.objects.get(centre=where, provision__mandate__code="CN-2025")


def test_it_is_made_again_to_the_byte_and_told_line_by_line(client: Client, determination: Determination) -> None:
    explanation = explain(determination)
    assert explanation.is_reproduced
    assert [(one.row, one.origin, one.excluded) for one in explanation.lines] == [
        (2, "domestic", None),
        (3, "foreign", None),
    ]
    client.force_login(cast.analyst())
    html = client.get(f"/determinations/{determination.pk}/").content.decode()
    assert "the same, to the byte" in html
    assert "50.0000%" in html
    assert determination.digest in html


def test_what_was_learned_since_changes_nothing_of_it(determination: Determination) -> None:
    cast.file(determination.centre, cast.period(), ascend=1)
    determine(period=cast.period(), cause="test")
    assert explain(determination).is_reproduced


def test_a_correction_of_reference_data_changes_nothing_of_it(determination: Determination) -> None:
    model = ChipModel.objects.get(name="H800")
    model.chip_class, model.name = "storage", "H800 SXM5"
    model.save()
    determination.centre.region_id, determination.centre.region_code = "11", "1101"
    determination.centre.save()
    assert explain(Determination.objects.get(pk=determination.pk)).is_reproduced


def test_a_rival_meets_what_a_wrong_address_meets(
    client: Client, determination: Determination, rival: Operator
) -> None:
    client.force_login(cast.user("other", cast.Role.OPERATOR, acts_for=rival))
    foreign = client.get(f"/determinations/{determination.pk}/")
    missing = client.get("/determinations/999999/")
    assert foreign.status_code == missing.status_code == 404
    assert cast.told(foreign, determination.pk) == cast.told(missing, 999999)


@pytest.mark.parametrize(
    ("code", "rule", "confidence"),
    [
        (
            "SH-2023",
            "at least 50% of accelerator cards, CPUs and memory and storage chips in service, by units",
            "contested",
        ),
        (
            "CN-2025",
            "over 50% of accelerator cards, CPUs and memory and storage chips in service, by units",
            "reported",
        ),
        ("CN-2025-NEW", "at least 100% of accelerator cards in service, by units", "reported"),
    ],
)
def test_a_mandate_says_what_it_counts_and_how_far_to_trust_it(
    client: Client, code: str, rule: str, confidence: str
) -> None:
    client.force_login(cast.analyst())
    html = client.get(f"/mandates/{code}/").content.decode()
    assert rule in html
    assert f'<span class="badge doubt">{confidence}</span>' in html
