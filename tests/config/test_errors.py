"""A defect of ours is answered in the asker's form and tells nothing of our code."""

import pytest
from django.test import Client

from tests import cast


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "content_type"),
    [("/api/v1/me/", "application/problem+json"), ("/mandates/SH-2023/", "text/html; charset=utf-8")],
)
def test_it_hides_the_defect_and_says_so(monkeypatch: pytest.MonkeyPatch, address: str, content_type: str) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("accounts.api.MeSerializer.to_representation", fail)
    monkeypatch.setattr("compliance.mandate_views.sort_out", fail)
    client = Client(raise_request_exception=False)
    client.force_login(cast.analyst())
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, content_type)
    assert b"secret detail" not in answer.content
    assert b"half stored" in answer.content
