"""What was looked at of an exemption is compared with what holds once it is held, and not before."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction
from pytest_django import Settings

from compliance.models import Exemption
from tests import cast, workers
from tests.api.register import make_register
from tests.api.test_api_contract import refused
from tests.api.test_exemptions import CHANGED, effects, granted, proposed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["approve", "revoke"])
def test_what_was_looked_at_is_compared_once_nobody_else_holds_it(
    settings: Settings, tmp_path: Path, step: str
) -> None:
    settings.FILES_DIR = tmp_path / "files"
    register = make_register()
    cast.file(register.theirs, cast.period(), ascend=45, h800=55)
    if step == "approve":
        key = proposed(register).json()["id"]
        body, asked = {}, {}
    else:
        key = granted(register).json()["id"]
        body, asked = {"from_on": "2025-07-01", "reason": "Not kept to."}, {"revoked_from": "2025-07-01"}
    register.people["second"] = cast.regulator("other")
    register.client("second")
    body["seen"] = effects(register, "regulator", key, **asked).json()["seen"]

    def decide() -> Any:
        try:
            return register.post("second", f"exemptions/{key}/{step}/", body)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Exemption.objects.select_for_update().get(pk=key)
            answer = pool.submit(decide)
            workers.wait_for(_somebody_waits)
            # What it would change becomes something else before whoever holds the exemption lets go of it.
            cast.file(register.theirs, cast.period(), ascend=10, h800=55)
        refused(answer.result(30), 409, CHANGED)


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        (found,) = cursor.fetchone()
    return bool(found)
