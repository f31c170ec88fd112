"""`errors.xlsx`: what an operator sent, with what was found marked in its cells."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.http import FileResponse, Http404

from accounts.rest import label_of
from chips.intake.check import Report
from chips.intake.faults import Fault
from chips.marked.child import marked_workbook
from chips.models import Submission, Upload
from chips.originals import original

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def errors_of_upload(upload: Upload, language: str) -> FileResponse:
    """The workbook of an upload that was read, as it is mended by now; raises `Http404` before it is."""
    if upload.report is None:
        raise Http404
    report = Report.from_data(upload.report)
    return _answer(upload, [*report.errors, *report.warnings], upload.corrections, language)


def errors_of_submission(submission: Submission, language: str) -> FileResponse:
    """The workbook of a submission with a file: it has no errors, but what was noticed."""
    found = [Fault.from_data(data) for data in submission.warnings]
    return _answer(submission, found, submission.corrections, language)


def _answer(
    sent: Upload | Submission, faults: Sequence[Fault], corrections: Sequence[Mapping[str, Any]], language: str
) -> FileResponse:
    content = marked_workbook(
        original(sent.file_sha256),
        faults=faults,
        language=language,
        corrections={(made["row"], made["column"]): made["corrected"] for made in corrections},
    )
    name = f"{Path(label_of(sent.file_name)).stem or 'inventory'} errors.xlsx"
    return FileResponse(content, as_attachment=True, filename=name, content_type=XLSX)
