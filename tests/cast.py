"""Who and what the tests are about: one operator and its rival, regulators, an analyst, and centres that file."""

import json
import re
import time
from datetime import date, timedelta
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction
from django.test import Client
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import sha256
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorAttestationResponse,
    AuthenticatorData,
    CollectedClientData,
    RegistrationResponse,
)

from accounts import tokens
from accounts.models import Membership, Role, Scope, User
from centres.models import Centre, CentreRecord, Operator, ReportingPeriod
from chips.models import ChipModel, InventoryLine, Submission
from chips.submissions import next_keys
from compliance.exemptions import approve, propose
from compliance.models import DeterminationRun, Exemption
from compliance.requests import fulfil

CHIPS = {"ascend": "Ascend 910B", "h800": "H800"}
PASSWORD = "correct horse battery staple"


def period(code: str = "2025Q4") -> ReportingPeriod:
    return ReportingPeriod.objects.get(code=code)


def operator(name: str = "Huangpu Computing", **facts: Any) -> Operator:
    known = {"name_zh": f"{name}（中文）", "ownership": "local_soe"} | facts
    return Operator.objects.create(name_en=name, **known)


def centre(code: str = "SH-01", *, owner: Operator | None = None, region_code: str = "3101", **facts: Any) -> Centre:
    """An intelligent computing centre of a local state-owned enterprise in Shanghai, but for `facts`."""
    made = Centre.objects.create(
        code=code, name_en=f"Centre {code}", name_zh=f"中心{code}", region_id=region_code[:2],
        region_code=region_code, operator=owner,
    )  # fmt: skip
    known = {"kind": "intelligent", "ownership": "local_soe", "status": "operating", "progress": 100} | facts
    known.setdefault("region_code", region_code)
    CentreRecord.objects.create(centre=made, from_on=date(2024, 1, 1), recorded_at=timezone.now(), **known)
    return made


@transaction.atomic
def file(
    where: Centre,
    quarter: ReportingPeriod,
    *,
    status: str = "accepted",
    workload: str = "training",
    by: User | None = None,
    provenance: str = "filed",
    file_sha256: str = "0" * 64,
    **units: int,
) -> Submission:
    """An inventory of `where`: Ascend 910B and H800 in the quantities given."""
    now = timezone.now()
    (key,) = next_keys(1)
    names = enumerate(units.items(), start=2)
    # The lines come first, as they do where a file is stored; later none can be added.
    InventoryLine.objects.bulk_create(
        InventoryLine(
            submission_id=key, row=row, chip_model=ChipModel.objects.get(name=CHIPS[name]), quantity=quantity,
            workload=workload, status="in_service", acquisition="purchased",
        )
        for row, (name, quantity) in names
    )  # fmt: skip
    return Submission.objects.create(
        pk=key, centre=where, period=quarter, version=where.submissions.filter(period=quarter).count() + 1,
        status=status, provenance=provenance, file_name="inventory.csv", file_sha256=file_sha256, line_count=len(units),
        units=sum(units.values()), created_by=by, created_at=now, submitted_by=by,
        submitted_at=None if status == "draft" else now, decided_at=now if status == "accepted" else None,
    )  # fmt: skip


def exempted(*, by: User, **terms: Any) -> tuple[Exemption, DeterminationRun | None]:
    """An exemption on `terms` that another regulator proposed and `by` grants, with the run that follows."""
    return approve(exemption=propose(by=_proposer(), **terms), by=by)


def fulfil_all(run: DeterminationRun | None) -> None:
    """Do all that `run`, which there must be, asks for."""
    assert run is not None
    for request in run.requests.all():
        assert fulfil(request.pk)


def proposed() -> dict[str, Any]:
    """That somebody else than whoever grants an exemption proposed it: those columns of one stored as it is."""
    return {"proposed_by": _proposer(), "proposed_at": timezone.now()}


def _proposer() -> User:
    return User.objects.filter(username="proposer").first() or regulator("proposer")


def user(username: str, role: Role, *, acts_for: Operator | None = None, **facts: Any) -> User:
    made = User.objects.create_user(username=username, password=PASSWORD, role=role, **facts)
    if acts_for is not None:
        Membership.objects.create(user=made, operator_id=acts_for.pk, from_on=date(2024, 1, 1))
    return made


def regulator(username: str = "regulator") -> User:
    return user(username, Role.REGULATOR, all_regions=True)


def regional_regulator(*codes: str) -> User:
    return user("regional", Role.REGULATOR, region_codes=list(codes))


def analyst() -> User:
    return user("analyst", Role.ANALYST)


def administrator() -> User:
    return user("administrator", Role.ADMINISTRATOR)


def token(who: User, *scopes: Scope) -> str:
    """A new API token of `who`, for `scopes` or for all."""
    now = timezone.now()
    return tokens.make(user=who, name="of a test", scopes=scopes or Scope, ends_at=now + timedelta(days=1), now=now)


def with_second_factor(who: User) -> str:
    """Set an authenticator app up for `who`, and give its secret."""
    secret = generate_totp_secret()
    TOTP.activate(who, secret)
    return secret


def code_of(secret: str, *, later: int = 0) -> str:
    """What an authenticator app with `secret` shows now, or so many half minutes later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))


def security_key(name: str) -> dict[str, Any]:
    """What a browser says of a new security key."""
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    made = AttestedCredentialData.create(Aaguid.NONE, name.encode(), public)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT
    data = AuthenticatorData.create(sha256(b"testserver"), flags, 1, made)
    response = AuthenticatorAttestationResponse(
        client_data=CollectedClientData.create("webauthn.create", b"0" * 16, "https://testserver"),
        attestation_object=AttestationObject.create("none", data, {}),
    )
    told: dict[str, Any] = json.loads(json.dumps(dict(RegistrationResponse(raw_id=name.encode(), response=response))))
    return told


def told(answer: Any, key: object) -> bytes:
    """What a page says, without the key in its addresses and the token that no two pages share."""
    shared = re.sub(rb'(csrfmiddlewaretoken" value="|X-CSRFToken": ")\w+', b"", answer.content)
    return shared.replace(f"/{key}/".encode(), b"//")


def signed_in(user: User) -> Client:
    """A client in which `user` is signed in, with all that their role needs."""
    client = Client()
    client.force_login(user)
    return client
