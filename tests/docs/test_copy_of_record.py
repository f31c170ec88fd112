"""What `docs/copy-of-record.md` says is so: its tests are there, and its rules are enough for a second reader."""

import ast
import hashlib
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client
from pytest_django import Settings

from centres.models import Operator
from chips.models import Receipt, Submission
from chips.receipts import canonical_lines
from chips.submissions import attest, store_draft, store_nil_draft
from tests import cast

ROOT = Path(project.BASE_DIR)
DOCUMENT = (ROOT / "docs/copy-of-record.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"tests/[\w/]+\.py(?:::\w+)+", DOCUMENT)))
COMMAND = re.search(r"^    python3 -c (.+) receipt\.json$", DOCUMENT, re.MULTILINE)
# What is escaped, what must not be, and what a reader of lines could take for the end of one.
NOTE = 'quote " backslash \\ slash / tab \t line\nbreak, 昇腾 🀄 \u2028 \u2029 \u0085 \x7f é </script> & \\u0041 \\n'
SERIALS = ['a"\\b', "序列-🀄\u20281"]


def names_in(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield from (f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef))


def test_it_names_tests() -> None:
    assert len(NAMED) > 20


@pytest.mark.parametrize("named", NAMED)
def test_every_test_that_it_names_is_there(named: str) -> None:
    path, _, name = named.partition("::")
    assert name in set(names_in(ast.parse((ROOT / path).read_text(encoding="utf-8"))))


def second_reading(submission: Submission) -> bytes:
    """The canonical lines made by the document's rules, and by nothing of the register."""
    found = b""
    for line in submission.lines.select_related("chip_model__vendor").order_by("row"):
        price = line.unit_price_cny
        written: dict[str, Any] = {
            "row": line.row,
            "vendor": line.chip_model.vendor.name,
            "chip_model": line.chip_model.name,
            "quantity": line.quantity,
            "workload": line.workload,
            "status": line.status,
            "acquired_on": line.acquired_on and line.acquired_on.isoformat(),
            "acquisition": line.acquisition,
            "unit_price_cny": None if price is None else f"{price:.2f}",
            "serial_numbers": line.serial_numbers,
            "note": line.note,
        }
        found += json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    return found


@pytest.fixture
def awkward(owner: Operator, settings: Settings, tmp_path: Path) -> Submission:
    """A draft whose cells hold what is written differently by two writers of JSON, if by any."""
    settings.FILES_DIR = tmp_path / "files"
    path = tmp_path / "awkward.csv"
    cells = [NOTE, ";".join(SERIALS)]
    note, serials = ('"' + cell.replace('"', '""') + '"' for cell in cells)
    path.write_text(
        "型号,数量,用途,状态,购置日期,取得方式,单价,序列号,备注\n"
        f"昇腾910B,2,推理,备用,2024-03-05,租赁,120000.5,{serials},{note}\n"
        "H800,1,,,,,,,\n"
        "H800,10000000,,,0987-01-02,,0.01,,-\n",
        encoding="utf-8",
    )
    report, submission = store_draft(
        path=path,
        name=path.name,
        centre=cast.centre(owner=owner),
        period=cast.period(),
        created_by=cast.user("filer", cast.Role.OPERATOR, acts_for=owner),
    )
    assert submission is not None, report.errors
    return submission


@pytest.mark.django_db
def test_a_second_reader_of_its_rules_comes_to_the_same_digest(awkward: Submission) -> None:
    first = awkward.lines.get(row=2)
    assert (first.note, first.serial_numbers, first.unit_price_cny) == (NOTE, SERIALS, Decimal("120000.50"))
    lines = second_reading(awkward)
    assert b"".join(canonical_lines(awkward)) == lines
    assert lines.count(b"\n") == 3
    assert awkward.submitted_by is None
    sent = attest(awkward, by=cast.user("signer", cast.Role.OPERATOR), full_name='Wang "小明" \\ 🀄\u2028')
    assert sent.lines_sha256 == hashlib.sha256(lines).hexdigest()
    told = json.loads(Receipt.objects.get(submission=sent).body)["lines"]
    assert told == {"count": 3, "units": 10_000_003, "sha256": sent.lines_sha256}


@pytest.mark.django_db
def test_a_nil_return_has_the_digest_of_nothing(owner: Operator) -> None:
    by = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    draft = store_nil_draft(centre=cast.centre(owner=owner), period=cast.period(), created_by=by)
    assert attest(draft, by=by, full_name="Li").lines_sha256 == hashlib.sha256(b"").hexdigest()


@pytest.mark.django_db
def test_its_command_works_out_the_digest_of_a_receipt(awkward: Submission, client: Client, tmp_path: Path) -> None:
    assert COMMAND is not None
    signer = awkward.created_by
    assert signer is not None
    attest(awkward, by=signer, full_name='Wang "小明" \\ 🀄\u2028')
    client.force_login(signer)
    path = tmp_path / "receipt.json"
    path.write_bytes(client.get(f"/submissions/{awkward.pk}/received.json").content)
    (program,) = shlex.split(COMMAND[1])
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [Receipt.objects.get(submission=awkward).sha256] * 2
