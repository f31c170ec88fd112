"""What is another's is not there by any other key either: code, accession number, serial number, digest, name."""

import json
from urllib.parse import urlencode

import pytest

from tests.access.asking import (
    API,
    MISSING_CODE,
    Answer,
    Asker,
    address,
    by_session,
    by_token,
    routes,
    told,
)
from tests.access.estates import Estate, House
from tests.access.matrix import ROWS
from tests.access.test_matrix import hides, is_administrators

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
