"""What is another's is not there by any other key either: code, accession number, serial number, digest, name."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from drf_spectacular.generators import SchemaGenerator

from compliance.exemption_forms import FULL
from compliance.models import Mandate
from tests import walls
from tests.access.asking import (
    API,
    MISSING_CODE,
    MISSING_NUMBER,
    Answer,
    Asker,
    address,
    by_session,
    by_token,
    routes,
    told,
)
from tests.access.estates import MANDATE, Estate, House
from tests.access.matrix import ROWS
from tests.access.scopes import take_out
from tests.access.test_matrix import ROUTES, hides, is_administrators

pytestmark = pytest.mark.django_db

# The parameters that any list takes, or that somebody might try.
_NAMES = (
    "search", "q", "centre", "code", "operator", "submission", "upload", "determination", "exemption", "accession",
    "accession_number", "serial", "sha256", "file_sha256", "digest", "uscc", "name", "from", "to", "key", "id", "pk",
)  # fmt: skip

# Each answer has a new secret or challenge in it, and nothing is looked up.
_NEVER_THE_SAME = ("mfa_activate_totp", "mfa_add_webauthn", "mfa_reauthenticate_webauthn")


def keys(estate: Estate) -> dict[str, tuple[str, str]]:
    """By what an estate's things are called, each with one as long that nothing is called."""
    number, digest = str(estate.accepted.accession_number), estate.accepted.file_sha256
    mark, missing, company = estate.sign.mark, "Missingark", str(estate.operator.uscc)
    return {
        "code": (estate.centre.code, MISSING_CODE),
        "accession number": (number, number.replace(estate.sign.code, MISSING_CODE)),
        "serial number": (f"{mark}-S1", f"{missing}-S1"),
        "digest": (digest, "0" * len(digest)),
        "digest of an answer": (estate.determination.digest, "0" * 64),
        "name": (mark, missing),
        "company": (company, company[:10] + ("1" if company[10] == "0" else "0") + company[11:]),
        "simulation": (str(estate.simulation.key), "00000000-0000-4000-8000-000000000000"),
    }


def same(of_hidden: Answer, of_missing: Answer, hidden: str, missing: str) -> bool:
    """Whether two answers are one but for what was asked for, which is repeated where it was typed."""
    return told(of_hidden, hidden, missing) == told(of_missing, hidden, missing)


@pytest.mark.parametrize(("who", "whose"), [("rival", "quartz"), ("provinces", "basalt"), ("administrator", "quartz")])
def test_no_list_is_another_for_the_key_of_what_is_hidden(house: House, who: str, whose: str) -> None:
    estate: Estate = getattr(house, whose)
    assert hides(who, estate)
    by_page, of_api, wrong = by_session(house.people[who]), by_token(house.people[who]), []
    gets = {
        row.route for row in ROWS if row.method == "GET" and row.cells[who] == "200" and not is_administrators(row, who)
    }
    gets -= set(_NEVER_THE_SAME)
    lists = [route for route in routes() if route.name in gets and not route.parameters]
    for route in lists:
        where = address(house, route, estate).split("?")[0]
        asker = of_api if where.startswith(API) else by_page
        for what, (hidden, missing) in keys(estate).items():
            assert hidden != missing, what
            for names in _asked_by(asker, where):
                of_hidden, of_missing = (
                    asker.ask("GET", f"{where}?{urlencode(dict.fromkeys(names, key))}") for key in (hidden, missing)
                )
                if not same(of_hidden, of_missing, hidden, missing):
                    wrong.append(f"{where} by {what} as {', '.join(names)}")
    assert not wrong, "\n".join(wrong)


def test_no_list_of_centres_is_another_for_a_hidden_operator(house: House) -> None:
    asker = by_token(house.people["rival"])
    hidden, missing = house.quartz.operator.pk, 987654321
    answers = [asker.ask("GET", f"{API}centres/?operator={key}") for key in (hidden, missing)]
    assert answers[0].content == answers[1].content
    assert json.loads(answers[0].content)["results"] == []


def _asked_by(asker: Asker, where: str) -> list[tuple[str, ...]]:
    """The parameters to ask a list by: a page takes all at once, a resource each that it knows."""
    if not where.startswith(API) or "html" in asker.ask("GET", where).headers.get("Content-Type", ""):
        return [_NAMES]
    refused = json.loads(asker.ask("GET", f"{where}?no_such=1").content)
    return [(name,) for name in refused.get("allowed", ()) if name not in ("cursor", "page_size")]


def test_no_body_tells_that_what_it_names_is_anothers(house: House) -> None:
    code, wrong = house.basalt.centre.code, []
    for who, where, body in (
        ("provinces", "/exemptions/propose/", "centre={}&mandate=1&from_on=2027-01-01&to_on=2027-02-01&reason=x"),
        ("provinces", "/centres/records/", "table=code%09from_on%09reason%0A{}%092027-01-01%09x"),
        ("provinces", f"{API}exemptions/", '{{"centre": "{}", "mandate": "SH-2023", "from_on": "2027-01-01"}}'),
        ("files", f"{API}submissions/", '--x\r\nContent-Disposition: form-data; name="centre"\r\n\r\n{}\r\n--x--\r\n'),
    ):
        asker = by_token(house.people[who]) if where.startswith(API) else by_session(house.people[who])
        form = "" if where.startswith(API) else "application/x-www-form-urlencoded"
        hidden, missing = (asker.ask("POST", where, body.format(key).encode(), of=form) for key in (code, MISSING_CODE))
        if hidden.status < 400 or not same(hidden, missing, code, MISSING_CODE):
            wrong.append(f"{where}: {hidden.cell}, and {missing.cell} of what is not there")
    assert not wrong, "\n".join(wrong)


_FIELD = re.compile(r"""<(?:input|select|textarea)[^>]*\bname=["']([\w.-]+)""")
_OF_FORM, _OF_FILES = "application/x-www-form-urlencoded", "multipart/form-data"


@pytest.mark.parametrize("who", ["files", "provinces"])
def test_no_form_and_no_body_is_answered_otherwise_for_the_key_of_what_is_hidden(house: House, who: str) -> None:
    """Every field of every write of what is one's own bears the key; then, but for what may be right, once more."""
    assert hides(who, house.basalt)
    by_code, by_number = (house.basalt.centre.code, MISSING_CODE), (house.provision.pk, MISSING_NUMBER)
    mandate = Mandate.objects.get(code=MANDATE).pk
    wrong = []
    for asker, method, where, kind, fields in _writes(house, who):
        right: dict[str, Any] = {"from_on": "2027-01-01", "to_on": "2027-02-01", "period": "2025Q4", "reason": "x"}
        if where.startswith(API):
            right |= {"mandate": MANDATE, "threshold": None, "rule": None}
        else:
            right |= {"mandate": mandate, "extent": FULL, "percent": ""}
        for known in ({}, right):
            answers = [
                asker.ask(method, where, *_sent(kind, fields, {"provision": number} | known, code))
                for code, number in zip(by_code, by_number, strict=True)
            ]
            if len({told(one, *reversed(by_number), *by_code) for one in answers}) > 1:
                wrong.append(f"{where}: {answers[0].cell}, and {answers[1].cell} of what is not there")
    assert not wrong, "\n".join(wrong)


def test_what_tells_it_where_neither_wall_stands_is_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of the exemption that is then proposed somebody must be told, too.
    take_out(monkeypatch, "centres.Centre", "compliance.Exemption")
    with walls.taken_out(), pytest.raises(AssertionError) as found:
        test_no_form_and_no_body_is_answered_otherwise_for_the_key_of_what_is_hidden(house, "provinces")
    assert "/exemptions/propose/: 200, and 422" in str(found.value)
    assert f"{API}exemptions/: 201, and 400" in str(found.value)


def _writes(house: House, who: str) -> Iterator[tuple[Asker, str, str, str, list[str]]]:
    """Who writes how and where, with what kind of body, and its fields: by the page or by the API's description."""
    by_page, of_api = by_session(house.people[who]), by_token(house.people[who])
    described: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    for row in ROWS:
        # Of one's own account nothing of anybody's is named.
        if row.method == "GET" or row.cells[who] in ("403", "404", "405") or row.route.startswith(("account_", "mfa_")):
            continue
        where = address(house, ROUTES[row.route], house.quartz, row.state)
        if not where.startswith(API):
            answers = [by_page.ask(method, where).content.decode() for method in ("GET", "POST")]
            fields = sorted({name for one in answers for name in _FIELD.findall(one)} - {"csrfmiddlewaretoken"})
            yield by_page, row.method, where, _OF_FORM, fields
        for path, operations in described["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), where) and row.method.lower() in operations:
                for kind, body in operations[row.method.lower()].get("requestBody", {}).get("content", {}).items():
                    of = described["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
                    yield of_api, row.method, where, kind, list(of["properties"])


def _sent(kind: str, fields: list[str], known: dict[str, Any], key: str) -> tuple[bytes, str]:
    """A body that fills each field with `key`, but those of which something is `known`; and what kind of body it is."""
    values = {name: known.get(name, key) for name in fields}
    if kind == _OF_FORM:
        return urlencode(values).encode(), kind
    if kind == _OF_FILES:
        parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{values[name]}\r\n' for name in values]
        return ("".join(parts) + "--x--\r\n").encode(), f"{kind}; boundary=x"
    return json.dumps(values).encode(), kind
