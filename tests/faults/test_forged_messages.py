"""Who can write into the broker gains nothing by it: a message rings, and PostgreSQL says what is to be done."""

import base64
import json
import pickle
import uuid
from pathlib import Path
from typing import Any

from kombu.utils.json import dumps
from redis import Redis

from accounts.models import User
from centres.models import Operator
from chips.models import Submission, Upload
from compliance.models import Determination, DeterminationRequest
from compliance.requests import request_determination
from compliance.tasks import fulfil_request
from config.celery import app
from tests import cast
from tests.workers import wait_for

READ, FULFIL = "chips.tasks.read_upload", "compliance.tasks.fulfil_request"


class Run:
    """What a pickle can do: anything, in whoever reads it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


def forge(task: str, args: Any, *, body: bytes | None = None, content_type: str = "application/json") -> None:
    """Write a message into the broker as Celery would, without asking Celery."""
    key = str(uuid.uuid4())
    content = body if body is not None else dumps([args, {}, {}]).encode()
    message = {
        "body": base64.b64encode(content).decode(),
        "content-encoding": "binary" if body is not None else "utf-8",
        "content-type": content_type,
        "headers": {"lang": "py", "task": task, "id": key, "root_id": key, "argsrepr": "", "kwargsrepr": ""},
        "properties": {
            "correlation_id": key,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": "celery"},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }
    with Redis.from_url(app.conf.broker_url) as broker:
        broker.lpush("celery", json.dumps(message))


def all_taken() -> bool:
    """Whether nothing is left in the broker, waiting or under way."""
    with Redis.from_url(app.conf.broker_url) as broker:
        return not broker.llen("celery") and not broker.hlen("unacked")


def state() -> list[int]:
    return [model.objects.count() for model in (User, Upload, Submission, Determination, DeterminationRequest)]


def test_forged_messages_have_no_effect_beyond_a_line_in_the_log(worker: None, owner: Operator, tmp_path: Path) -> None:
    cast.file(cast.centre(owner=owner), cast.period(), ascend=10, h800=10)
    before, mark = state(), tmp_path / "ran"
    payload = pickle.dumps([[Run(mark)], {}, {}])
    forge(READ, None, body=payload, content_type="application/x-python-serialize")
    # What says that it is JSON, and is none.
    forge(READ, None, body=payload)
    forge(READ, ["1 OR 1=1"])
    forge(READ, [{"__reduce__": ["os.system", "true"]}])
    forge(READ, [1, 2, 3])
    forge(FULFIL, [999_999_999])
    forge(FULFIL, [10**30])
    forge(FULFIL, ["\x00"])
    forge("os.system", ["touch " + str(mark)])
    forge("accounts.models.User.objects.create_superuser", ["mallory"])
    wait_for(all_taken)
    # The worker lives, and does afterwards what it is truly asked for.
    request = request_determination(period=cast.period(), centres=None, cause="test")
    wait_for(lambda: DeterminationRequest.objects.filter(pk=request.pk, done_at__isnull=False).exists())
    assert not mark.exists()
    after = state()
    assert after[:3] == before[:3]
    # A message that was taken from before and sent again finds its work done.
    fulfil_request.delay(request.pk)
    forge(FULFIL, [request.pk])
    again = request_determination(period=cast.period(), centres=None, cause="test")
    wait_for(lambda: DeterminationRequest.objects.filter(pk=again.pk, done_at__isnull=False).exists())
    assert Determination.objects.count() == after[3]
