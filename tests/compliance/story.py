"""What a story of the register is told with: a clock that stands until it is moved, people, and what they do on pages
and through the API."""

import csv
import html
import io
import json
import re
import shutil
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Role, User
from centres.models import Centre, CentreRecord, Operator, Region
from centres.periods import SHANGHAI
from centres.reference import DATA
from chips.declaration import CURRENT
from compliance import provisions, tasks
from compliance.models import DeterminationRequest, Mandate, Provision, Simulation, SimulationStatus
from tests import cast, reference

API = "/api/v1/"
# Everything but who may sign in and what Django keeps for itself.
_ROOMS = ("centres_", "chips_", "compliance_", "reports_")


class Clock:
    """Stands on a day until it is moved; each look is a millisecond later, so that what is done has an order."""

    def __init__(self) -> None:
        self.at = datetime(2023, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def moves_to(self, day: date, hour: int = 10) -> None:
        """To an hour of a day in Asia/Shanghai, which lies ahead."""
        moved = datetime.combine(day, time(hour), SHANGHAI).astimezone(UTC)
        assert moved > self.at, f"{day} was before"
        self.at = moved


class Line(NamedTuple):
    """A line of an inventory: units of a model in service, and the day on which they came."""

    chip: str
    quantity: int
    acquired_on: str
    status: str = "in_service"
    workload: str = "training"


def empty_register() -> None:
    """Take every record out of the register; the test's own transaction brings it back."""
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name.startswith(_ROOMS)]
    reference.empty(tables)


def reference_known_by(day: str, folder: Path) -> Path:
    """The reference data, written to `folder`, as it was on a day: no mandate, and the export controls until then."""
    shutil.copytree(DATA, folder, dirs_exist_ok=True)
    for name, is_known in (("mandates.csv", lambda row: False), ("export_controls.csv", lambda row: row[2] <= day)):
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *filter(is_known, rows)])
    return folder


def person(name: str, role: Role, *, acts_for: Operator | None = None, **facts: Any) -> User:
    made = cast.user(name, role, email=f"{name}@example.org", **facts)
    if acts_for is not None:
        Membership.objects.create(user=made, operator_id=acts_for.pk, from_on=date(2023, 1, 1))
    return made


def launch(code: str, owner: Operator, *, region_code: str, from_on: date, **facts: Any) -> Centre:
    """A centre of `owner`, known from a day on; an intelligent one in operation but for `facts`."""
    centre = Centre.objects.create(
        code=code, name_en=f"Centre {code}", name_zh=f"中心{code}", operator=owner, region_code=region_code,
        region=Region.objects.get(code=region_code[:2]),
    )  # fmt: skip
    known = {"kind": "intelligent", "ownership": owner.ownership, "status": "operating", "progress": 100} | facts
    CentreRecord.objects.create(
        centre=centre, from_on=from_on, recorded_at=timezone.now(), region_code=region_code, **known
    )
    return centre


def browser(name: str) -> Client:
    """A browser in which somebody has just signed in: a session does not last for months."""
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def read(who: str, address: str, **query: Any) -> str:
    """What a page says to somebody."""
    answer = browser(who).get(address, query)
    assert answer.status_code == 200, (address, answer.status_code)
    return html.unescape(answer.content.decode())


def ask(who: str, address: str, **query: Any) -> Any:
    """What the API answers to somebody."""
    answer = browser(who).get(API + address, query)
    assert answer.status_code == 200, (address, answer.getvalue())
    return json.loads(answer.getvalue())


def send(who: str, address: str, **fields: Any) -> str:
    """Send a form that is taken, and read the page that follows."""
    answer = browser(who).post(address, fields, follow=True)
    assert answer.status_code == 200, (address, answer.status_code)
    page = html.unescape(answer.content.decode())
    assert answer.redirect_chain, (address, page)
    return page


def look_and_take(who: str, address: str, **fields: Any) -> str:
    """Send a form to see what it would change, then have it done; what was shown before."""
    answer = browser(who).post(address, fields | {"step": "show"})
    assert answer.status_code == 200, (address, answer.content.decode())
    shown = html.unescape(answer.content.decode())
    seen = re.search(r'name="seen" value="(\w+)"', shown)
    send(who, address, **fields, step="take", **({"seen": seen[1]} if seen else {}))
    return shown


def let_count(who: str, address: str, shown: str, **fields: Any) -> None:
    """Have a claim count, of which `shown` is the page of what that changes."""
    send(who, address, **fields, step="take", seen=_said_in(shown, "seen"))


def files(who: str, code: str, period: str, lines: Iterable[Line], *, why_amended: str = "") -> int:
    """Upload an inventory and attest it, confirming what the register asks; the number of the submission."""
    text = "chip_model,quantity,acquired_on,status,workload\n"
    text += "".join(f"{one.chip},{one.quantity},{one.acquired_on},{one.status},{one.workload}\n" for one in lines)
    file = io.BytesIO(text.encode())
    file.name = f"{code}-{period}.csv"
    client = browser(who)
    uploaded = client.post(API + "submissions/", {"centre": code, "period": period, "file": file})
    assert uploaded.status_code == 201, uploaded.content
    signed: dict[str, Any] = {"full_name": who.title(), "declaration": CURRENT.version, "password": cast.PASSWORD}
    if why_amended:
        signed["amendment_reason"] = why_amended
    attest = f"{API}submissions/{uploaded.json()['id']}/attest/"
    answer = client.post(attest, signed, content_type="application/json")
    if answer.status_code == 409 and answer.json()["code"] == "open_questions":
        reasons = [{"key": one["key"], "reason": "Counted on the spot."} for one in answer.json()["questions"]]
        answer = client.post(attest, signed | {"confirmations": reasons}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return int(uploaded.json()["id"])


def is_accepted(by: str, submission: int) -> None:
    """Accept a submission on its page; a worker determines the centre at once."""
    send(by, f"/submissions/{submission}/accept/")
    work()


def work() -> None:
    """Do what waits for a worker."""
    for request in DeterminationRequest.objects.filter(done_at__isnull=True).order_by("pk"):
        tasks.fulfil_request(request.pk)
    for simulation in Simulation.objects.filter(status=SimulationStatus.WAITING).order_by("pk"):
        tasks.fulfil_simulation(simulation.pk)


def night_falls() -> None:
    """Every period is looked at again."""
    tasks.sweep_stale_periods()
    work()


def draft_mandate(by: str, mandate: Mandate, document: dict[str, Any]) -> Provision:
    """The mandate as it was published, and the draft of its provision, handed over for approval."""
    columns = ("code", "title_en", "title_zh", "issuer", "issued_on", "source", "link", "confidence")
    send(by, "/mandates/new/", **{column: getattr(mandate, column) for column in columns})
    draft = write(by, mandate.code, document)
    send(by, f"/mandates/provisions/{draft.pk}/propose/")
    return draft


def write(by: str, code: str, document: dict[str, Any]) -> Provision:
    """A draft of a mandate's provision, as the page of writing hands it over."""
    return provisions.write(mandate=Mandate.objects.get(code=code), by=User.objects.get(username=by), document=document)


def approve(by: str, provision: Provision) -> None:
    """Approve on its page what another wrote, just as it reads there."""
    page = f"/mandates/provisions/{provision.pk}/"
    assert "Approved." in send(by, f"{page}approve/", seal=_said_in(read(by, page), "seal"))


def issue(by: str, provision: Provision) -> None:
    """Bring an approved provision into force; a worker determines anew whom it touches."""
    page = f"/mandates/provisions/{provision.pk}/issue/"
    assert "Issued." in send(by, page, seen=_said_in(read(by, f"{page}?look"), "seen"))
    work()


def _said_in(page: str, name: str) -> str:
    """What a page's form says, as `name`, of that which was read there."""
    said = re.search(rf'name="{name}" value="(\w+)"', page)
    assert said, "there is no such form"
    return said[1]


def determined(code: str, mandate: str, period: str, who: str = "lin") -> Any:
    """What stands of a centre under a mandate for a period, as the API tells it; None where nothing does."""
    found = ask(who, "determinations/", centre=code, mandate=mandate, period=period)["results"]
    return found[0] if found else None


def outcome(code: str, mandate: str, period: str) -> str:
    one = determined(code, mandate, period)
    return one["outcome"] if one else ""


def tries(who: str, draft: Provision, period: str, **changed: str) -> Any:
    """What a simulation of a draft comes to, once a worker has done it."""
    asked = browser(who).post("/simulations/", {"provision": draft.pk, "period": period, **changed})
    assert asked.status_code == 302
    work()
    return ask(who, f"simulations/{asked.headers['Location'].strip('/').rsplit('/')[-1]}/")


def outcomes_in(simulation: Any, region: str) -> dict[str, int]:
    """How many centres of a region would stand how, by the rule that was tried."""
    counts = simulation["result"]["counts"]
    return {one["outcome"]: one["then"] for one in counts if one["region"] == region and one["then"]}


def exposed(code: str, period: str) -> dict[str, str]:
    """The units of a centre's foreign cards by the day since which they are controlled, as its page tells them."""
    section = read("wang", f"/centres/{code}/shares/", period=period).split('id="exposure"')[1].split("</section>")[0]
    rows = re.findall(r'<th scope="row">(.*?)</th>.*?<td class="number">([\d,]+)', section, re.DOTALL)
    return {re.sub(r"<.*?>", "", day): units for day, units in rows}


def rows_by_centre(page: str) -> dict[str, str]:
    """What the rows of a page's tables say, by the code of the centre that stands in each."""
    rows = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    return {code[1]: row for row in rows if (code := re.search(r'<span class="code">([A-Z0-9-]+)</span>', row))}


def known_in(region: str, day: str) -> int:
    """How many centres of a region there were on a day."""
    centres = ask("wang", "centres/", region=region, provenance="filed", as_of=day)["results"]
    return sum(centre["record"] is not None for centre in centres)
