"""A receipt that somebody made up is told to be none, whatever stands in it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from centres.models import Operator
from chips.submissions import attest, repudiate, store_nil_draft
from tests import cast

pytestmark = pytest.mark.django_db


def said(folder: Path, receipt: Any) -> tuple[int, str]:
    path, out = folder / "receipt.json", io.StringIO()
    path.write_text(json.dumps(receipt) if not isinstance(receipt, str) else receipt)
    try:
        call_command("verify_receipt", str(path), stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.parametrize(
    "receipt",
    [
        {"kind": "received", "accession_number": "\x00"},
        {"kind": "received", "accession_number": "\ud800", "file": [1], "lines": "x"},
        {"kind": ["received"], "accession_number": {"a": 1}},
        {"kind": "determined", "determination": {"id": 10**30}},
        {"kind": "determined", "determination": [True]},
        {"kind": "determined", "determination": {"id": True}},
    ],
)
def test_a_made_up_receipt_is_told_to_be_none(tmp_path: Path, receipt: dict[str, Any]) -> None:
    status, told = said(tmp_path, receipt)
    assert status == 1
    assert "NO" in told


def test_a_true_receipt_of_what_was_repudiated_says_so(tmp_path: Path, owner: Operator) -> None:
    by = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    draft = store_nil_draft(centre=cast.centre(owner=owner), period=cast.period(), created_by=by)
    sent = attest(draft, by=by, full_name="Wang")
    receipt = sent.receipts.get().body
    assert said(tmp_path, receipt)[0] == 0
    repudiate(sent, by=by, reason="Not ours.")
    status, told = said(tmp_path, receipt)
    assert (status, "its sender repudiated it at" in told) == (0, True)
