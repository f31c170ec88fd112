"""A provision with any wrong part is refused by the page at its field and by the API at its place, in one message."""

import copy
import html
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.test import Client

from accounts.models import User
from compliance.engine import DocumentFault, check_date, check_provision, check_scope, check_text
from compliance.models import Mandate, Provision, Simulation
from tests import cast
from tests.compliance.written import FORM, document

pytestmark = pytest.mark.django_db
Check = Callable[[Any, str], None]
PAGE = "/mandates/SH-2023/write/"
API = "/api/v1/mandates/SH-2023/"


class Wrong(NamedTuple):
    """What is wrong: typed into which field of the page, or sent as what at which place of the document."""

    field: str
    typed: Any
    place: str
    value: Any
    # Where the fault is, as far as that lies below the place.
    below: str = ""
    # Whether the engine itself refuses it; else it is what the register knows beyond the contract.
    by_engine: bool = True
    # What else is typed and sent, so that the part is wrong.
    typed_with: dict[str, Any] | None = None
    with_values: dict[str, Any] | None = None

    @property
    def pointer(self) -> str:
        return self.place + self.below

    def form(self) -> dict[str, Any]:
        return FORM | (self.typed_with or {}) | {self.field: self.typed}

    def document(self) -> dict[str, Any]:
        made = copy.deepcopy(document())
        for place, value in [*(self.with_values or {}).items(), (self.place, self.value)]:
            put(made, place, value)
        return made


def put(made: Any, pointer: str, value: Any) -> None:
    *way, last = pointer.split("/")[1:]
    for key in way:
        made = made[int(key)] if isinstance(made, list) else made[key]
    made[int(last) if isinstance(made, list) else last] = copy.deepcopy(value)


POPULATION, SCOPE, STEP = "/rule/population", "/rule/scope", "/rule/steps/0"
BY_HAND: dict[str, Any] = {
    "typed_with": {"is_by_hand": "on"},
    "with_values": {
        "/case_by_case": dict.fromkeys(
            ("kinds", "regions", "ownership", "state_funded", "commissioned_from", "commissioned_to", "progress_under")
        )
    },
}
WRONG = [
    Wrong("from_on", "", "/from_on", ""),
    Wrong("from_on", "1 October", "/from_on", "1 October"),
    Wrong("from_on", "2025-02-30", "/from_on", "2025-02-30"),
    Wrong("from_on", "2025-1-1", "/from_on", "2025-1-1"),
    # From this day a provision is issued already.
    Wrong("from_on", "2023-03-01", "/from_on", "2023-03-01", by_engine=False),
    Wrong("metric", "weight", "/rule/metric", "weight"),
    Wrong("metric", "", "/rule/metric", ""),
    Wrong("origin_rule", "owner", "/rule/origin_rule", "owner"),
    Wrong("domestic", "China", "/rule/domestic", ["China"], "/0"),
    Wrong("domestic", "CN, cn", "/rule/domestic", ["CN", "cn"], "/1"),
    Wrong("domestic", "", "/rule/domestic", [], by_engine=False),
    Wrong("classes", ["accelerator", "gpu"], f"{POPULATION}/classes", ["accelerator", "gpu"], "/1", by_engine=False),
    Wrong("workloads", ["gaming"], f"{POPULATION}/workloads", ["gaming"], "/0", by_engine=False),
    Wrong("statuses", ["broken"], f"{POPULATION}/statuses", ["broken"], "/0", by_engine=False),
    Wrong("acquired_from", "2025-13-01", f"{POPULATION}/acquired_from", "2025-13-01"),
    Wrong("acquired_from", "long ago", f"{POPULATION}/acquired_from", "long ago"),
    Wrong("scope-kinds", ["palace"], f"{SCOPE}/kinds", ["palace"], "/0", by_engine=False),
    Wrong("scope-ownership", ["unknown"], f"{SCOPE}/ownership", ["unknown"], "/0", by_engine=False),
    Wrong("scope-provinces", ["31", "99"], f"{SCOPE}/regions", ["31", "99"], "/1", by_engine=False),
    Wrong("scope-prefixes", "31x", f"{SCOPE}/regions", ["31", "31x"], "/1"),
    Wrong("scope-prefixes", "1101, 1234567", f"{SCOPE}/regions", ["31", "1101", "1234567"], "/2"),
    Wrong("scope-prefixes", "9901", f"{SCOPE}/regions", ["31", "9901"], "/1", by_engine=False),
    Wrong("scope-state_funded", "perhaps", f"{SCOPE}/state_funded", "perhaps"),
    Wrong("scope-commissioned_from", "soon", f"{SCOPE}/commissioned_from", "soon"),
    Wrong("scope-commissioned_to", "2025-02-29", f"{SCOPE}/commissioned_to", "2025-02-29"),
    Wrong(
        "scope-commissioned_to", "2024-01-01", f"{SCOPE}/commissioned_to", "2024-01-01", by_engine=False,
        typed_with={"scope-commissioned_from": "2024-01-02"}, with_values={f"{SCOPE}/commissioned_from": "2024-01-02"},
    ),
    Wrong("scope-progress_under", "thirty", f"{SCOPE}/progress_under", "thirty"),
    Wrong("scope-progress_under", "1e2", f"{SCOPE}/progress_under", "1e2"),
    Wrong("scope-progress_under", "-1", f"{SCOPE}/progress_under", "-1"),
    Wrong("scope-progress_under", "30.0000000001", f"{SCOPE}/progress_under", "30.0000000001"),
    Wrong("step-0-day", "", f"{STEP}/from", ""),
    Wrong("step-0-day", "2025-00-01", f"{STEP}/from", "2025-00-01"),
    Wrong("step-0-comparator", "under", f"{STEP}/comparator", "under"),
    Wrong("step-0-threshold", "", f"{STEP}/threshold", ""),
    Wrong("step-0-threshold", "50", f"{STEP}/threshold", "50"),
    Wrong("step-0-threshold", "100.0000001%", f"{STEP}/threshold", "1.000000001"),
    Wrong("step-0-threshold", "33.33333333%", f"{STEP}/threshold", "0.3333333333"),
    Wrong("step-0-threshold", "-5%", f"{STEP}/threshold", "-5%"),
    Wrong("step-0-threshold", "0,5", f"{STEP}/threshold", "0,5"),
    Wrong("step-0-threshold", "half", f"{STEP}/threshold", "half"),
    # Beside a sound step, a wrong one; and one that begins on its day.
    Wrong(
        "step-7-threshold", "2", "/rule/steps/1/threshold", "2",
        typed_with={"step-7-day": "2027-01-01", "step-7-comparator": "over"},
        with_values={"/rule/steps": [
            {"from": "2025-10-01", "comparator": "at_least", "threshold": "0.6"},
            {"from": "2027-01-01", "comparator": "over", "threshold": "2"},
        ]},
    ),
    Wrong(
        "step-7-day", "2025-10-01", "/rule/steps/1/from", "2025-10-01",
        typed_with={"step-7-threshold": "0.7", "step-7-comparator": "over"},
        with_values={"/rule/steps": [
            {"from": "2025-10-01", "comparator": "at_least", "threshold": "0.6"},
            {"from": "2027-01-01", "comparator": "over", "threshold": "0.7"},
        ]},
    ),
    Wrong("by_hand-kinds", ["palace"], "/case_by_case/kinds", ["palace"], "/0", by_engine=False, **BY_HAND),
    Wrong("by_hand-progress_under", "most", "/case_by_case/progress_under", "most", **BY_HAND),
    Wrong("by_hand-state_funded", "1", "/case_by_case/state_funded", "1", **BY_HAND),
    Wrong("legal_text", "", "/legal_text", "", by_engine=False),
    Wrong("legal_text", "x" * 20_001, "/legal_text", "x" * 20_001, by_engine=False),
    Wrong("legal_text", "a\0b", "/legal_text", "a\0b", by_engine=False),
    Wrong("legal_text_zh", "文" * 20_001, "/legal_text_zh", "文" * 20_001, by_engine=False),
    Wrong("citation", "x" * 20_001, "/citation", "x" * 20_001, by_engine=False),
    Wrong("link", "javascript:alert(1)", "/link", "javascript:alert(1)", by_engine=False),
    Wrong("link", "ftp://example.org/", "/link", "ftp://example.org/", by_engine=False),
    Wrong("link", "https://example.org/" + "x" * 500, "/link", "https://example.org/" + "x" * 500, by_engine=False),
]  # fmt: skip


def said_by_engine(made: dict[str, Any], pointer: str) -> DocumentFault | None:
    """The engine's own fault of the part that `pointer` lies in; None where it finds none."""
    part = pointer.split("/")[1]
    checks: dict[str, Check] = {"rule": check_provision, "case_by_case": check_scope, "from_on": check_date}
    check = checks.get(part, check_text)
    try:
        check(made[part], f"/{part}")
    except DocumentFault as fault:
        return fault
    return None


def send(user: User, address: str, body: Any) -> Any:
    token = cast.token(user)
    headers = {"Authorization": f"Token {token}"}
    return Client(headers=headers).post(API + address, body, content_type="application/json")


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.field}={str(wrong.typed)[:20]!r}")
def test_page_api_and_engine_refuse_it_with_one_message(client: Client, regulator: User, wrong: Wrong) -> None:
    before = Provision.objects.count()
    answered = send(regulator, "provisions/", wrong.document())
    assert answered.status_code == 400
    said = answered.json()
    assert [fault["path"] for fault in said["faults"]] == [said["path"]] == [wrong.pointer]
    fault = said_by_engine(wrong.document(), wrong.pointer)
    if wrong.by_engine:
        assert fault is not None
        assert (said["code"], said["path"], said["detail"]) == (fault.code, fault.path, fault.message)
    else:
        assert fault is None
    client.force_login(regulator)
    page = client.post(PAGE, wrong.form())
    assert page.status_code == 422
    assert errors_by_field(page.content.decode()) == {wrong.field: [said["detail"]]}
    assert Provision.objects.count() == before


def errors_by_field(page: str) -> dict[str, list[str]]:
    """What a page says beside its fields, by the field's name."""
    found = {}
    for name, block in re.findall(r'<div id="id_([\w-]+)_error">(.*?)</div>(?:</div>|</fieldset>)', page, re.DOTALL):
        if messages := re.findall(r'<div class="invalid-feedback d-block">(.*?)(?:</div>|$)', block, re.DOTALL):
            found[name] = [html.unescape(message) for message in messages]
    return found


@pytest.mark.parametrize(
    "wrong",
    [wrong for wrong in WRONG if wrong.place.startswith("/rule")],
    ids=lambda wrong: f"{wrong.field}={str(wrong.typed)[:20]!r}",
)
def test_writing_and_trying_refuse_a_wrong_rule_with_one_body(regulator: User, wrong: Wrong) -> None:
    written, tried = both(regulator, wrong.document())
    assert written.json() == tried.json()


def both(regulator: User, made: dict[str, Any]) -> tuple[Any, Any]:
    """The answers to writing a provision and to trying its rule, both refused."""
    before = Simulation.objects.count()
    written = send(regulator, "provisions/", made)
    tried = send(regulator, "simulate/", {"period": "2025Q4", "rule": made["rule"]})
    assert (written.status_code, tried.status_code, Simulation.objects.count()) == (400, 400, before)
    return written, tried


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("/from_on", None, "wrong_type"),
        ("/from_on", 20251001, "wrong_type"),
        ("/rule", None, "wrong_type"),
        ("/rule", [], "wrong_type"),
        ("/rule", {}, "missing_key"),
        ("/rule/extra", 1, "unknown_key"),
        ("/rule/a~1b", 1, "unknown_key"),
        ("/rule/\ud800", 1, "unknown_key"),
        ("/rule/metric", None, "wrong_type"),
        ("/rule/domestic", "CN", "wrong_type"),
        ("/rule/domestic", [None], "wrong_type"),
        ("/rule/population", None, "wrong_type"),
        ("/rule/population/classes", "accelerator", "wrong_type"),
        ("/rule/population/classes", [], "bad_value"),
        ("/rule/population/classes", ["cpu"] * 101, "bad_value"),
        ("/rule/scope", {}, "missing_key"),
        ("/rule/scope/state_funded", 1, "wrong_type"),
        ("/rule/scope/regions", [31], "wrong_type"),
        ("/rule/scope/progress_under", 30, "wrong_type"),
        ("/rule/scope/progress_under", 30.5, "float"),
        ("/rule/steps", None, "wrong_type"),
        ("/rule/steps", [None], "wrong_type"),
        ("/rule/steps", [{}], "missing_key"),
        ("/rule/steps/0/to", "2026-01-01", "unknown_key"),
        ("/rule/steps/0/threshold", 0.5, "float"),
        ("/rule/steps/0/threshold", 1, "wrong_type"),
        ("/case_by_case", [], "wrong_type"),
        ("/case_by_case", {}, "missing_key"),
        ("/legal_text", None, "wrong_type"),
        ("/legal_text", "\ud800", "bad_value"),
        ("/citation", 7, "wrong_type"),
        ("/link", ["https://example.org/"], "wrong_type"),
    ],
)
def test_what_no_field_could_hold_is_refused_by_the_api_in_the_engines_words(
    regulator: User, place: str, value: Any, code: str
) -> None:
    made = copy.deepcopy(document())
    put(made, place, value)
    answered = send(regulator, "provisions/", made)
    assert (answered.status_code, answered.json()["code"]) == (400, code)
    fault = said_by_engine(made, place)
    if fault is not None:
        assert answered.json()["detail"] == fault.message
        assert answered.json()["path"].replace("?", "\ud800") == fault.path
    if place.startswith("/rule"):
        written, tried = both(regulator, made)
        assert written.json() == tried.json()


def test_there_are_no_more_steps_than_a_page_can_show(client: Client, regulator: User) -> None:
    steps = [{"from": f"{2025 + n}-01-01", "comparator": "over", "threshold": "0.5"} for n in range(61)]
    made = document()
    made["rule"]["steps"] = steps
    written, tried = both(regulator, made)
    assert written.json() == tried.json()
    assert (written.json()["path"], written.json()["detail"]) == ("/rule/steps/60", "A rule has at most 60 steps.")
    typed = {
        f"step-{number}-{name}": step[key]
        for number, step in enumerate(steps)
        for name, key in (("day", "from"), ("comparator", "comparator"), ("threshold", "threshold"))
    }
    client.force_login(regulator)
    page = client.post(PAGE, FORM | typed)
    assert page.status_code == 422
    assert errors_by_field(page.content.decode()) == {"step-60-day": ["A rule has at most 60 steps."]}


def test_every_fault_is_told_at_once_and_nothing_that_was_typed_is_lost(client: Client, regulator: User) -> None:
    client.force_login(regulator)
    typed = FORM | {
        "metric": "weight",
        "domestic": "China",
        "step-0-day": "x",
        "step-0-threshold": "120%",
        "legal_text": "",
        "citation": "kept <as> typed",
        "link": "nowhere",
    }
    page = client.post(PAGE, typed).content.decode()
    assert errors_by_field(page).keys() == {
        "metric", "domestic", "step-0-day", "step-0-threshold", "legal_text", "link",
    }  # fmt: skip
    for kept in ("China", "120%", "kept &lt;as&gt; typed", "nowhere"):
        assert kept in page


def test_a_rule_that_is_sound_in_every_part_is_written_by_both_as_one(client: Client, regulator: User) -> None:
    answered = send(regulator, "provisions/", document())
    assert answered.status_code == 201
    client.force_login(regulator)
    assert client.post(PAGE, FORM).status_code == 302
    by_api, by_page = Mandate.objects.get(code="SH-2023").provisions.under_way().order_by("pk")
    same = ("from_on", "rule", "case_by_case", "legal_text", "legal_text_zh", "citation", "link", "written_by_id")
    assert [getattr(by_api, name) for name in same] == [getattr(by_page, name) for name in same]
