"""What a worker writes into its log: what was done and what failed, by keys; nothing of what operators filed."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts import invitations
from accounts.models import Invitation, Membership, Role, User
from centres.models import Centre
from centres.tasks import sweep_invitations
from chips import filing_views
from compliance import requests
from compliance.models import DeterminationRequest
from reports import build
from reports.models import ReportRun
from tests import cast, workers
from tests.access.estates import LINES, QUARTZ
from tests.access.test_canary import pattern
from tests.chips.mail_server import serving
from tests.faults.test_forged_messages import all_taken

pytestmark = pytest.mark.django_db(transaction=True)
OF_QUARTZ = pattern([QUARTZ.mark], QUARTZ.primes)
# The way of an error through the code is the same whoever it came from.
_TRACE = re.compile(r'Traceback \(most recent call last\):|  File "[^"]+", line \d+, in .+|    .+')
_AT = r"\[[\d :,-]+: (?:WARNING|ERROR)/[\w-]+\] "
_BROKEN = r'new row for relation "\w+" violates check constraint "planted"'
# What failed, by its key, and which rule of the database it broke.
_SAID = [
    re.compile(line)
    for line in (
        rf"{_AT}Task [\w.]+\[[0-9a-f-]+\] raised unexpected: CheckViolation\('{_BROKEN}'\)",
        rf"{_AT}(?:Determination request|Report run) \d+ failed",
        rf"{_AT}Invitation \d+ was not sent: SMTPRecipientsRefused 451",
        rf"psycopg2\.errors\.CheckViolation: {_BROKEN}",
        r"worker: Warm shutdown \(MainProcess\)",
    )
]


@pytest.fixture
def centre(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Centre:
    """Quartz's, for which something is filed; a worker of its own reads where the register keeps files."""
    settings.FILES_DIR = settings.VAR_DIR / "files"
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    made = cast.centre(
        QUARTZ.code, owner=cast.operator(f"{QUARTZ.mark} Computing"), region_code=QUARTZ.region,
        capacity=QUARTZ.capacity, power=QUARTZ.power, reason=f"{QUARTZ.mark} was founded.",
    )  # fmt: skip
    cast.file(made, cast.period(), ascend=QUARTZ.ascend, h800=QUARTZ.h800)
    return made


@contextmanager
def nothing_taken(*tables: str) -> Iterator[None]:
    """No row is taken by `tables`, as if each broke a rule of theirs."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT planted CHECK (false) NOT VALID")
        try:
            yield
        finally:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT planted")


def file(centre: Centre, files: User) -> None:
    content = io.BytesIO(LINES.format(**QUARTZ.__dict__).encode())
    content.name = f"{QUARTZ.mark}.csv"
    asked = {"period": "2026Q1", "file": content, "declared_lines": 3, "declared_units": QUARTZ.primes[-1]}
    assert cast.signed_in(files).post(f"/centres/{centre.code}/file/", asked).status_code == 302


def test_it_tells_by_keys_what_failed_and_nothing_of_what_an_operator_filed(centre: Centre, tmp_path: Path) -> None:
    mark, log = QUARTZ.mark, tmp_path / "log"
    assert centre.operator is not None
    files = cast.user(f"{mark}-files", Role.OPERATOR, acts_for=centre.operator, email=f"{mark}@example.test")
    Membership.objects.update(is_lead=True)
    invitations.invite(
        operator_id=centre.operator.pk, email=f"{mark}-asked@example.test", is_lead=False, language="en", by=files,
        now=timezone.now(),
    )  # fmt: skip
    with serving() as server, nothing_taken("chips_inventoryline", "compliance_determination"):
        server.refuses = "RCPT"
        mails = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(server.port), "SITE_URL": "https://a.example",
                 "DEFAULT_FROM_EMAIL": "register@example.org"}  # fmt: skip
        with workers.running(log, **mails):
            file(centre, files)
            sweep_invitations.delay()
            requests.request_determination(period=cast.period(), centres=[centre.pk], cause="test")
            build.request_run(period=cast.period(), requested_by=cast.regulator())
            workers.wait_for(all_taken)
    assert Invitation.objects.get().last_error
    for kept in (DeterminationRequest.objects.get().last_error, ReportRun.objects.get().last_error):
        assert kept
        assert not OF_QUARTZ.search(kept), kept
    # What it says as it starts, of itself, ends with its queues.
    said = log.read_text().partition("key=celery")[2]
    assert not OF_QUARTZ.search(said), said
    known = (_TRACE, *_SAID)
    odd = [line for line in said.splitlines() if line.strip() and not any(one.fullmatch(line) for one in known)]
    assert not odd, "\n".join(odd)
    for told in ("chips.tasks.read_upload", "Determination request", "Report run", "Invitation"):
        assert told in said
