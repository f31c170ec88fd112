"""The embedded broker, killed without a word, has lost nothing of what it took."""

import os
import signal
from pathlib import Path

import psutil
from redis import Redis

from config import services
from tests.workers import wait_for


def test_what_was_queued_is_there_after_a_kill(tmp_path: Path) -> None:
    with Redis.from_url(services.start_valkey(tmp_path)) as broker:
        for number in range(20):
            broker.lpush("celery", str(number))
        process = psutil.Process(int(broker.info("server")["process_id"]))
        assert broker.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: services.has_ended(process))
    with Redis.from_url(services.start_valkey(tmp_path)) as again:
        assert again.llen("celery") == 20
        again.shutdown(nosave=True)
