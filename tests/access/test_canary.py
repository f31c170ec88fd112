"""What bears an operator's mark, or is one of its primes, shows nowhere but to it: pages, mails, logs, caches."""

import base64
import io
import pickle
import re
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings as known
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from psycopg2.sql import SQL, Identifier
from pytest_django import Settings

from accounts import account_mails
from centres import people
from centres.periods import SHANGHAI
from chips import reminders
from compliance import exemption_notices
from config import rates
from tests import cast
from tests.access.asking import API, SIGN_IN, Answer, Asker, address, by_session, by_token, routes
from tests.access.estates import Estate, House, Sign
from tests.access.matrix import ROWS

pytestmark = pytest.mark.django_db

_LINK = re.compile(r"""(?:href|src|hx-get|data-source|action)=["']([^"'#]+)""")
_MOST = 900
_OF_A_KIND = 3
# What every list is asked for with, too: of pages and of the API.
_SEARCHES = ("?search={mark}", "?region=44", "?region=31")
_OF_API = ("?page_size=500",)


class Seen:
    """What an asker was shown, by address."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.answers: dict[str, Answer] = {}
        self.kept: set[bytes] = set()
        asker.noticed = lambda: self.kept.update(cached())

    def look(self, address: str) -> Iterator[str]:
        """The addresses that an address leads to."""
        answer = self.answers[address] = self.asker.ask("GET", address)
        assert answer.status < 500, address
        if location := answer.headers.get("Location"):
            yield location
        kind = answer.headers.get("Content-Type", "")
        if kind.startswith("text/html"):
            yield from (unescape(found) for found in _LINK.findall(answer.content.decode()))
        elif kind.startswith("application/json"):
            yield from re.findall(r'"(https?://testserver[^"]+)"', answer.content.decode())

    def leave_out(self, *begins: str) -> None:
        """Let go what is the asker's to see."""
        self.answers = {where: answer for where, answer in self.answers.items() if not where.startswith(begins)}

    def texts(self) -> Iterator[tuple[str, str]]:
        """Each address with all that it shows: body, headers, and the parts of a workbook."""
        for where, answer in self.answers.items():
            yield where, " ".join(f"{name}: {value}" for name, value in answer.headers.items())
            if answer.content.startswith(b"PK"):
                with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
                    yield from ((where, book.read(name).decode(errors="replace")) for name in book.namelist())
            else:
                yield where, answer.content.decode(errors="replace")


def cached() -> Iterator[bytes]:
    """Each key and value of every cache that the settings name, as it is stored: no pickle is read here."""
    with connection.cursor() as cursor:
        for each in known.CACHES.values():
            cursor.execute(SQL("SELECT cache_key, value FROM {}").format(Identifier(str(each["LOCATION"]))))
            yield from (key.encode() + b" " + base64.b64decode(value) for key, value in cursor.fetchall())


def counted() -> list[bytes]:
    """Each key and value of the rates in the broker's server."""
    storage = rates._counter(known.REDIS_URL).shared
    keys = storage.storage.scan_iter(f"{storage.key_prefix}:*")
    return [key + b" " + (storage.storage.get(key) or b"") for key in keys]


def kept_of(sign: Sign, kept: Iterable[bytes]) -> list[bytes]:
    """What of `kept` bears an operator's mark, or one of its primes as a text or as a pickled number."""
    shown, numbers = pattern([sign.mark], sign.primes), [pickle.dumps(prime, 2)[2:-1] for prime in sign.primes]
    return [
        one for one in kept if shown.search(one.decode("ascii", "replace")) or any(number in one for number in numbers)
    ]


def crawled(asker: Asker, begins: Iterable[str]) -> Seen:
    """Everything that is reached from where it begins, by links, forms and the pages of lists."""
    seen, waiting = Seen(asker), deque(begins)
    known = set(waiting)
    shapes: dict[str, int] = {}
    while waiting and len(seen.answers) < _MOST:
        address = waiting.popleft()
        for found in seen.look(address):
            parts = urlsplit(urljoin(f"http://testserver{address}", found))
            there = parts.path + (f"?{parts.query}" if parts.query else "")
            if parts.netloc != "testserver" or there in known or there.startswith(("/static/", "/accounts/sign-out")):
                continue
            # A few of each kind: sorted and filtered in every way, a list is of the same rows.
            shape = re.sub(r"/[A-Z]*-?[A-Z]*-?[0-9][^/?]*", "/…", re.sub(r"=[^&]*", "=", there))
            shapes[shape] = shapes.get(shape, 0) + 1
            if shapes[shape] <= _OF_A_KIND:
                known.add(there)
                waiting.append(there)
    assert len(seen.answers) < _MOST, "There is more to see than this looks at."
    return seen


def everything(house: House, own: Estate, hidden: Sign) -> list[str]:
    """Where a crawl begins: the menu, every address of what is its own, every list, and searches for the other."""
    gets = {row.route for row in ROWS if row.method == "GET"}
    known = [route for route in routes() if route.name in gets and route.name != "api:schema"]
    lists = [address(house, route, own) for route in known if not route.parameters]
    lists = [one.split("?")[0] for one in lists]
    searched = [
        one + query.format(mark=hidden.mark)
        for one in lists
        for query in (_OF_API if one.startswith(API) else _SEARCHES)
    ]
    return list(dict.fromkeys([*lists, *(address(house, route, own) for route in known), *searched]))


def pattern(words: Iterable[str], primes: Iterable[int]) -> re.Pattern[str]:
    numbers = [f"{n // 1000}[,  ]?{n % 1000:03d}" for n in primes]
    # A number in a digest or in a drawing is no number.
    return re.compile(rf"({'|'.join(words)})|(?<![\w.,-])({'|'.join(numbers)})(?![\w-])", re.IGNORECASE)


def found(seen: Seen, words: Iterable[str], primes: Iterable[int], asked: Iterable[str] = ()) -> list[str]:
    """Where any of it shows, but for what was searched for, which is said again."""
    shown = pattern(words, primes)
    wrong = []
    for where, text in seen.texts():
        for word in asked:
            if word in where:
                text = text.replace(word, "")
        if match := shown.search(text):
            wrong.append(f"{where}: …{text[max(0, match.start() - 60) : match.end() + 20]!r}")
    return wrong


@pytest.mark.parametrize(
    ("who", "own", "hidden"),
    [
        ("rival", "basalt", "quartz"),
        ("files", "quartz", "basalt"),
        ("provinces", "quartz", "basalt"),
        ("administrator", "quartz", "quartz"),
    ],
)
def test_nothing_of_anothers_shows(
    house: House, caplog: pytest.LogCaptureFixture, who: str, own: str, hidden: str
) -> None:
    theirs: Estate = getattr(house, hidden)
    begins = everything(house, getattr(house, own), theirs.sign)
    with caplog.at_level("DEBUG"):
        pages = [one for one in begins if not one.startswith(API)]
        of_pages = crawled(by_session(house.people[who]), pages)
        of_api = crawled(by_token(house.people[who]), [one for one in begins if one.startswith(API)])
    if who == "administrator":
        for seen in (of_pages, of_api):
            seen.leave_out("/administration/", f"{API}operators/")
    # What is asked for by its own key is repeated where it is refused.
    repeated = (theirs.sign.mark, theirs.sign.code)
    wrong = [
        one for seen in (of_pages, of_api) for one in found(seen, [theirs.sign.mark], theirs.sign.primes, repeated)
    ]
    assert not wrong, "\n".join(wrong[:40])
    assert not kept_of(theirs.sign, of_pages.kept | of_api.kept)
    assert len(of_pages.answers) > 20
    if who != "administrator":
        assert getattr(house, own).sign.mark in "".join(text for _, text in of_pages.texts())
        logged = pattern([theirs.sign.mark], theirs.sign.primes)
        assert not [record.getMessage() for record in caplog.records if _tells(record.getMessage(), logged)]


def test_nothing_of_anybodys_is_kept_in_a_cache_or_counted(house: House, settings: Settings) -> None:
    for name in ("RATE_PER_ADDRESS", "RATE_PER_ACCOUNT", "RATE_OF_WRITES", "RATE_OF_SIGN_INS"):
        setattr(settings, name, "1000/minute")
    form, kept = "application/x-www-form-urlencoded", set[bytes]()
    for estate in (house.quartz, house.basalt):
        asker = Asker(noticed=lambda: kept.update(cached()))
        tried = f"login={estate.files.username}&password=wrong"
        assert asker.ask("POST", SIGN_IN, tried.encode(), of=form).status == 422
        forgotten = f"email={estate.files.email}"
        assert asker.ask("POST", reverse("account_reset_password"), forgotten.encode(), of=form).status == 302
        centre = f"{API}centres/{estate.centre.code}/"
        assert by_token(estate.files).ask("GET", centre).status == 200
    counts = counted()
    # Failures of two accounts and links to two, and of both what they asked from one address.
    assert len(kept) >= 4
    assert len(counts) >= 3
    for estate in (house.quartz, house.basalt):
        assert not kept_of(estate.sign, (*kept, *counts))


def test_what_is_kept_in_a_cache_is_found(house: House) -> None:
    sign = house.quartz.sign
    for value in ({"of": f"{sign.mark} Centre"}, f"in all {sign.ascend} cards", [sign.ascend], (sign.h800, 1)):
        cache.set("any", value)
        assert kept_of(sign, cached()), value
        assert not kept_of(house.basalt.sign, cached())
    cache.delete("any")


def _tells(message: str, shown: re.Pattern[str]) -> bool:
    # A refused address is logged as it was asked for; statements are logged by tests alone.
    return not message.startswith(("Not Found: ", "Bad Request: ", "Forbidden", "(")) and bool(shown.search(message))


def crawled_both_ways(house: House, who: str) -> list[Seen]:
    """What a session and a token of somebody's come to who is of no operator."""
    begins, asks = everything(house, house.quartz, house.basalt.sign), house.people[who]
    return [
        crawled(asker, [one for one in begins if one.startswith(API) == of_api])
        for asker, of_api in ((by_session(asks), False), (by_token(asks), True))
    ]


@pytest.fixture(scope="module")
def shown_to_analyst(house: House) -> list[Seen]:
    """Looked at once for all that an analyst must not be shown."""
    return crawled_both_ways(house, "analyst")


def test_nobody_but_its_operator_is_shown_a_draft(house: House, shown_to_analyst: list[Seen]) -> None:
    words = ["draft note", "faulty note", "910X"]
    primes = [estate.sign.secret for estate in (house.quartz, house.basalt)]
    for seen in crawled_both_ways(house, "national"):
        wrong = found(seen, words, primes)
        assert not wrong, "\n".join(wrong[:40])
    for seen in shown_to_analyst:
        wrong = found(seen, [*words, "Draftmark"], primes)
        assert not wrong, "\n".join(wrong[:40])


def test_an_analyst_is_told_no_persons_name_and_no_word_between_regulator_and_operator(
    house: House, shown_to_analyst: list[Seen]
) -> None:
    names = [f"{one.sign.mark}-(?:files|attests)" for one in (house.quartz, house.basalt)]
    names += ["Zhao", "wang-", "was late", "asks again"]
    for seen in shown_to_analyst:
        wrong = found(seen, names, [999983])
        assert not wrong, "\n".join(wrong[:40])


def test_no_mail_speaks_of_anothers(house: House) -> None:
    due = cast.period("2026Q4").due_on
    # A week before the due date, and eleven days before the exemptions end.
    reminded_at = datetime.combine(due - timedelta(days=7), time(10), tzinfo=SHANGHAI)
    ending_at = datetime(2026, 3, 20, 10, tzinfo=SHANGHAI)
    reminders.write_reminders(reminded_at)
    reminders.send_unsent(reminded_at)
    for estate in (house.quartz, house.basalt):
        exemption_notices.write_late_notices(estate.exemption, ending_at)
    exemption_notices.send_unsent(ending_at)
    people.send_unsent(timezone.now())
    for user in (house.quartz.files, house.basalt.files):
        account_mails.send_reset(user, "https://testserver/reset")
        account_mails.send_first_link(user, "https://testserver/first")
        account_mails.send_confirmation(user, f"{user.username}-new@example.test", "https://testserver/confirm")
        for change in account_mails.CHANGES:
            account_mails.tell_of_change(user, change)
    of_operators = [one for one in mail.outbox if "mark-" in one.to[0]]
    for message in of_operators:
        theirs = house.basalt if "quartzmark" in message.to[0].lower() else house.quartz
        text = f"{message.subject}\n{message.body}\n{message.extra_headers}"
        assert not pattern([theirs.sign.mark], theirs.sign.primes).search(text), text
    # Reminders and notices to both of each; an invitation, three links and each change to one of each.
    assert len(of_operators) == 8 + 2 * (4 + len(account_mails.CHANGES))


def test_no_etag_tells_that_something_of_anothers_changed(house: House) -> None:
    rival, analyst = by_token(house.people["rival"]), by_token(house.people["analyst"])
    # An answer names no instant of its own: it is the same until something of it changes.
    lists = [address(house, route, house.basalt) for route in routes() if route.name.endswith("-list")]
    lists = [one for one in lists if one.startswith(API)]
    before = {(asker, one): asker_of.ask("GET", one).headers.get("ETag")
              for asker, asker_of in (("rival", rival), ("analyst", analyst)) for one in lists}  # fmt: skip
    cast.file(house.quartz.centre, cast.period("2025Q4"), status="draft", ascend=7)
    assert {one: analyst.ask("GET", one).headers.get("ETag") for one in lists} == {
        one: before["analyst", one] for one in lists
    }
    cast.file(house.quartz.centre, cast.period("2025Q4"), ascend=11)
    house.quartz.centre.name_en = "Called otherwise"
    house.quartz.centre.save()
    after = {one: rival.ask("GET", one).headers.get("ETag") for one in lists}
    assert after == {one: before["rival", one] for one in lists}
    assert (
        analyst.ask("GET", reverse("api:centre-list")).headers["ETag"] != before["analyst", reverse("api:centre-list")]
    )
