"""What bears an operator's mark, or is one of its primes, shows nowhere but to it: pages, mails, logs, caches, the
broker's queue, what is written for a while."""

import base64
import io
import json
import pickle
import re
import tempfile
import typing
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings as known
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from psycopg2.sql import SQL, Identifier
from pytest_django import Settings
from redis import Redis

from accounts import account_mails
from centres import people
from centres.periods import SHANGHAI
from chips import filing_views, reminders, submissions, uploads
from chips.models import Upload
from chips.originals import sha256_of
from chips.tasks import read_upload
from compliance import exemption_notices, simulate
from compliance.models import Mandate, Provision
from compliance.outlook import runs as outlook_runs
from compliance.tasks import sweep_requests
from config import rates
from config.celery import app
from reports import build
from tests import cast, workers
from tests.access.asking import API, SIGN_IN, Answer, Asker, address, by_session, by_token, routes
from tests.access.estates import FAULTY, LINES, Estate, House, Sign
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
    house: House, caplog: pytest.LogCaptureFixture, written_to: Path, who: str, own: str, hidden: str
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
    # Of all that was exported and drawn nothing stays.
    assert not left_in(written_to)
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


# What Celery says of each message of its own accord, and `sweep` of how long it is of use.
_OF_CELERY = {
    "argsrepr", "eta", "expires", "group", "group_index", "id", "ignore_result", "kwargsrepr", "lang", "origin",
    "parent_id", "replaced_task_nesting", "retries", "root_id", "shadow", "stamped_headers", "stamps", "task",
    "timelimit",
}  # fmt: skip
_ONE_KEY = re.compile(r"[(\[]([0-9]+,?)?[)\]]")


@pytest.fixture
def broker() -> Iterator[Redis]:
    """A database of the broker for this test alone, at which this process rings as it does in production."""
    url = urlsplit(known.REDIS_URL)._replace(path="/9").geturl()
    with workers.at_broker(url), Redis.from_url(url) as broker:
        broker.flushdb()
        yield broker
        broker.flushdb()


def queued(broker: Redis) -> list[dict[str, Any]]:
    """Each message in the broker as it stands there, with its body read: and nothing else but names of queues is."""
    names = {key for key in broker.scan_iter() if not key.startswith(b"_kombu.binding")}
    assert names <= {b"celery"}, names
    messages = [json.loads(raw) for raw in broker.lrange("celery", 0, -1)]
    return [one | {"body": json.loads(base64.b64decode(one["body"]))} for one in messages]


def is_only_a_ring(message: dict[str, Any]) -> bool:
    """Whether a message says no more than which task, and for what, by a key of it."""
    (args, named, embedded), headers = message["body"], message["headers"]
    return (
        [type(one) for one in args] in ([], [int])
        and not named
        and not any(embedded.values())
        and headers.keys() <= _OF_CELERY
        and _ONE_KEY.fullmatch(headers["argsrepr"]) is not None
        and headers["kwargsrepr"] == "{}"
        and not headers["stamps"]
    )


def test_in_the_brokers_queue_stand_tasks_and_keys_alone(house: House, broker: Redis) -> None:
    national, quarter = house.people["national"], cast.period()
    mandate = Mandate.objects.get(code="SH-2023")
    rule = Provision.objects.issued().get(mandate=mandate).rule
    with TestCase.captureOnCommitCallbacks(execute=True):
        for estate in (house.quartz, house.basalt):
            sent_by_page(estate, LINES)
            submissions.accept(estate.submitted, by=national)
        simulate.request_simulation(by=national, mandate=mandate, rule=rule, period=quarter)
        outlook_runs.request_outlooks(quarter)
        build.request_run(period=cast.period("2025Q3"), requested_by=national)
        sweep_requests()
    for due in known.CELERY_BEAT_SCHEDULE.values():
        app.send_task(due["task"])
    messages = queued(broker)
    about_something = {name for name, task in app.tasks.items() if typing.get_type_hints(task.run).keys() - {"return"}}
    rung = {message["headers"]["task"] for message in messages}
    assert rung >= {name for name in about_something if not name.startswith("celery.")}
    assert len(rung) > 15
    for message in messages:
        assert is_only_a_ring(message), message
        for estate in (house.quartz, house.basalt):
            assert not pattern([estate.sign.mark], estate.sign.primes).search(json.dumps(message)), message


def test_what_a_message_says_besides_is_found(house: House, broker: Redis) -> None:
    sign = house.quartz.sign
    for args, named in (([f"{sign.mark}.csv"], {}), ([1, 2], {}), ([], {"centre": 1}), ([[1]], {})):
        app.send_task(read_upload.name, args, named)
    read_upload.apply_async([1], headers={"of": 1})
    read_upload.apply_async([1], argsrepr=sign.mark)
    # It looks like a key.
    read_upload.delay(sign.ascend)
    *others, of_number = reversed(queued(broker))
    assert len(others) == 6
    assert not any(is_only_a_ring(message) for message in others)
    assert pattern([sign.mark], sign.primes).search(json.dumps(of_number))


@pytest.fixture
def written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where whatever is written for a while is written, in this process and in those that it starts."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def left_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if not path.is_dir())


def sent_by_page(estate: Estate, content: str) -> Upload:
    """What `estate` sends in as a file, by the page for it."""
    file = io.BytesIO(content.format(**estate.sign.__dict__).encode())
    file.name = f"{estate.sign.mark}.csv"
    asked = {"period": "2026Q1", "file": file, "declared_lines": 3, "declared_units": estate.sign.primes[-1]}
    answer = cast.signed_in(estate.files).post(reverse("file-inventory", args=[estate.centre.code]), asked)
    assert answer.status_code == 302
    return Upload.objects.filter(centre=estate.centre).latest("pk")


def test_nothing_is_left_where_files_are_taken_in_and_reports_built(
    house: House, written_to: Path, tmp_path: Path, settings: Settings
) -> None:
    # What is sent in goes to the disk, however small it is.
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE, settings.VAR_DIR = 0, tmp_path / "var"
    for estate in (house.quartz, house.basalt):
        for content, status in ((LINES, "read"), (FAULTY, "faulty")):
            upload = sent_by_page(estate, content)
            uploads.read(upload.pk)
            upload.refresh_from_db()
            assert upload.status == status
        marked: Any = cast.signed_in(estate.files).get(reverse("upload-errors", args=[upload.pk]))
        assert b"".join(marked.streaming_content).startswith(b"PK")
    run = build.request_run(period=cast.period("2025Q3"), requested_by=house.people["national"])
    assert build.build(run.pk)
    assert not left_in(written_to)
    assert not left_in(settings.VAR_DIR)
    # What is kept is called by what it holds, and stands in folders of its first digits.
    kept = left_in(settings.FILES_DIR)
    assert len(kept) > 6
    for path in kept:
        sha256 = sha256_of(path)
        assert path.relative_to(settings.FILES_DIR) == Path(sha256[:2], sha256[2:4], sha256)


def test_what_is_left_is_found(house: House, written_to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing_views.tempfile, "NamedTemporaryFile", partial(tempfile.NamedTemporaryFile, delete=False))
    sent_by_page(house.quartz, LINES)
    (left,) = left_in(written_to)
    assert kept_of(house.quartz.sign, [left.read_bytes()])


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
