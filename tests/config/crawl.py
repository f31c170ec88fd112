"""Every page that people are led to: what the addresses in each page lead to, and so on."""

import html
import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.http.response import HttpResponse, HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from chips import submissions
from compliance.exemptions import ask
from compliance.hand_decisions import decide
from compliance.models import DeterminationRequest, Mandate, Provision
from compliance.requests import fulfil
from tests import cast
from tests.api.register import make_register
from tests.browser.test_filing import filed

_ADDRESS = re.compile(r'(?:href|src|hx-get|action)="([^"]+)"')
# A page looks otherwise for another state of what it shows; of each address so many are looked at.
_OF_ONE_ROUTE = 3


def routes(resolver: Any = None) -> Iterator[str]:
    """The name of every route, with its namespace."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inside = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from (inside + name for name in routes(pattern))
        elif isinstance(pattern, URLPattern):
            yield str(pattern.name)


def pages_of(user: User) -> Iterator[tuple[str, str, Any]]:
    """What `user` comes to from the first page: of each answer its route, its address and itself."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    waiting, asked, of_route = ["/"], {"/"}, dict[str, int]()
    while waiting:
        address = waiting.pop(0)
        answer: Any = client.get(address)
        match = answer.resolver_match
        if match is None:
            continue
        of_route[match.view_name] = of_route.get(match.view_name, 0) + 1
        if of_route[match.view_name] > _OF_ONE_ROUTE:
            continue
        yield match.view_name, address, answer
        for found in _addresses(answer, address):
            if found not in asked:
                asked.add(found)
                waiting.append(found)


def _addresses(answer: HttpResponseBase, of: str) -> Iterator[str]:
    if not isinstance(answer, HttpResponse) or not answer.headers.get("Content-Type", "").startswith("text/html"):
        return
    text = answer.content.decode()
    for written in _ADDRESS.findall(text):
        parts = urlsplit(urljoin(of, html.unescape(written)))
        if not parts.scheme and not parts.netloc and not parts.path.startswith("/static/"):
            yield parts._replace(fragment="").geturl()


# Led to by no link of a plain register: they take a form, answer one, or stand behind a step that was refused.
NOT_LED_TO = {
    "administration-assign", "administration-end-acting", "administration-let-act", "administration-link",
    "administration-step",
    "account_confirm_email", "account_inactive", "account_login", "account_reauthenticate", "account_reset_password",
    "account_reset_password_done", "account_reset_password_from_key", "account_reset_password_from_key_done",
    "account_set_password", "invitation", "invitation-revoke", "mfa_authenticate", "mfa_deactivate_totp",
    "mfa_generate_recovery_codes", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_remove_webauthn",
    "mfa_view_recovery_codes", "people-dismiss", "session-end", "sessions-end-others", "token-revoke",
    "healthz", "readyz", "choose-language", "write-claim", "mend", "undo-mending",
    "retry-upload", "discard-upload", "confirm", "withdraw", "repudiate", "accept", "return", "answer-opening",
    "ask-opening", "provision-reading", "provision-approve", "provision-send-back", "provision-issue",
    "provision-effects", "provision-step", "exemption-approve", "exemption-send-back", "exemption-withdraw",
    "exemption-request-grant", "exemption-request-refuse", "exemption-request-withdraw", "hand-decision-decide",
    "movement", "simulation-again", "provision-rewrite", "centre-plan-export",
    "inventory-differences",
}  # fmt: skip


def whole_register() -> dict[str, User]:
    """A register in which something of every kind has happened, and who looks at it."""
    register = make_register()
    people, mine = register.people, register.mine
    operator = mine.operator
    assert operator is not None
    where = cast.centre("SH-03", owner=operator)
    submissions.accept(filed(where, people["owner"]), by=people["regulator"])
    amended = filed(where, people["owner"], b"chip_model,quantity\nH800,10\nAscend 910B,10\n")
    submissions.accept(amended, by=people["regulator"])
    building = cast.centre("SH-04", owner=operator, state_funded=True, status="building", progress=60)
    by_hand = Provision.objects.get(mandate__code="CN-2025-NEW")
    decide(
        centre=building, provision=by_hand, ruling="applies", from_on=date(2025, 11, 5), reason="A test.",
        by=people["regulator"],
    )  # fmt: skip
    ask(
        centre=mine, mandate=Mandate.objects.get(code="CN-2025"), from_on=date(2025, 7, 1), to_on=date(2026, 6, 30),
        threshold=None, reason="A test.", asked_by=people["owner"],
    )  # fmt: skip
    assert register.provision
    for request in DeterminationRequest.objects.filter(done_at=None):
        fulfil(request.pk)
    return people
