"""One key, eight requests at the same moment: one effect."""

from pathlib import Path

import pytest
from pytest_django import Settings

from chips.models import Submission
from tests import cast
from tests.api.register import make_register
from tests.together import at_once


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_under_one_key_have_one_effect(settings: Settings, tmp_path: Path) -> None:
    settings.FILES_DIR = tmp_path / "files"
    register = make_register()
    before = Submission.objects.count()
    register.client("owner")

    def send() -> tuple[int, bytes]:
        response = register.upload("owner", "plain.csv", {"Idempotency-Key": "one"})
        return response.status_code, response.content

    answers = set(at_once([send] * 8))
    assert [status for status, _ in answers] == [201]
    assert Submission.objects.count() == before + 1
    assert cast.period().submissions.filter(status="draft").count() == 2
