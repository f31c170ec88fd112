"""Rights that are withdrawn in mid-session: the very next request is refused, and what was queued is not done."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from accounts import administration
from accounts.models import Membership, Role, User
from centres.models import Operator
from chips import tasks as filing_tasks
from chips import uploads
from chips.models import Submission, Upload
from compliance import simulate
from compliance import tasks as compliance_tasks
from compliance.models import Mandate, Provision, Simulation
from reports import build
from reports import tasks as report_tasks
from reports.models import ReportRun
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> User:
    return cast.administrator()


def session_of(user: User) -> Client:
    """A session as a browser has one: signed in through the page."""
    client = Client()
    client.post("/accounts/sign-in/", {"login": user.username, "password": cast.PASSWORD})
    return client


def withdraw(user: User, by: User, how: str) -> None:
    now = timezone.now()
    if how == "closed":
        administration.close(user, reason="x", by=by, now=now)
    elif how == "another role":
        rights = administration.Rights(Role.ANALYST)
        administration.assign(user, rights=rights, from_on=timezone.localdate(now), reason="x", by=by, now=now)
    else:
        membership = Membership.objects.get(user=user)
        last_on = timezone.localdate(now) - timedelta(days=1)
        administration.end_acting(membership, last_on=last_on, by=by)


WAYS = ("closed", "another role", "acts no more")


@pytest.mark.parametrize("how", WAYS)
def test_the_very_next_request_is_refused(owner: Operator, administrator: User, how: str) -> None:
    filer = cast.user("filer", Role.OPERATOR, acts_for=owner)
    draft = cast.file(cast.centre(owner=owner), cast.period(), status="draft", by=filer, ascend=8)
    browser, token = session_of(filer), Client(headers={"Authorization": f"Token {cast.token(filer)}"})
    page, resource = f"/submissions/{draft.pk}/", f"/api/v1/submissions/{draft.pk}/"
    assert browser.get(page).status_code == token.get(resource).status_code == 200
    withdraw(filer, administrator, how)
    refused = {"closed": (302, 401)}.get(how, (404, 404))
    assert (browser.get(page).status_code, token.get(resource).status_code) == refused
    assert browser.post(f"{page}withdraw/").status_code in (302, 403, 404)
    assert token.post(f"{resource}withdraw/").status_code in (401, 403, 404)
    draft.refresh_from_db()
    assert draft.status == "draft"


@pytest.mark.parametrize("how", WAYS)
def test_a_file_that_waits_to_be_read_becomes_no_draft(
    owner: Operator, administrator: User, how: str, tmp_path: Path
) -> None:
    filer, other = (cast.user(name, Role.OPERATOR, acts_for=owner) for name in ("filer", "other"))
    centre = cast.centre(owner=owner)
    with override_settings(FILES_DIR=tmp_path), tempfile.NamedTemporaryFile(suffix=".csv") as file:
        path = Path(file.name)
        path.write_text("chip_model,quantity\nH800,8\n")

        def sent(by: User) -> Upload:
            return uploads.receive(
                path=path, name="a.csv", centre=centre, period=cast.period(), sent_by=by,
                received_at=timezone.now(), ring=False,
            )  # fmt: skip

        waiting = sent(filer)
        withdraw(filer, administrator, how)
        filing_tasks.read_upload(waiting.pk)
        waiting.refresh_from_db()
        assert (waiting.status, Submission.objects.count()) == ("discarded", 0)
        # Others of the operator send it in their own name.
        again = sent(other)
        filing_tasks.read_upload(again.pk)
        assert Submission.objects.get().created_by == other


def test_a_report_that_waits_is_not_built(administrator: User) -> None:
    analyst = cast.analyst()
    run = build.request_run(period=cast.period(), requested_by=analyst)
    withdraw(analyst, administrator, "closed")
    report_tasks.build_report(run.pk)
    run.refresh_from_db()
    assert (run.status, run.file_sha256) == ("failed", "")
    report_tasks.sweep_report_runs()
    assert ReportRun.objects.get().attempts == 1


def test_a_simulation_that_waits_is_not_done(administrator: User) -> None:
    regulator = cast.regional_regulator("31")
    mandate = Mandate.objects.get(code="SH-2023")
    rule = Provision.objects.issued().get(mandate=mandate).rule
    waiting = simulate.request_simulation(by=regulator, mandate=mandate, rule=rule, period=cast.period())
    withdraw(regulator, administrator, "closed")
    compliance_tasks.fulfil_simulation(waiting.pk)
    left = Simulation.objects.get()
    assert (left.status, left.result) == ("failed", None)
