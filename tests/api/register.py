"""A small register to ask: what one operator filed, what its rival filed, and who asks."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, Role, User
from centres.models import Centre, Operator
from chips.models import Submission, Upload
from chips.originals import keep_original
from chips.uploads import read, receive
from compliance.determine import determine
from compliance.models import Determination, Exemption, Mandate, OutcomeChange, Outlook, Provision, Simulation
from compliance.outlook.make import make_outlooks
from compliance.simulate import simulate
from reports import build
from reports.models import ReportRun
from tests import cast

UPLOADS = Path(__file__).parents[1] / "uploads"
API = "/api/v1/"
PLAIN_SHA256 = hashlib.sha256((UPLOADS / "plain.csv").read_bytes()).hexdigest()


@dataclass
class Register:
    """`mine` is the centre of `owner`, with 500 domestic cards of 1,000; `theirs` is the rival's."""

    mine: Centre
    theirs: Centre
    accepted: Submission
    submitted: Submission
    draft: Submission
    faulty: Upload
    run: ReportRun
    people: dict[str, User]
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, who: str) -> Client:
        """Who asks by token; ``anonymous`` has none."""
        if who == "anonymous":
            return Client()
        if who not in self.tokens:
            self.tokens[who] = cast.token(self.people[who])
            # Its first use in a minute is noted, which is a query more.
            ApiToken.objects.update(last_used_at=timezone.now())
        return Client(headers={"Authorization": f"Token {self.tokens[who]}"})

    def get(self, who: str, address: str, **query: Any) -> Any:
        return self.client(who).get(API + address, query)

    def post(self, who: str, address: str, body: Any = None, **headers: str) -> Any:
        return self.client(who).post(API + address, body or {}, content_type="application/json", headers=headers)

    def upload(self, who: str, name: str | None, headers: Any = None, **fields: str) -> Any:
        """An upload of one of the tests' files, for `mine` and 2025Q4 but for `fields`."""
        body: dict[str, Any] = {"centre": self.mine.code, "period": "2025Q4"} | fields
        if name is None:
            return self.client(who).post(API + "submissions/", body, headers=headers)
        with (UPLOADS / name).open("rb") as file:
            return self.client(who).post(API + "submissions/", body | {"file": file}, headers=headers)

    def determination(self, mandate: str) -> Determination:
        return Determination.objects.get(centre=self.mine, provision__mandate__code=mandate, current__isnull=False)

    @property
    def simulation(self) -> Simulation:
        return Simulation.objects.get()

    @property
    def provision(self) -> Provision:
        """One that is written and not issued."""
        return Provision.objects.under_way().get_or_create(
            mandate=Mandate.objects.get(code="SH-2023"),
            written_by=self.people["regulator"],
            defaults={"from_on": date(2027, 1, 1), "recorded_at": timezone.now(), "rule": {"steps": []}},
        )[0]

    @property
    def exemption(self) -> Exemption:
        return Exemption.objects.get(centre=self.mine)

    @property
    def outlook(self) -> Outlook:
        return Outlook.objects.get(centre=self.mine, mandate__code="SH-2023")

    @property
    def outcome_change(self) -> OutcomeChange:
        return OutcomeChange.objects.get(centre=self.mine, mandate__code="SH-2023")


def make_register() -> Register:
    owner: Operator = cast.operator()
    rival = cast.operator("Rival Computing")
    mine, theirs = cast.centre(owner=owner), cast.centre("SH-02", owner=rival)
    accepted = cast.file(mine, cast.period(), file_sha256=PLAIN_SHA256, ascend=500, h800=500)
    cast.file(theirs, cast.period(), ascend=7)
    submitted = cast.file(mine, cast.period(), status="submitted", file_sha256=PLAIN_SHA256, ascend=3)
    draft = cast.file(mine, cast.period(), status="draft", file_sha256=PLAIN_SHA256, ascend=4)
    path = UPLOADS / "plain.csv"
    for submission in (accepted, submitted, draft):
        keep_original(path, PLAIN_SHA256)
        assert submission.file_sha256 == PLAIN_SHA256
    determine(period=cast.period(), cause="test")
    make_outlooks(cast.period())
    people = {
        "owner": cast.user("owner", Role.OPERATOR, acts_for=owner),
        "rival": cast.user("rival", Role.OPERATOR, acts_for=rival),
        "regulator": cast.regulator(),
        "regional": cast.regional_regulator("11"),
        "analyst": cast.analyst(),
        "administrator": cast.administrator(),
    }
    faulty = receive(
        path=UPLOADS / "unknown_chip.csv", name="unknown_chip.csv", centre=mine, period=cast.period(),
        sent_by=people["owner"], received_at=timezone.now(), ring=False,
    )  # fmt: skip
    read(faulty.pk)
    mandate = Mandate.objects.get(code="SH-2023")
    # Of days that no period of the register ends on.
    cast.exempted(
        centre=mine, mandate=mandate, from_on=date(2026, 10, 1), to_on=date(2026, 10, 2), threshold=None,
        reason="A test.", by=people["regulator"],
    )  # fmt: skip
    rule = mandate.provisions.issued().get().rule
    simulate(by=people["regulator"], mandate=mandate, rule=rule, period=cast.period())
    run = build.request_run(period=cast.period(), requested_by=people["analyst"])
    build.build(run.pk)
    run.refresh_from_db()
    return Register(mine, theirs, accepted, submitted, draft, faulty, run, people)
