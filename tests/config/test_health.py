"""The two addresses that supervisors ask."""

import pytest
from django.conf import settings
from django.test import Client


def test_healthz_answers_without_a_login(client: Client) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_readyz_says_which_part_is_missing(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": True, "broker": True, "worker": False}


@pytest.mark.django_db
def test_readyz_names_a_broker_that_is_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    assert client.get("/readyz").json() == {"database": True, "broker": False, "worker": False}
