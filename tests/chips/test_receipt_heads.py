"""Every receipt carries the signed head of the audit trail, so that whoever keeps it is a witness."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditHead
from accounts.trail import heads
from accounts.trail.seal import seal
from accounts.trail.verify import verify
from centres.models import Operator
from chips.models import Submission
from chips.receipt_pdf import receipt_pdf
from chips.receipts import is_sealed, issue_accepted, issue_received
from compliance.determine import determine
from compliance.models import Determination
from compliance.receipts import determination_receipt
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_var(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def nil(owner: Operator) -> Submission:
    """A nil return, which needs no file."""
    filed = cast.file(cast.centre(owner=owner), cast.period(), status="submitted", ascend=1)
    filed.nil = True
    return filed


def test_it_shows_that_the_trail_was_cut_since(nil: Submission, tmp_path: Path) -> None:
    seal()
    filer = cast.user("filer", cast.Role.OPERATOR)
    receipt = issue_received(nil, by=filer, full_name="Wang", at=timezone.now())
    body = json.loads(receipt.body)
    assert is_sealed(body)
    assert body["trail"] == heads.newest()
    kept = tmp_path / "receipt.json"
    kept.write_text(receipt.body)
    assert verify(witnesses=heads.read_heads(kept)).fault is None
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM accounts_auditlink")
        cursor.execute("DELETE FROM accounts_audithead")
        cursor.execute("DELETE FROM accounts_auditevent")
    assert verify().fault is None
    fault = verify(witnesses=heads.read_heads(kept)).fault
    assert fault is not None
    assert "cut off" in str(fault)


def test_a_later_receipt_carries_the_head_of_its_own_time(nil: Submission) -> None:
    filer = cast.user("filer", cast.Role.OPERATOR)
    seal()
    first = json.loads(issue_received(nil, by=filer, full_name="Wang", at=timezone.now()).body)
    seal()
    second = json.loads(issue_accepted(nil, at=timezone.now()).body)
    assert second["trail"]["seq"] > first["trail"]["seq"]


def test_before_anything_was_sealed_it_carries_none(nil: Submission) -> None:
    filer = cast.user("filer", cast.Role.OPERATOR)
    assert json.loads(issue_received(nil, by=filer, full_name="Wang", at=timezone.now()).body)["trail"] is None


def test_that_of_a_determination_stays_the_same(owner: Operator) -> None:
    centre = cast.centre(owner=owner)
    seal(timezone.now() - timedelta(hours=2))
    cast.file(centre, cast.period(), ascend=60, h800=40)
    seal(timezone.now() - timedelta(hours=1))
    determine(period=cast.period(), cause="accepted", centres=[centre])
    found = Determination.objects.first()
    assert found is not None
    receipt = determination_receipt(found)
    assert receipt is not None
    assert receipt["trail"]["seq"] == AuditHead.objects.order_by("-seq")[0].seq
    seal()
    assert determination_receipt(found) == receipt
    assert receipt_pdf(receipt).startswith(b"%PDF-")
