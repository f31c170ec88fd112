"""Whoever signs in is nobody yet: the pages for it are worked out and drawn by one who is shown nothing.

A probe counts, as the application's own role, in the midst of these pages: where the register asked for more of them
than for an account and its factor, everything would be there to be counted.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.account.signals import password_reset
from allauth.socialaccount.signals import pre_social_login
from django.contrib.auth.signals import user_logged_in
from django.core import mail
from django.test import Client
from django.test.signals import template_rendered
from django.views.generic.base import TemplateResponseMixin
from django.views.generic.edit import FormMixin

from accounts.models import AuditEvent, Role, User
from accounts.single_sign_on import SignOn, SignOnAdapter
from centres.models import Centre, Operator
from chips.models import Submission
from tests import cast
from tests.accounts.other_system import OtherSystem
from tests.accounts.test_single_sign_on import come, other, person

pytestmark = pytest.mark.django_db
NOTHING = (0, 0, 0, 0)
# Their own account, operator, centre and filing; of regulators they are shown the names, and here there are none.
OWN = (1, 1, 1, 1)
# On the way back from another system: as it is asked, as its answer is read, once it was looked up whose account it is,
# and as somebody goes on to be signed in, or to a second factor.
STEPS: list[tuple[Any, str]] = [
    (SignOnAdapter, "get_requests_session"), (SignOnAdapter, "populate_user"), (SignOnAdapter, "pre_social_login"),
    (SignOnAdapter, "on_authentication_error"), (SignOn, "get_redirect_url"), (SignOn, "serialize"),
]  # fmt: skip
__all__ = ["other"]


@pytest.fixture
def filer(owner: Operator, rival: Operator) -> User:
    """Who files for one operator, beside a rival."""
    for code, one in (("SH-01", owner), ("SH-02", rival)):
        cast.file(cast.centre(code, owner=one), cast.period(), ascend=1)
    return cast.user("files", Role.OPERATOR, acts_for=owner, email="files@example.org")


@pytest.fixture
def counted(filer: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, set[tuple[int, ...]]]]:
    """What could be counted where: as a view answers with a page or with another address, as somebody is signed in or
    has set a password, as a template is drawn, which is when context processors are asked, and at each of `STEPS`."""
    found: dict[str, set[tuple[int, ...]]] = {}

    def count(where: str) -> None:
        rows = tuple(model._base_manager.count() for model in (User, Operator, Centre, Submission))
        found.setdefault(where, set()).add(rows)

    def counting(where: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def counted(view: Any, *args: Any, **kwargs: Any) -> Any:
            count(where)
            return method(view, *args, **kwargs)

        return counted

    def hearing(where: str) -> Callable[..., None]:
        return lambda **signal: count(where)

    monkeypatch.setattr(
        TemplateResponseMixin, "render_to_response", counting("page", TemplateResponseMixin.render_to_response)
    )
    monkeypatch.setattr(FormMixin, "form_valid", counting("done", FormMixin.form_valid))
    for owner, name in STEPS:
        monkeypatch.setattr(owner, name, counting(name, getattr(owner, name)))
    heard = {
        "drawn": template_rendered, "signed in": user_logged_in, "password": password_reset, "found": pre_social_login,
    }  # fmt: skip
    receivers = {where: hearing(where) for where in heard}
    for where, signal in heard.items():
        signal.connect(receivers[where])
    yield found
    for where, signal in heard.items():
        signal.disconnect(receivers[where])


def give_password(client: Client, password: str = cast.PASSWORD) -> Any:
    return client.post("/accounts/sign-in/", {"login": "files", "password": password})


def test_name_and_password(client: Client, counted: dict[str, set[Any]]) -> None:
    client.get("/accounts/sign-in/")
    give_password(client, "no")
    assert counted == {"page": {NOTHING}, "drawn": {NOTHING}}
    assert give_password(client).headers["Location"] == "/"
    # From then on they ask in their own name.
    assert counted == {"page": {NOTHING}, "drawn": {NOTHING}, "signed in": {OWN}}


def test_the_second_factor(client: Client, filer: User, counted: dict[str, set[Any]]) -> None:
    secret = cast.with_second_factor(filer)
    assert give_password(client).headers["Location"] == "/accounts/sign-in/second-factor/"
    assert client.get("/accounts/sign-in/").headers["Location"] == "/accounts/sign-in/second-factor/"
    assert client.get("/accounts/sign-in/second-factor/").status_code == 200
    assert client.post("/accounts/sign-in/second-factor/", {"code": "000000"}).status_code == 422
    assert client.post("/accounts/sign-in/second-factor/", {"credential": "{}"}).status_code == 422
    assert counted == {"page": {NOTHING}, "drawn": {NOTHING}}
    assert client.post("/accounts/sign-in/second-factor/", {"code": cast.code_of(secret)}).headers["Location"] == "/"
    assert counted == {"page": {NOTHING}, "drawn": {NOTHING}, "signed in": {OWN}}


def test_a_password_that_was_forgotten(client: Client, counted: dict[str, set[Any]]) -> None:
    client.get("/accounts/password/forgotten/")
    client.post("/accounts/password/forgotten/", {"email": "files@example.org"})
    link = re.search(r"/accounts/password/forgotten/\S+", str(mail.outbox[0].body))
    assert link
    form = client.get(link[0], follow=True).redirect_chain[-1][0]
    new = {"password1": "a staple of the correct horse", "password2": "a staple of the correct horse"}
    assert client.post(form, {"password1": "short", "password2": "short"}).status_code == 422
    assert client.post(form, new).status_code == 302
    assert "used before" in client.get(link[0]).content.decode()
    assert counted == {where: {NOTHING} for where in ("page", "done", "password", "drawn")}


def nothing_at(*places: str) -> dict[str, set[Any]]:
    return {place: {NOTHING} for place in places}


ASKED = ("get_requests_session", "populate_user", "pre_social_login")


def test_another_system(client: Client, other: OtherSystem, counted: dict[str, set[Any]]) -> None:
    other.person = person("files@example.org")
    # Known by a proven address, and then by what the other system calls them.
    for known in (client, Client()):
        counted.clear()
        assert come(known).status_code == 302
        assert counted == nothing_at(*ASKED, "found", "get_redirect_url") | {"signed in": {OWN}}


def test_another_system_that_tells_of_nobody_here(
    client: Client, other: OtherSystem, counted: dict[str, set[Any]]
) -> None:
    other.person = person("nobody@example.org")
    assert come(client).status_code == 403
    assert counted == nothing_at(*ASKED, "drawn")


def test_another_system_that_fails(client: Client, other: OtherSystem, counted: dict[str, set[Any]]) -> None:
    assert come(client, state="made-up").status_code == 400
    assert come(client, error="server_error").status_code == 502
    assert counted == nothing_at("get_requests_session", "on_authentication_error", "drawn")


def test_another_system_and_then_the_second_factor(
    client: Client, filer: User, other: OtherSystem, counted: dict[str, set[Any]]
) -> None:
    secret = cast.with_second_factor(filer)
    other.person = person("files@example.org")
    assert come(client).headers["Location"] == "/accounts/sign-in/second-factor/"
    assert counted == nothing_at(*ASKED, "found", "get_redirect_url", "serialize")
    assert client.post("/accounts/sign-in/second-factor/", {"code": cast.code_of(secret)}).status_code == 302
    assert counted["signed in"] == {OWN}


def test_another_system_and_an_account_that_was_closed(
    client: Client, filer: User, other: OtherSystem, counted: dict[str, set[Any]]
) -> None:
    other.person = person("files@example.org")
    come(Client())
    User.objects.update(is_active=False)
    counted.clear()
    assert come(client).headers["Location"] == "/accounts/closed/"
    assert counted == nothing_at(*ASKED, "found", "get_redirect_url")


def test_another_system_beside_somebody_who_is_signed_in(
    rival: Operator, filer: User, other: OtherSystem, counted: dict[str, set[Any]]
) -> None:
    before = cast.user("rival", Role.OPERATOR, acts_for=rival)
    client = cast.signed_in(before)
    counted.clear()
    other.person = person("files@example.org")
    come(client)
    # They are shown their own until they are signed out; who comes, from then on, nothing.
    assert counted == {place: {OWN} for place in (*ASKED, "found", "signed in")} | nothing_at("get_redirect_url")
    told = AuditEvent.objects.filter(kind__in=["sign-out", "sign-in"]).order_by("pk").values_list("kind", "user_id")
    assert list(told)[-2:] == [("sign-out", before.pk), ("sign-in", filer.pk)]
