"""Asking for a report, watching it, and taking it away."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from compliance.determine import determine
from reports import build
from reports.models import ReportRun
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings: Settings, tmp_path: Path) -> None:
    settings.FILES_DIR = tmp_path / "files"


def test_an_analyst_asks_watches_and_downloads(client: Client) -> None:
    cast.file(cast.centre(), cast.period(), ascend=1)
    determine(period=cast.period(), cause="test")
    client.force_login(cast.analyst())
    assert "No report has been built yet." in client.get("/reports/").content.decode()
    page = client.post("/reports/", {"period": "2025Q4"})
    run = ReportRun.objects.get()
    assert page.headers["Location"] == f"/reports/runs/{run.pk}/"
    assert client.get(f"/reports/runs/{run.pk}/download/").status_code == 404
    progress = client.get(f"/reports/runs/{run.pk}/", headers={"HX-Request": "true", "HX-Target": "progress"})
    assert 'hx-trigger="every 1s"' in progress.content.decode()
    build.build(run.pk)
    done = client.get(f"/reports/runs/{run.pk}/", headers={"HX-Request": "true", "HX-Target": "progress"})
    run.refresh_from_db()
    assert "every 1s" not in done.content.decode()
    assert run.file_sha256 in done.content.decode()
    answer: Any = client.get(f"/reports/runs/{run.pk}/download/")
    assert b"".join(answer.streaming_content) == build.sealed_file(run).read_bytes()


@pytest.mark.parametrize("who", ["operator", "administrator", "regional regulator"])
def test_who_does_not_see_the_country_gets_no_national_report(client: Client, who: str) -> None:
    run = build.request_run(period=cast.period(), requested_by=cast.analyst())
    build.build(run.pk)
    users = {
        "operator": lambda: cast.user("filer", cast.Role.OPERATOR, acts_for=cast.operator()),
        "administrator": cast.administrator,
        "regional regulator": lambda: cast.regional_regulator("31"),
    }
    client.force_login(users[who]())
    for path in ("", "download/"):
        assert client.get(f"/reports/runs/{run.pk}/{path}").status_code == 404
    assert client.get("/reports/").status_code in (403, 404)
    assert client.post("/reports/", {"period": "2025Q4"}).status_code in (403, 404)
    assert ReportRun.objects.count() == 1
