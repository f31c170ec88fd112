"""Two operators who must learn nothing of each other, with everything that the register can hold of one, and who asks.

Every text of an estate bears its mark and every number is a prime of its own, so that whatever shows of it is known.
"""

import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal.auth import WebAuthn
from allauth.usersessions.models import UserSession
from django.utils import timezone
from stdnum.cn import uscc

from accounts import invitations
from accounts.models import ApiToken, Invitation, Membership, Role, User
from centres.models import Centre, CentreRecord, Operator
from centres.terms import set_term
from chips import openings, submissions, uploads
from chips.models import ChipModel, OpeningRequest, Submission, Upload
from compliance import acquisitions, exemptions
from compliance.determine import determine
from compliance.models import (
    Determination,
    DeterminationRun,
    Exemption,
    ExemptionRequest,
    HandDecision,
    Mandate,
    Movement,
    MovementKind,
    OutcomeChange,
    Outlook,
    Provision,
    Simulation,
)
from compliance.outlook.make import make_outlooks
from compliance.simulate import simulate
from reports import build
from reports.models import ReportRun
from tests import cast

LINES = """chip_model,quantity,workload,status,acquired_on,acquisition,unit_price_cny,serial_numbers,note
Ascend 910B,{ascend},training,in_service,2024-03-05,purchased,{price},,{mark} note
Ascend 910B,2,training,in_service,2024-03-05,purchased,{price},{mark}-S1;{mark}-S2,{mark} note
H800,{h800},inference,in_service,2024-03-05,leased,,,{mark} other note
"""
FAULTY = "chip_model,quantity,note\n{mark} 910X,{secret},{mark} faulty note\n"
MANDATE = "SH-2023"


@dataclass(frozen=True)
class Sign:
    """What an estate is known by: its mark stands in every text, its primes in every number."""

    mark: str
    code: str
    region: str
    ascend: int
    h800: int
    price: int
    capacity: int
    power: int
    # Of what is not sent yet: a draft and a file with faults.
    secret: int

    @property
    def primes(self) -> tuple[int, ...]:
        """Every number that is filed, and the sum of its cards."""
        total = self.ascend + self.h800 + 2
        return self.ascend, self.h800, self.price, self.capacity, self.power, self.secret, total


QUARTZ = Sign("Quartzmark", "QUARTZMARK-01", "3101", 70001, 60013, 81239, 90401, 30703, 95273)
BASALT = Sign("Basaltmark", "BASALTMARK-01", "4403", 72019, 62011, 81283, 90403, 30707, 95279)


@dataclass
class Estate:
    """One operator's people, its centre, and whatever is filed, asked, decided and noticed of it."""

    sign: Sign
    operator: Operator
    centre: Centre
    files: User
    attests: User
    accepted: Submission
    submitted: Submission
    draft: Submission
    withdrawn: Submission
    faulty: Upload
    opening: OpeningRequest
    exemption: Exemption
    proposal: Exemption
    exemption_request: ExemptionRequest
    hand_decision: HandDecision
    movement: Movement
    run: DeterminationRun
    simulation: Simulation
    # Of who files: its membership, and what it signs in with.
    membership: Membership
    security_key: Authenticator
    session: UserSession
    token: ApiToken
    # Another mail address, which waits for its link to be followed.
    new_address: EmailAddress
    # By who attests, who leads the operator's people.
    invitation: Invitation
    # Of what is accepted: looked up once, since addresses are made of their keys.
    determination: Determination = field(init=False)
    outcome_change: OutcomeChange = field(init=False)
    outlook: Outlook = field(init=False)


@dataclass
class House:
    """Both estates, who asks, and what is the whole country's."""

    quartz: Estate
    basalt: Estate
    people: dict[str, User]
    provision: Provision
    report_run: ReportRun


def furnished() -> House:
    """The register with both estates in it; it needs the reference data and an empty folder for files."""
    national, second = cast.regulator("wang-national"), cast.regulator("wang-second")
    cast.with_second_factor(national)
    people = {
        # Of two provinces, one of which is Quartz's.
        "provinces": cast.user("wang-provinces", Role.REGULATOR, region_codes=["11", "31"]),
        "national": national,
        "analyst": cast.analyst(),
        "administrator": cast.administrator(),
    }
    of_basalt = cast.user("wang-of-basalt", Role.REGULATOR, region_codes=["44"])
    quartz, basalt = _estate(QUARTZ, people["provinces"], second), _estate(BASALT, of_basalt, second)
    for code in ("2025Q3", "2025Q4"):
        determine(period=cast.period(code), cause="test")
        acquisitions.follow(period=cast.period(code))
    make_outlooks(cast.period("2025Q4"))
    for estate in (quartz, basalt):
        estate.run = _granted(estate, national)
        for request in estate.run.requests.all():
            request.done_at = timezone.now()
            request.save()
        _find_out(estate)
    run = build.request_run(period=cast.period("2025Q4"), requested_by=national)
    build.build(run.pk)
    run.refresh_from_db()
    people |= {"files": quartz.files, "attests": quartz.attests, "rival": basalt.files}
    provision = Provision.objects.create(
        mandate=Mandate.objects.get(code=MANDATE), written_by=national, from_on=date(2027, 1, 1),
        recorded_at=timezone.now(), rule=Provision.objects.issued().get(mandate__code=MANDATE).rule,
        legal_text="A draft that nobody but its writers reads: Draftmark.",
    )  # fmt: skip
    return House(quartz, basalt, people, provision, run)


def _find_out(estate: Estate) -> None:
    """What was determined of what it filed."""
    centre = estate.centre
    estate.determination = Determination.objects.get(
        centre=centre, provision__mandate__code=MANDATE, current__isnull=False, period="2025Q4"
    )
    estate.outcome_change = OutcomeChange.objects.filter(centre=centre, mandate__code=MANDATE).latest("pk")
    estate.outlook = Outlook.objects.filter(centre=centre).latest("pk")


def _granted(estate: Estate, by: User) -> DeterminationRun:
    """The run of the exemption that `by` grants, once the outcomes without it are known."""
    estate.exemption, run = exemptions.approve(exemption=estate.exemption, by=by)
    assert run is not None
    return run


def _estate(sign: Sign, regulator: User, second: User) -> Estate:
    mark, name = sign.mark, sign.mark.lower()
    body = f"91{sign.region}00{sign.ascend:05d}0000"[:17]
    operator = cast.operator(
        f"{mark} Computing", name_zh=f"{mark}（中文）", uscc=body + uscc.calc_check_digit(body), ownership="local_soe"
    )
    centre = cast.centre(
        sign.code, owner=operator, region_code=sign.region, capacity=sign.capacity, power=sign.power, state_funded=True,
        reason=f"{mark} was founded.", progress=40,
    )  # fmt: skip
    Centre.objects.filter(pk=centre.pk).update(
        name_en=f"{mark} Centre", name_zh=f"{mark}中心", source=f"{mark} source", provenance="filed"
    )
    centre.refresh_from_db()
    files, attests = (
        cast.user(f"{name}-{what}", Role.OPERATOR, acts_for=operator, email=f"{name}-{what}@example.test",
                  first_name=mark, last_name="Zhao")
        for what in ("files", "attests")
    )  # fmt: skip
    accepted = _filed(sign, centre, "2025Q4", files, attests)
    submissions.accept(accepted, by=regulator)
    accepted.refresh_from_db()
    submitted = _filed(sign, centre, "2026Q2", files, attests)
    withdrawn = submissions.withdraw(_draft(sign, centre, "2026Q3", files), by=files)
    draft = _draft(sign, centre, "2026Q3", files, more=f"H20,{sign.secret},,,,,,,{mark} draft note\n")
    faulty = _received(FAULTY, sign, centre, "2026Q1", files)
    uploads.read(faulty.pk)
    faulty.refresh_from_db()
    return Estate(
        sign, operator, centre, files, attests, accepted, submitted, draft, withdrawn, faulty,
        **_asked_and_decided(sign, centre, files, regulator, second), **_of_people(sign, operator, files, attests),
    )  # fmt: skip


def _of_people(sign: Sign, operator: Operator, files: User, attests: User) -> dict[str, Any]:
    mark = sign.mark
    Membership.objects.filter(user=attests).update(is_lead=True)
    cast.with_second_factor(attests)
    RecoveryCodes.activate(attests)
    cast.token(files)
    ApiToken.objects.filter(user=files).update(name=f"{mark} program")
    return {
        "membership": files.memberships.get(),
        "security_key": WebAuthn.add(files, f"{mark} key", cast.security_key(mark)).instance,
        "session": UserSession.objects.create(
            user=files, ip="192.0.2.1", session_key=mark.lower(), user_agent=f"{mark} browser"
        ),
        "token": files.api_tokens.get(),
        "new_address": EmailAddress.objects.create(user=files, email=f"{mark.lower()}-new@example.test"),
        "invitation": invitations.invite(
            operator_id=operator.pk, email=f"{mark}-asked@example.test", is_lead=False, language="en", by=attests,
            now=timezone.now(),
        ),
    }  # fmt: skip


def _asked_and_decided(sign: Sign, centre: Centre, files: User, regulator: User, second: User) -> dict[str, Any]:
    mark, mandate = sign.mark, Mandate.objects.get(code=MANDATE)
    CentreRecord.objects.create(
        centre=centre, from_on=date(2024, 6, 1), recorded_at=timezone.now(), region_code=sign.region,
        kind="intelligent", ownership="local_soe", status="operating", progress=100, state_funded=True,
        capacity=sign.capacity, power=sign.power, recorded_by=regulator, reason=f"{mark} grew.",
    )  # fmt: skip
    quarter = cast.period("2025Q3")
    set_term(
        period=quarter, centre=centre, due_on=date(2025, 10, 31), locks_on=date(2025, 11, 30), is_exempt=False,
        reason=f"{mark} asked for time.", recorded_by=regulator,
    )  # fmt: skip
    terms: dict[str, Any] = {"centre": centre, "mandate": mandate, "threshold": None}
    rule = Provision.objects.issued().get(mandate=mandate).rule
    return {
        "opening": openings.ask_to_open(centre=centre, period=quarter, reason=f"{mark} was late.", asked_by=files),
        "exemption": exemptions.propose(
            **terms, from_on=date(2025, 10, 1), to_on=date(2026, 3, 31), reason=f"{mark} waits for cards.", by=second
        ),
        "proposal": exemptions.propose(
            **terms, from_on=date(2027, 1, 1), to_on=date(2027, 3, 31), reason=f"{mark} may wait again.", by=second
        ),
        "exemption_request": exemptions.ask(
            **terms, from_on=date(2027, 4, 1), to_on=date(2027, 6, 30), reason=f"{mark} asks again.", asked_by=files
        ),
        "hand_decision": HandDecision.objects.create(
            centre=centre, provision=Provision.objects.get(mandate__code="CN-2025-NEW"), ruling="released",
            from_on=date(2025, 11, 5), reason=f"{mark} was far along.", decided_by=regulator,
            decided_at=timezone.now(),
        ),
        "movement": Movement.objects.create(
            centre=centre, period=cast.period("2025Q4"), kind=MovementKind.BEFORE_LAUNCH, digest="0" * 64,
            evidence={"units": sign.ascend, "chip": ChipModel.objects.get(name="H800").pk, "acquired_on": None,
                      "launched_on": "2023"},
            found_at=timezone.now(),
        ),
        "run": None,
        "simulation": simulate(by=regulator, mandate=mandate, rule=rule, period=cast.period("2025Q4")),
    }  # fmt: skip


def _filed(sign: Sign, centre: Centre, quarter: str, files: User, attests: User) -> Submission:
    """An inventory that one read in and another attested."""
    draft = _draft(sign, centre, quarter, files)
    submissions.confirm(
        draft,
        {question.key: f"{sign.mark} is sure." for question, _ in submissions.questions_with_reasons(draft)},
        by=files,
    )
    return submissions.attest(draft, by=attests, full_name=f"{sign.mark} Zhao")


def _draft(sign: Sign, centre: Centre, quarter: str, files: User, more: str = "") -> Submission:
    upload = _received(LINES + more, sign, centre, quarter, files)
    report, submission = uploads.read_now(upload)
    assert submission is not None, report.worded("en")
    return submission


def _received(content: str, sign: Sign, centre: Centre, quarter: str, by: User) -> Upload:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{sign.mark}.csv"
        path.write_text(content.format(**sign.__dict__))
        return uploads.receive(
            path=path, name=path.name, centre=centre, period=cast.period(quarter), sent_by=by,
            received_at=timezone.now(), ring=False,
        )  # fmt: skip
