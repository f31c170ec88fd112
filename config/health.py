"""Is it alive, and can it work? For supervisors and load balancers."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis import Redis
from redis.exceptions import RedisError

from config.celery import app


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process lives."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """200 while the database, the broker and a worker answer, else 503 with which of them do not."""
    parts = {"database": _database_answers(), "broker": _broker_answers()}
    parts["worker"] = parts["broker"] and _worker_answers()
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _broker_answers() -> bool:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as broker:
            return bool(broker.ping())
    except RedisError:
        return False


def _worker_answers() -> bool:
    # Two seconds: a worker that is busy in all its children still answers from its parent process.
    return bool(app.control.ping(timeout=2, limit=1))
