"""An upload when things break: one submission, a clear state, and nothing lost."""

import io
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings

from centres.models import Centre
from chips import filing_views, submissions, uploads
from chips.models import InventoryLine, Receipt, Submission, Upload
from chips.originals import original
from config.celery import app
from tests import cast, workers
from tests.chips.intake.test_uploads import UPLOADS
from tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 8


@pytest.fixture
def where() -> Centre:
    return cast.centre(owner=cast.operator())


@pytest.fixture
def filer(where: Centre) -> Client:
    client = Client()
    client.force_login(cast.user("filer", cast.Role.OPERATOR, acts_for=where.operator))
    return client


def send(client: Client, content: bytes | None = None, lines: int = 2, units: int = 160) -> Any:
    file = io.BytesIO(content or (UPLOADS / "gbk_excel.csv").read_bytes())
    file.name = "inventory.csv"
    asked = {"period": "2025Q4", "file": file, "declared_lines": lines, "declared_units": units}
    return client.post("/centres/SH-01/file/", asked)


def many(count: int) -> bytes:
    return b"chip_model,quantity\n" + b"Ascend 910B,1\n" * count


def test_with_the_broker_away_a_file_is_received_and_read_when_it_is_back(
    filer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    with workers.broker_away():
        answer = send(filer)
    upload = Upload.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/uploads/{upload.pk}/")
    assert upload.status == "waiting"
    assert "as soon as a reader is free" in filer.get(f"/uploads/{upload.pk}/").content.decode()
    assert original(upload.file_sha256).is_file()
    # What the sweep does, once there is a worker again.
    with workers.running():
        from chips.tasks import read_upload

        read_upload.delay(upload.pk)
        workers.wait_for(lambda: Upload.objects.get().status == "read")
    assert Submission.objects.get().units == 160


def test_the_sweep_rings_for_what_nobody_reads(filer: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    send(filer)
    # As if the ring had been lost with the broker.
    app.control.purge()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE chips_upload SET received_at = received_at - interval '1 minute'")
        cursor.execute("SET session_replication_role = DEFAULT")
    with workers.running(), workers.beating(tmp_path, 1):
        workers.wait_for(lambda: Upload.objects.get().status == "read")


def test_a_worker_killed_while_it_reads_costs_a_moment(filer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    monkeypatch.setattr(uploads, "SILENT_AFTER", uploads.timedelta(seconds=0))
    lines = 200_000
    with workers.running():
        readers = reading_workers()
        send(filer, many(lines), lines, lines)
        workers.wait_for(lambda: Upload.objects.get().lines_read > 0)
        for pid in readers:
            os.kill(pid, signal.SIGKILL)
        upload = Upload.objects.get()
        assert upload.status == "reading"
        assert not Submission.objects.exists()
        page = filer.get(f"/uploads/{upload.pk}/").content.decode()
        assert "It is being read." in page
    report = uploads.read(upload.pk)
    assert report is not None
    assert report.ok
    upload.refresh_from_db()
    assert (upload.status, upload.attempts) == ("read", 2)
    assert Submission.objects.get().units == lines
    assert InventoryLine.objects.count() == lines


def reading_workers() -> list[int]:
    """The processes of the pool of the test's own worker."""
    found: dict[str, Any] = app.control.inspect(timeout=10, limit=1).stats() or {}
    return [pid for stats in found.values() for pid in stats["pool"]["processes"]]


def test_a_file_that_takes_down_every_reader_is_set_aside(filer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    send(filer)
    upload = Upload.objects.get()
    Upload.objects.update(status="reading", attempts=uploads.GREATEST_ATTEMPTS, alive_at=upload.received_at)
    monkeypatch.setattr(uploads, "SILENT_AFTER", uploads.timedelta(seconds=-5))
    assert uploads.read(upload.pk) is None
    assert "It could not be read" in filer.get(f"/uploads/{upload.pk}/").content.decode()
    filer.post(f"/uploads/{upload.pk}/retry/")
    assert uploads.read(upload.pk) is not None
    assert Submission.objects.get().units == 160


def test_a_reader_that_was_taken_for_dead_stores_nothing(filer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    send(filer)
    upload = Upload.objects.get()
    real = submissions.store_draft

    def overtaken(**asked: Any) -> Any:
        monkeypatch.setattr(submissions, "store_draft", real)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(take_over).result(30)
        return real(**asked)

    def take_over() -> None:
        Upload.objects.filter(pk=upload.pk).update(alive_at=upload.received_at - uploads.SILENT_AFTER * 2)
        uploads.read(upload.pk)
        connection.close()

    monkeypatch.setattr(submissions, "store_draft", overtaken)
    assert uploads.read(upload.pk) is None
    assert Submission.objects.count() == 1
    assert InventoryLine.objects.count() == 2


@pytest.mark.usefixtures("worker")
def test_the_same_file_sent_at_the_same_moment_is_one_submission(filer: Client, where: Centre) -> None:
    session = filer.cookies["sessionid"].value

    def call() -> Any:
        client = Client()
        client.cookies["sessionid"] = session
        return send(client)

    answers = at_once([call] * AT_ONCE)
    workers.wait_for(lambda: Upload.objects.filter(status="read").count() == 1)
    assert {answer.status_code for answer in answers} == {302}
    assert Upload.objects.count() == Submission.objects.count() == 1
    assert len({answer.headers["Location"] for answer in answers}) <= 2


def test_the_api_is_sent_the_same_file_at_the_same_moment(where: Centre, settings: Settings) -> None:
    settings.READERS_OF_WEB = AT_ONCE
    by = cast.user("filer", cast.Role.OPERATOR, acts_for=where.operator)
    token = cast.token(by)

    def call() -> Any:
        file = io.BytesIO((UPLOADS / "gbk_excel.csv").read_bytes())
        file.name = "inventory.csv"
        client = Client(headers={"Authorization": f"Token {token}"})
        return client.post("/api/v1/submissions/", {"centre": where.code, "period": "2025Q4", "file": file})

    answers = at_once([call] * AT_ONCE)
    assert [answer.status_code for answer in answers] == [201] * AT_ONCE
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Submission.objects.count() == 1


def test_of_files_sent_at_once_those_are_kept_that_fit_in(where: Centre, settings: Settings, tmp_path: Path) -> None:
    settings.FILES_DIR, settings.STORAGE_PER_OPERATOR_MIB = tmp_path / "files", 1
    settings.READERS_OF_WEB = AT_ONCE
    second = cast.centre("SH-02", owner=where.operator)
    token = cast.token(cast.user("filer", cast.Role.OPERATOR, acts_for=where.operator))

    def call(number: int) -> Any:
        file = io.BytesIO(many(1) + b"\n" * (300_000 + number))
        file.name = "inventory.csv"
        client = Client(headers={"Authorization": f"Token {token}"})
        code = (where, second)[number % 2].code
        return client.post("/api/v1/submissions/", {"centre": code, "period": "2025Q4", "file": file})

    answers = at_once([partial(call, number) for number in range(4)])
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 413]
    assert sum(path.is_file() for path in Path(settings.FILES_DIR).rglob("*")) == 3


def test_two_versions_attested_at_once_are_both_kept_in_an_order(where: Centre) -> None:
    by = cast.user("filer", cast.Role.OPERATOR)
    period = cast.period()
    drafts = [submissions.store_nil_draft(centre=where, period=period, created_by=by) for _ in range(AT_ONCE)]
    found = at_once([partial(submissions.attest, draft, by=by, full_name="Li") for draft in drafts])
    assert sorted(one.version for one in found) == list(range(1, AT_ONCE + 1))
    assert sorted(one.accession_number[-6:] for one in found) == [f"{n:06}" for n in range(1, AT_ONCE + 1)]
    assert [one.accession_number[-6:] for one in sorted(found, key=lambda one: one.version)] == [
        f"{n:06}" for n in range(1, AT_ONCE + 1)
    ]
    assert Receipt.objects.count() == AT_ONCE


def test_one_draft_attested_twice_at_once_is_sent_once(where: Centre) -> None:
    by = cast.user("filer", cast.Role.OPERATOR)
    draft = submissions.store_nil_draft(centre=where, period=cast.period(), created_by=by)
    found = at_once([lambda: submissions.attest(draft, by=by, full_name="Li")] * 4)
    assert sum(isinstance(one, submissions.WrongStatus) for one in found) == 3
    assert Receipt.objects.count() == 1


@pytest.mark.parametrize("step", ["mend", "undo", "discard", "withdraw"])
def test_what_is_attested_while_somebody_mends_it_stands(
    filer: Client, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whichever comes first is done, and the other is told; what has a receipt is never taken back unseen."""
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    send(filer)
    upload = Upload.objects.get()
    uploads.read(upload.pk)
    upload.refresh_from_db()
    draft = upload.submission
    assert draft is not None
    by = upload.sent_by
    slow = submissions.receipts.lines_sha256

    def slowly(submission: Submission) -> str:
        time.sleep(1)
        return slow(submission)

    monkeypatch.setattr(submissions.receipts, "lines_sha256", slowly)
    steps: dict[str, Callable[[], Any]] = {
        "mend": lambda: uploads.mend(upload, [(2, "quantity", "9")], by=by, seen=uploads.fingerprint(upload)),
        "undo": lambda: uploads.undo(upload, by=by),
        "discard": lambda: uploads.discard(upload, by=by),
        "withdraw": lambda: submissions.discard_draft(draft, by=by),
    }

    def later() -> Any:
        time.sleep(0.3)
        return steps[step]()

    attested, other = at_once([lambda: submissions.attest(draft, by=by, full_name="Li Wei"), later])
    draft.refresh_from_db()
    assert draft.status == "submitted", (attested, other)
    assert isinstance(other, submissions.WrongStatus)
    assert Receipt.objects.count() == 1


def test_withdrawing_and_mending_at_once_block_each_other_no_longer_than_they_take(
    filer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    send(filer)
    upload = Upload.objects.get()
    for _ in range(5):
        uploads.read(upload.pk)
        upload.refresh_from_db()
        draft, by = upload.submission, upload.sent_by
        assert draft is not None
        found = at_once([partial(submissions.withdraw, draft, by=by), partial(uploads.undo, upload, by=by)])
        assert not any(isinstance(one, OperationalError) for one in found), found
        if Upload.objects.get().status == "discarded":
            break


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes: a write fails as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    was = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, was)


def test_a_disk_that_is_full_while_the_original_is_kept_stores_nothing(
    filer: Client, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    settings.FILES_DIR = tmp_path / "files"
    with disk_of(1_000):
        answer = send(filer, many(1_000), 1_000, 1_000)
    assert answer.status_code == 422
    assert "disk is full" in answer.content.decode()
    assert not Upload.objects.exists()
    folder = Path(settings.FILES_DIR)
    assert not [path for path in folder.rglob("*") if path.is_file()]
    assert send(filer, many(1_000), 1_000, 1_000).status_code == 302


@pytest.mark.usefixtures("worker")
def test_a_browser_that_closes_finds_its_upload_again(filer: Client) -> None:
    send(filer, many(50_000), 50_000, 50_000)
    # Nobody looks at the page; its sender comes back another day, by the list of what waits for them.
    workers.wait_for(lambda: Upload.objects.get().status == "read")
    assert f"/submissions/{Submission.objects.get().pk}/" in filer.get("/").content.decode()


def test_a_faulty_upload_is_found_again_as_well(filer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    send(filer, b"chip_model,quantity\nnothing,1\n", 1, 1)
    upload = Upload.objects.get()
    uploads.read(upload.pk)
    assert f"/uploads/{upload.pk}/" in filer.get("/").content.decode()
    assert f"/uploads/{upload.pk}/" in filer.get("/centres/SH-01/").content.decode()
