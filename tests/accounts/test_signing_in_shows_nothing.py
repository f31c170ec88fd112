"""Whoever signs in is nobody yet: the pages for it are worked out and drawn by one who is shown nothing.

A probe counts, as the application's own role, in the midst of these pages: where the register asked for more of them
than for an account and its factor, everything would be there to be counted.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.account.signals import password_reset
from django.contrib.auth.signals import user_logged_in
from django.core import mail
from django.test import Client
from django.test.signals import template_rendered
from django.views.generic.base import TemplateResponseMixin
from django.views.generic.edit import FormMixin

from accounts.models import Role, User
from centres.models import Centre, Operator
from chips.models import Submission
from tests import cast
from tests.accounts.test_single_sign_on import OtherSystem, come, other, person

pytestmark = pytest.mark.django_db
NOTHING = (0, 0, 0, 0)
# Their own account, operator, centre and filing; of regulators they are shown the names, and here there are none.
OWN = (1, 1, 1, 1)
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
    has set a password, and as a template is drawn, which is when context processors are asked."""
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
    heard = {"drawn": template_rendered, "signed in": user_logged_in, "password": password_reset}
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


def test_another_system(client: Client, other: OtherSystem, counted: dict[str, set[Any]]) -> None:
    other.person = person("nobody@example.org")
    assert come(client).status_code == 403
    assert come(client, state="made-up").status_code == 502
    assert counted == {"drawn": {NOTHING}}
    other.person = person("files@example.org")
    come(client)
    assert counted == {"drawn": {NOTHING}, "signed in": {OWN}}
