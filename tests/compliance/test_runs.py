"""What had centres determined anew: who follows which run, and who is named in it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from centres.models import Centre
from compliance.models import DeterminationRun
from compliance.requests import request_run
from tests import cast

pytestmark = pytest.mark.django_db


def run_of(cause: str, by: User | None, touched: list[Centre] | None, **subject: Any) -> DeterminationRun:
    keys = None if touched is None else [centre.pk for centre in touched]
    made = request_run(cause=cause, subject=subject, by=by, wanted={cast.period(): keys})
    assert made is not None
    return made


def followed(client: Client, user: User, runs: dict[str, DeterminationRun]) -> set[str]:
    """Which of `runs` the user is shown, in the list and each by itself alike."""
    client.force_login(user)
    listed = client.get(reverse("determination-runs")).content.decode()
    found = {name for name, run in runs.items() if f'/determinations/runs/{run.pk}/"' in listed}
    for name, run in runs.items():
        alone = client.get(reverse("determination-run", args=[run.pk])).status_code
        assert alone == (200 if name in found else 404)
    return found


def test_a_run_of_centres_is_followed_where_one_of_them_is_and_what_is_everybodys_everywhere(client: Client) -> None:
    by = cast.regulator("li.hua")
    here, there = cast.centre("SH-01"), cast.centre("GD-01", region_code="4401")
    runs = {
        "provision": run_of("provision issued", by, None, mandate="SH-2023", provision=1),
        "catalogue": run_of("catalogue decision", by, [there], vendor="Huawei", model="Ascend 910B", chip=1),
        "exempted here": run_of("exemption granted", by, [here], mandate="SH-2023", centre="SH-01"),
        "exempted there": run_of("exemption granted", by, [there], mandate="SH-2023", centre="GD-01"),
        "ended there": run_of("exemption ended", None, [there], mandate="SH-2023", centre="GD-01"),
        "recorded of both": run_of("centre record changed", by, [here, there], centres=2),
        "recorded of others": run_of("centre record changed", by, [there], centres=1),
    }
    everybodys = {"provision", "catalogue"}
    shanghai = cast.user("shanghai", Role.REGULATOR, region_codes=["31"])
    assert followed(client, shanghai, runs) == everybodys | {"exempted here", "recorded of both"}
    page = client.get(reverse("determination-runs")).content.decode()
    # Neither who is elsewhere, nor how many they are.
    assert "GD-01" not in page
    assert "of 2 centres" not in page
    assert "of several centres, some of them in your provinces" in page
    assert followed(client, cast.user("beijing", Role.REGULATOR, region_codes=["11"]), runs) == everybodys
    assert followed(client, cast.analyst(), runs) == runs.keys()
    assert followed(client, by, runs) == runs.keys()
    assert "Something else was recorded of 2 centres" in client.get(reverse("determination-runs")).content.decode()


def test_the_office_is_named_and_no_person(client: Client) -> None:
    run_of("provision issued", cast.regulator("li.hua"), None, mandate="SH-2023", provision=1)
    run_of("provision issued", cast.regional_regulator("31"), None, mandate="SH-2023", provision=1)
    run_of("exemption ended", None, [cast.centre()], mandate="SH-2023", centre="SH-01")
    client.force_login(cast.analyst())
    page = client.get(reverse("determination-runs")).content.decode()
    assert [name for name in ("li.hua", "regional") if name in page] == []
    assert [office in page for office in ("regulator for Shanghai", "the register")] == [True, True]


def test_the_list_costs_the_same_for_every_number_of_runs(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    regional = cast.regional_regulator("31")
    where = cast.centre()
    client.force_login(regional)
    for number in (2, 20):
        DeterminationRun.objects.bulk_create(
            DeterminationRun(
                cause="exemption granted", subject={"mandate": "SH-2023", "centre": where.code},
                requested_by=regional, requested_at=timezone.now(),
            )
            for _ in range(number - DeterminationRun.objects.count())
        )  # fmt: skip
        # Session, user, how many runs, the runs, the regions of those who asked, whether any centre is made up.
        with django_assert_num_queries(6):
            page = client.get(reverse("determination-runs"))
        assert page.content.decode().count("was exempted from SH-2023") == number
