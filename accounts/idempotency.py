"""A request that is sent again, since its answer was lost on the way, has its effect once."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import IdempotencyKey, User
from accounts.problems import Problem

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
REPLAYED = "Idempotent-Replayed"
KEPT_FOR = timedelta(days=7)


def once(request: Request, user: User, act: Callable[[], Response]) -> Response:
    """Do `act`, or where `user` sent the same request under the same key before, answer what was answered.

    The answer is kept in the transaction of the effect: both are there or neither. Of two requests at once, the
    second waits for the first. A request that is refused keeps nothing. Access is checked before this is called, and
    so on every repetition too.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return act()
    if not _KEY.fullmatch(key):
        message = _("An idempotency key has 1 to 255 characters of printable ASCII.")
        raise Problem(400, "invalid_idempotency_key", message)
    return _kept(request, user, key, act)


@transaction.atomic
def _kept(request: Request, user: User, key: str, act: Callable[[], Response]) -> Response:
    digest = _digest(request)
    # Where another transaction holds the key, this waits until that one ends.
    IdempotencyKey.objects.bulk_create(
        [IdempotencyKey(user=user, key=key, request_sha256=digest, created_at=timezone.now())],
        ignore_conflicts=True,
    )
    kept = IdempotencyKey.objects.visible_to(user).select_for_update().get(key=key)
    if kept.request_sha256 != digest:
        message = _("This idempotency key was used for another request.")
        raise Problem(422, "idempotency_key_reused", message)
    if kept.status:
        headers = {REPLAYED: "true"} | ({"Location": kept.location} if kept.location else {})
        return Response(json.loads(kept.body), status=kept.status, headers=headers)
    response = act()
    kept.status, kept.location = response.status_code, response.headers.get("Location", "")
    kept.body = JSONRenderer().render(response.data).decode()
    kept.save(update_fields=["status", "location", "body"])
    return response


def forget(now: datetime) -> None:
    """Forget the keys that are older than `KEPT_FOR`: nobody sends a request again that late."""
    IdempotencyKey.objects.filter(created_at__lt=now - KEPT_FOR).delete()


def _digest(request: Request) -> str:
    """What makes a request the same: its address, and its fields with the bytes of its files."""
    # Keyed, since a password can be among the fields: nobody who reads the table can try guesses against it.
    digest = hmac.new(settings.SECRET_KEY.encode(), digestmod="sha256")
    digest.update(f"{request.method} {request.get_full_path()}\n".encode())
    for name in sorted(request.data):
        value = request.data[name]
        if isinstance(value, UploadedFile):
            value.seek(0)
            value = [value.name, hashlib.file_digest(value, "sha256").hexdigest()]
        digest.update(json.dumps([name, value]).encode() + b"\n")
    return digest.hexdigest()
