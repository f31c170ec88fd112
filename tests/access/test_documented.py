"""The API keeps to its own description, whoever asks whatever: schemathesis asks, rightly and wrongly."""

import re
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import openapi
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from tests import cast
from tests.access.asking import API, address, routes
from tests.access.estates import MANDATE, House
from tests.access.matrix import WHO

pytestmark = pytest.mark.django_db
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Of each operation and kind of request. They are the same in every run, so that a run fails where the one before did.
EXAMPLES = 10
# How many ask for each, by turns: more is found by more examples than by the same ones as everybody.
ASKERS = 2


@pytest.fixture(scope="module")
def served(house: House) -> Iterator[Any]:
    """What a WSGI server serves; between requests it keeps the connection, whose transaction is the house's."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield application
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def described(house: House, served: Any) -> Any:
    """The API by its own description, with what it holds to ask for now and then: else nearly nothing is found."""
    known = {"centre": house.quartz.centre.code, "period": "2025Q4", "mandate": MANDATE, "region": "31"}
    named = [(f"{place}.{name}", name) for name in known for place in ("query", "body")]
    config = {
        "dictionaries": {name: {"values": [value]} for name, value in known.items()},
        "parameters": {where: {"dictionary": name, "probability": 0.5} for where, name in named},
    }
    token = cast.token(house.people["national"])
    headers = {"Authorization": f"Token {token}"}
    return openapi.from_wsgi(f"{API}schema/", served, config=SchemathesisConfig.from_dict(config), headers=headers)


def keys_of(house: House, path: str) -> dict[str, str]:
    """What Quartz has at `path` as the description writes it: each part in braces with its key."""
    pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))
    for route in routes():
        if route.name.startswith("api:"):
            match = pattern.fullmatch(address(house, route, house.quartz).split("?")[0])
            if match:
                return match.groupdict()
    raise AssertionError(f"No address of the matrix is {path}.")


def test_it_keeps_to_its_description(house: House, described: Any) -> None:
    tokens = {who: cast.token(house.people[who]) for who in WHO if who in house.people}
    askers = {who: {"Authorization": f"Token {token}"} for who, token in tokens.items()} | {"anonymous": {}}
    turns = [list(islice(cycle(askers.items()), first, first + ASKERS)) for first in range(len(askers))]
    failures = []
    for found in described.get_all_operations():
        operation = found.ok()
        try:
            _ask(operation, keys_of(house, operation.path), turns)
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


def _ask(operation: Any, keys: dict[str, str], turns: list[list[tuple[str, dict[str, str]]]]) -> None:
    """Ask for what fits the description and for what does not, of what there is and of anything, as everybody by turns.

    Who asks is settled before what is asked: what is found is found again.
    """
    paths = [keys, None] if keys else [None]
    requests = [operation.as_strategy(mode, path_parameters=path) for mode in GenerationMode for path in paths]
    for number, askers in enumerate(turns):
        _ask_as(operation, st.one_of(requests), askers, number, -(-EXAMPLES * len(requests) // len(turns)))


def _ask_as(
    operation: Any, requests: Any, askers: list[tuple[str, dict[str, str]]], number: int, examples: int
) -> None:
    @seed(number)
    @settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=requests)
    def keeps_to_it(case: Any) -> None:
        for who, headers in askers:
            with transaction.atomic():
                response = case.call(headers=headers)
                transaction.set_rollback(True)
            try:
                case.validate_response(response, checks=CHECKS)
            except FailureGroup as group:
                told = "".join(f"\n{one}" for one in group.exceptions)
                raise AssertionError(f"{operation.label} as {who}: {group}{told}") from None

    keeps_to_it()
