"""The menu: to which pages each role is led, and under which heading they stand."""

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from accounts.trail.models import may_read


class Page(NamedTuple):
    """A page of the menu: its URL's name, and how the names begin of what belongs to it."""

    label: Any
    url_name: str
    begins: tuple[str, ...]


class Entry(NamedTuple):
    """A page as the menu shows it."""

    label: Any
    address: str
    is_current: bool


class Group(NamedTuple):
    """A heading that opens on the entries under it."""

    label: Any
    entries: list[Entry]

    @property
    def is_current(self) -> bool:
        return any(entry.is_current for entry in self.entries)


_OWN = Page(_("My centres"), "dashboard", ("dashboard",))
_DASHBOARD = Page(_("Dashboard"), "dashboard", ("dashboard",))
_REVIEW = Page(_("Review"), "review", ("review",))
_TIMELINESS = Page(_("Timeliness"), "timeliness", ("timeliness",))
_CHIPS = Page(_("Chip models"), "chips", ("chip", "decide-chip"))
_MANDATES = Page(_("Mandates"), "mandates", ("mandate", "provision"))
_SIMULATIONS = Page(_("Simulations"), "simulations", ("simulation",))
_EXEMPTIONS = Page(_("Exemptions"), "exemptions", ("exemption",))
_BY_HAND = Page(_("Case by case"), "case-by-case", ("case-by-case", "hand-decision"))
_RUNS = Page(_("Runs of determinations"), "determination-runs", ("determination-run",))
_OUTLOOK = Page(_("Outlook"), "outlook", ("outlook",))
_SHARES = Page(_("Second looks"), "shares", ("shares",))
_MOVEMENTS = Page(_("What deserves a question"), "movements", ("movement",))
_REPORTS = Page(_("Reports"), "report-runs", ("report-run",))
_TRAIL = Page(_("Audit trail"), "trail", ("trail",))
_ACCOUNTS = Page(_("Accounts"), "administration", ("administration",))
_RULES = (_("Rules"), (_MANDATES, _SIMULATIONS, _EXEMPTIONS, _BY_HAND, _RUNS))
_ANALYSIS = (_("Analysis"), (_OUTLOOK, _SHARES, _MOVEMENTS))
_MENUS: dict[str, tuple[Page | tuple[Any, tuple[Page, ...]], ...]] = {
    Role.OPERATOR: (_OWN, _TIMELINESS, _MANDATES, _EXEMPTIONS, _CHIPS),
    Role.REGULATOR: (_DASHBOARD, _REVIEW, _TIMELINESS, _RULES, _ANALYSIS, _CHIPS, _REPORTS, _TRAIL),
    Role.ANALYST: (_DASHBOARD, _TIMELINESS, _RULES, _ANALYSIS, _CHIPS, _REPORTS),
    Role.ADMINISTRATOR: (_DASHBOARD, _ACCOUNTS),
}


def menu(request: HttpRequest) -> dict[str, Any]:
    """What the base template lists for who is signed in."""
    user = getattr(request, "user", None)
    return {"menu": _menu_of(user, request) if isinstance(user, User) else []}


def _menu_of(user: User, request: HttpRequest) -> list[Entry | Group]:
    match = request.resolver_match
    here = (match and match.url_name) or ""
    return [
        _entry(part, here) if isinstance(part, Page) else Group(part[0], [_entry(page, here) for page in part[1]])
        for part in _MENUS[user.role]
        if _is_shown(part, user)
    ]


def _is_shown(part: Page | tuple[Any, tuple[Page, ...]], user: User) -> bool:
    if part is _TRAIL:
        return may_read(user)
    return part is not _REPORTS or user.sees_whole_country


def _entry(page: Page, here: str) -> Entry:
    return Entry(page.label, reverse(page.url_name), here.startswith(page.begins))
