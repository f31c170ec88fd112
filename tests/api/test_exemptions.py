"""Exemptions by the API: read by whom they concern, granted and revoked by regulators, once."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from compliance.determine import determine
from compliance.models import DeterminationRun, Exemption
from tests import cast
from tests.api.register import Register
from tests.api.test_api_contract import refused

GRANT: dict[str, Any] = {
    "centre": "SH-02", "mandate": "CN-2025", "from_on": "2025-07-01", "to_on": "2026-06-30", "threshold": "0.4",
    "reason": "Moving to Ascend.",
}  # fmt: skip
CHANGED = "changed_meanwhile"


def granted(register: Register, **changed: Any) -> Any:
    """Proposed by one regulator and granted by another: the answer to the latter."""
    key = proposed(register, **changed).json()["id"]
    register.people.setdefault("second", User.objects.filter(username="second").first() or cast.regulator("second"))
    return register.post("second", f"exemptions/{key}/approve/")


def proposed(register: Register, **changed: Any) -> Any:
    return register.post("regulator", "exemptions/", GRANT | changed)


def test_what_is_proposed_is_told_with_its_share_exactly_and_no_person(register: Register) -> None:
    response = proposed(register, threshold="0.499999999")
    assert response.status_code == 201
    made = response.json()
    assert made["threshold"] == {"numerator": 499999999, "denominator": 10**9, "percent": "49.9999"}
    assert (made["centre"], made["mandate"], made["ends_on"], made["reason"]) == (
        "SH-02", "CN-2025", "2026-06-30", "Moving to Ascend.",
    )  # fmt: skip
    assert "regulator" not in response.content.decode()
    assert (made["status"], made["state"], made["granted_at"]) == ("proposed", "proposed", None)
    assert register.client("regulator").get(response["Location"]).json() == made
    assert Exemption.objects.get(pk=made["id"]).proposed_by == register.people["regulator"]
    assert not DeterminationRun.objects.exists()


def test_another_grants_what_was_proposed_and_nobody_their_own(register: Register) -> None:
    key = proposed(register).json()["id"]
    address = f"exemptions/{key}/approve/"
    refused(register.post("regulator", address), 409, "own_proposal")
    early = register.post("regulator", f"exemptions/{key}/revoke/", {"from_on": "2026-01-01", "reason": "Why."})
    refused(early, 409, "never_granted")
    # Until then nobody but regulators learns of it, and it is not among those that were granted.
    for who in ("rival", "analyst"):
        assert register.get(who, f"exemptions/{key}/").status_code == 404
    assert key not in [one["id"] for one in register.get("regulator", "exemptions/").json()["results"]]
    assert [one["id"] for one in register.get("regulator", "exemptions/", state="proposed").json()["results"]] == [key]
    register.people["second"] = cast.regulator("second")
    told = register.post("second", address)
    assert (told.status_code, told.json()["status"], told.json()["reason"]) == (200, "granted", "Moving to Ascend.")
    assert Exemption.objects.get(pk=key).granted_by == register.people["second"]
    assert DeterminationRun.objects.get().subject["exemption"] == key
    assert refused(register.post("second", address), 409, "no_longer_proposed")["exemption_status"] == "granted"


def test_the_same_proposal_sent_again_is_proposed_once(register: Register) -> None:
    first, second = (
        register.post("regulator", "exemptions/", GRANT, **{"Idempotency-Key": "once"}) for _number in range(2)
    )
    assert first.json() == second.json()
    assert first["Location"] == second["Location"]
    assert Exemption.objects.filter(centre=register.theirs).count() == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"to_on": "2025-06-30"}, "to_on"),
        ({"to_on": "2025-02-30"}, "to_on"),
        ({"threshold": "0.5"}, "threshold"),
        ({"threshold": "0"}, "threshold"),
        # A number with a point is not exact.
        ({"threshold": 0.4}, "threshold"),
        ({"threshold": "0.4000000001"}, "threshold"),
        ({"threshold": "NaN"}, "threshold"),
        ({"reason": ""}, "reason"),
        ({"reason": None}, "reason"),
        ({"centre": "SH-99"}, "centre"),
        ({"mandate": "NO"}, "mandate"),
        ({"from_on": "2024-01-01", "to_on": "2024-12-31"}, "mandate"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(register: Register, changed: dict[str, Any], field: str) -> None:
    response = proposed(register, **changed)
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert not Exemption.objects.filter(centre=register.theirs).exists()


def test_a_threshold_is_never_left_out(register: Register) -> None:
    body = {name: value for name, value in GRANT.items() if name != "threshold"}
    response = register.post("regulator", "exemptions/", body)
    assert list(response.json()["errors"]) == ["threshold"]
    assert granted(register, threshold=None).json()["threshold"] is None


def test_a_centre_beyond_the_regulators_provinces_does_not_exist(register: Register) -> None:
    foreign, unknown = (
        register.post("regional", "exemptions/", GRANT | {"centre": code}) for code in ("SH-02", "SH-99")
    )
    assert foreign.status_code == unknown.status_code == 400
    assert foreign.content.replace(b"SH-02", b"") == unknown.content.replace(b"SH-99", b"")
    cast.centre("BJ-91", region_code="1101")
    assert register.post("regional", "exemptions/", GRANT | {"centre": "BJ-91"}).status_code == 201


def test_it_is_revoked_once_from_a_day_that_it_covers(register: Register) -> None:
    key = granted(register).json()["id"]
    body = {"from_on": "2026-01-01", "reason": "Not kept to."}
    too_late = register.post("regulator", f"exemptions/{key}/revoke/", body | {"from_on": "2026-07-01"})
    assert list(too_late.json()["errors"]) == ["from_on"]
    revoked = register.post("regulator", f"exemptions/{key}/revoke/", body)
    assert revoked.status_code == 200
    told = revoked.json()
    assert (told["state"], told["ends_on"], told["to_on"], told["revocation_reason"]) == (
        "revoked", "2025-12-31", "2026-06-30", "Not kept to.",
    )  # fmt: skip
    again = register.post("regulator", f"exemptions/{key}/revoke/", body)
    assert refused(again, 409, "already_revoked")["revoked_from_on"] == "2026-01-01"


def test_the_list_is_filtered(register: Register) -> None:
    key = granted(register).json()["id"]

    def found(**query: str) -> list[int]:
        return [one["id"] for one in register.get("analyst", "exemptions/", **query).json()["results"]]

    both = [register.exemption.pk, key]
    assert found() == both
    assert found(centre="SH-02") == found(mandate="CN-2025") == [key]
    assert found(region="31") == both
    assert found(region="11") == found(state="revoked") == []
    state = register.get("analyst", f"exemptions/{key}/").json()["state"]
    assert key in found(state=state)
    refused(register.get("analyst", "exemptions/", state="lost"), 400, "invalid_parameter")


def test_the_rival_reads_its_own_alone(register: Register) -> None:
    key = granted(register).json()["id"]
    assert [one["id"] for one in register.get("rival", "exemptions/").json()["results"]] == [key]
    assert register.get("rival", "exemptions/", centre="SH-01").json()["results"] == []


@pytest.mark.parametrize("centres", [2, 20])
def test_a_page_costs_the_same_for_every_number_of_exemptions(
    register: Register, centres: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(centres):
        cast.centre(f"SH-9{number:02}")
        granted(register, centre=f"SH-9{number:02}")
    client = register.client("analyst")
    # 1: who asks, by the token; 2: the page.
    with django_assert_num_queries(2):
        client.get("/api/v1/exemptions/")


def effects(register: Register, who: str, key: int, **query: str) -> Any:
    return register.get(who, f"exemptions/{key}/effects/", **query)


def test_what_granting_and_revoking_would_change_is_told_before(register: Register) -> None:
    cast.file(register.theirs, cast.period(), ascend=45, h800=55)
    determine(period=cast.period(), cause="test")
    key = proposed(register).json()["id"]
    told = effects(register, "regulator", key).json()
    flip = {"centre": "SH-02", "mandate": "CN-2025", "period": "2025Q4"}
    assert told["flips"] == [flip | {"before": "non_compliant", "after": "compliant"}]
    assert told["changes"] == [{"before": "non_compliant", "after": "compliant", "count": 1}]
    assert (told["judged"], "2025Q4" in told["periods"], told["illustrative"]) == (1, True, [])
    assert Exemption.objects.get(pk=key).granted_at is None
    register.people["second"] = cast.regulator("second")
    assert register.post("second", f"exemptions/{key}/approve/", {"seen": told["seen"]}).status_code == 200
    refused(effects(register, "regulator", key), 409, "no_longer_proposed")
    back = effects(register, "regulator", key, revoked_from="2025-07-01").json()
    assert back["flips"] == [flip | {"before": "compliant", "after": "non_compliant"}]
    later = effects(register, "regulator", key, revoked_from="2026-01-01").json()
    assert later["flips"] == []
    body = {"from_on": "2025-07-01", "reason": "Not kept to."}
    address = f"exemptions/{key}/revoke/"
    told = refused(register.post("regulator", address, body | {"seen": later["seen"]}), 409, CHANGED)
    assert "Nothing was done" in told["detail"]
    assert register.post("regulator", address, body | {"seen": back["seen"]}).status_code == 200
    refused(effects(register, "regulator", key, revoked_from="2025-07-01"), 409, "already_revoked")


def test_what_changes_something_else_by_then_is_not_granted(register: Register) -> None:
    cast.file(register.theirs, cast.period(), ascend=45, h800=55)
    key = proposed(register).json()["id"]
    seen = effects(register, "regulator", key).json()["seen"]
    cast.file(register.theirs, cast.period(), ascend=10, h800=55)
    register.people["second"] = cast.regulator("second")
    refused(register.post("second", f"exemptions/{key}/approve/", {"seen": seen}), 409, CHANGED)
    assert Exemption.objects.get(pk=key).granted_at is None


def test_of_what_was_never_granted_no_revocation_is_told_and_a_day_is_one(register: Register) -> None:
    key = proposed(register).json()["id"]
    refused(effects(register, "regulator", key, revoked_from="2026-01-01"), 409, "never_granted")
    wrong = effects(register, "regulator", register.exemption.pk, revoked_from="2026-02-30")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["revoked_from"])
    assert effects(register, "analyst", key).status_code == 404
    assert effects(register, "analyst", register.exemption.pk).status_code == 403


def test_no_revocation_is_told_of_a_day_that_it_does_not_cover(register: Register) -> None:
    key = granted(register).json()["id"]
    for day in ("2025-06-30", "2026-07-01"):
        wrong = effects(register, "regulator", key, revoked_from=day)
        assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["revoked_from"])
        # What is wrong by itself is said so, whatever was looked at.
        body = {"from_on": day, "reason": "Not kept to.", "seen": "0" * 64}
        wrong = register.post("regulator", f"exemptions/{key}/revoke/", body)
        assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["from_on"])
    for day in ("2025-07-01", "2026-06-30"):
        assert effects(register, "regulator", key, revoked_from=day).status_code == 200
