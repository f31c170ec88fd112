"""The page of explanations, and the codes by REST: made of the registries, and across centres for regulators only."""

import re
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import translation

from chips import help as explanations
from chips.help_views import explain_inventory
from chips.intake.columns import COLUMNS
from chips.intake.faults import CODES, Kind
from chips.intake.values import VALUES
from tests import cast

HIDDEN = {code for code, known in CODES.items() if known.kind == Kind.ACROSS_CENTRES}


def page(user: Any, language: str = "en") -> str:
    request = RequestFactory().get("/help/inventory/")
    request.user = user
    with translation.override(language):
        return explain_inventory(request).content.decode()  # type: ignore[arg-type]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_column_and_every_code_has_its_place(language: str) -> None:
    shown = page(cast.regulator(), language)
    anchors = re.findall(r' id="([a-z0-9_-]+)"', shown)
    assert set(anchors) >= {*CODES, *(f"column-{name}" for name in COLUMNS), *(f"class-{kind}" for kind in Kind)}
    assert len(anchors) == len(set(anchors))
    for known in CODES.values():
        first = known.message(language).partition("{")[0]
        assert first.replace("'", "&#x27;") in shown


@pytest.mark.django_db
def test_what_is_found_across_centres_is_explained_to_regulators_only() -> None:
    assert HIDDEN
    for user in (cast.user("filer", cast.Role.OPERATOR), cast.analyst(), cast.administrator()):
        shown = page(user)
        assert not [code for code in {*HIDDEN, f"class-{Kind.ACROSS_CENTRES}"} if code in shown]
        assert told(user) == set(CODES) - HIDDEN
    assert told(cast.regulator()) == set(CODES)


def told(user: Any) -> set[str]:
    return {known["code"] for known in answer(user)}


def answer(user: Any, language: str = "en", **parameters: str) -> Any:
    client = Client(headers={"Accept-Language": language})
    client.force_login(user)
    return client.get("/api/v1/finding-codes/", parameters).json()


@pytest.mark.django_db
def test_codes_are_told_with_their_class_in_the_readers_language() -> None:
    found = {known["code"]: known for known in answer(cast.analyst(), "zh-hans")}
    assert found["unknown_chip"] == {
        "code": "unknown_chip",
        "class": "validity",
        "message": CODES["unknown_chip"].message("zh-hans"),
    }
    assert answer(cast.regulator(), colour="red")["code"] == "unknown_parameter"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_examples_and_values_are_those_that_the_reader_takes(language: str) -> None:
    for column in explanations.columns(language):
        assert set(column.allowed) <= {
            name.replace("_", " ")
            for value, chinese in VALUES.get(column.name, {}).items()
            for name in (value, chinese)
        }
        assert column.example
        assert "{" not in column.text
    for text in (*explanations.reading(language), *explanations.limits(language)):
        assert "{" not in text
    assert "50 MiB" in explanations.limits(language)[0]
