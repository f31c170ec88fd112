"""What a determination names is there and belongs together, or the database takes none of a whole statement."""

import json
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, NotSupportedError, connection, transaction

from centres.models import Centre, ReportingPeriod
from compliance.determine import determine
from compliance.models import Determination, HandDecision, Provision, Ruling
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> Determination:
    """Of a centre that filed; a rival filed, too."""
    for code in ("SH-01", "SH-02"):
        cast.file(cast.centre(code), cast.period(), ascend=1)
    determine(period=cast.period(), cause="test")
    return Determination.objects.filter(centre__code="SH-01", provision__mandate__code="SH-2023").get()


def append(made: Determination, **changed: int | str) -> None:
    """Append `made` once more, with some columns `changed`, in one statement with one that is as it should be."""
    with transaction.atomic():
        Determination.objects.bulk_create([copied(made), copied(made, **changed)])


def copied(made: Determination, **changed: int | str) -> Determination:
    kept = {
        field.attname: getattr(made, field.attname) for field in made._meta.concrete_fields if not field.primary_key
    }
    return Determination(**kept | changed)


def test_one_that_names_what_is_its_own_is_taken(made: Determination) -> None:
    before = Determination.objects.count()
    append(made)
    assert Determination.objects.count() == before + 2


@pytest.mark.parametrize("named", ["centre_record_id", "provision_id", "submission_id", "hand_decision_id", "run_id"])
def test_what_is_not_there_is_refused(made: Determination, named: str) -> None:
    before = Determination.objects.count()
    with pytest.raises(IntegrityError, match="names what is not there or not theirs"):
        append(made, **{named: 10**9})
    assert Determination.objects.count() == before


@pytest.mark.parametrize("named", ["centre_record_id", "submission_id"])
def test_what_is_the_rivals_is_refused(made: Determination, named: str) -> None:
    rivals = Determination.objects.filter(centre__code="SH-02").first()
    assert rivals
    with pytest.raises(IntegrityError, match="names what is not there or not theirs"):
        append(made, **{named: getattr(rivals, named)})


@pytest.mark.parametrize("decided_of", ["SH-01", "SH-02"])
def test_one_decision_by_hand_is_named_by_its_centre_alone(made: Determination, decided_of: str) -> None:
    """Of two that name it in one statement, whichever of them comes first by its key."""
    others = Determination.objects.get(centre__code="SH-02", provision=made.provision_id)
    decided = HandDecision.objects.create(
        centre=Centre.objects.get(code=decided_of), provision=made.provision, ruling=Ruling.APPLIES,
        from_on=made.as_of, reason="Why.", decided_by=cast.regulator(), decided_at=made.known_at,
    )  # fmt: skip
    both = [copied(one, hand_decision_id=decided.pk) for one in (made, others)]
    with pytest.raises(IntegrityError, match="names what is not there or not theirs"), transaction.atomic():
        Determination.objects.bulk_create(both)
    with transaction.atomic():
        Determination.objects.bulk_create([one for one in both if one.centre_id == decided.centre_id])


def test_a_decision_by_hand_about_another_provision_is_refused(made: Determination) -> None:
    other = Determination.objects.filter(centre=made.centre_id).exclude(provision=made.provision_id)[0]
    decided = HandDecision.objects.create(
        centre=made.centre, provision=other.provision, ruling=Ruling.APPLIES, from_on=made.as_of, reason="Why.",
        decided_by=cast.regulator(), decided_at=made.known_at,
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="names what is not there or not theirs"):
        append(made, hand_decision_id=decided.pk)


@pytest.mark.parametrize("answer", ["", "no object", "[]", "{no json}"])
def test_what_is_no_answer_is_refused(made: Determination, answer: str) -> None:
    with pytest.raises(IntegrityError, match="determination_answer_is_object"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO compliance_determination SELECT (jsonb_populate_record(kept, %s)).* "
            "FROM compliance_determination kept WHERE id = %s",
            [json.dumps({"id": 987654321, "answer": answer}), made.pk],
        )


@pytest.mark.parametrize(
    "looks_into", [{"answer__outcome": "compliant"}, {"answer__has_key": "outcome"}, {"answer": {}}, {"answer__in": []}]
)
def test_no_query_looks_into_an_answer(made: Determination, looks_into: dict[str, object]) -> None:
    with pytest.raises(NotSupportedError, match="answer is kept as it was written"):
        Determination.objects.filter(**looks_into).exists()
    with pytest.raises(NotSupportedError, match="answer is kept as it was written"):
        Determination.objects.values_list("answer__outcome").first()
    assert Determination.objects.filter(answer__isnull=False, pk=made.pk).get().answer["outcome"] == made.outcome


def test_an_inventory_of_another_period_is_refused(made: Determination) -> None:
    earlier = cast.file(made.centre, cast.period("2025Q3"), ascend=1)
    with pytest.raises(IntegrityError, match="names what is not there or not theirs"):
        append(made, submission_id=earlier.pk)


def test_a_draft_decides_nothing(made: Determination) -> None:
    issued = made.provision
    draft = Provision.objects.create(
        mandate=issued.mandate, from_on=issued.from_on + timedelta(days=9), rule=issued.rule, legal_text="",
        citation="", written_by=cast.regulator(), recorded_at=issued.recorded_at,
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="names what is not there or not theirs"):
        append(made, provision_id=draft.pk)


def test_a_period_stays_once_a_centre_was_determined_for_it(made: Determination) -> None:
    with pytest.raises(IntegrityError, match="2025Q4 stays"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM centres_reportingperiod WHERE code = '2025Q4'")
    later = ReportingPeriod.objects.create(
        code="2031Q1", starts_on=date(2031, 1, 1), ends_on=date(2031, 3, 31), due_on=date(2031, 4, 30)
    )
    assert later.delete()[0] == 1


@pytest.mark.parametrize("digest", ["A" * 64, "x" * 64, "ab", "ab" * 33])
def test_what_is_no_digest_is_refused(made: Determination, digest: str) -> None:
    before = Determination.objects.count()
    with pytest.raises(DatabaseError):
        append(made, digest=digest)
    assert Determination.objects.count() == before
