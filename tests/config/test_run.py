"""`make run`, as a person runs it: ready, ended by a signal, and nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest
from django.conf import settings

from config import services, supervise
from tests.workers import wait_for

INHERITED = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "VAR_DIR", "STATIC_ROOT")}


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def start(var: Path, port: str, **more: str) -> subprocess.Popen[str]:
    # The demonstration has tests of its own.
    own = {"VAR_DIR": str(var), "PORT": port, "DEMONSTRATION": "false"} | more
    return subprocess.Popen(
        [sys.executable, "-m", "config.supervise"],
        cwd=settings.BASE_DIR,
        env=INHERITED | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left_of(var: Path) -> list[psutil.Process]:
    """What a supervisor started for `var` and what is still there."""
    started = [process for process in psutil.process_iter() if services.is_started(process, var)]
    return [process for process in started if not services.has_ended(process)]


def is_being_prepared(var: Path) -> bool:
    for process in left_of(var):
        with suppress(psutil.Error):
            if "manage.py" in process.cmdline():
                return True
    return False


def ready(run: subprocess.Popen[str], port: str) -> None:
    assert run.stdout is not None
    assert any(line == f"ready: http://127.0.0.1:{port}\n" for line in run.stdout)


def test_it_gets_ready_serves_and_leaves_nothing_behind(tmp_path: Path) -> None:
    var, port = tmp_path / "var", free_port()
    run = start(var, port)
    try:
        ready(run, port)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            assert answer.status == 200
        assert len(left_of(var)) > 3
        assert (var / "secret-key").stat().st_mode & 0o777 == 0o600
    finally:
        run.send_signal(signal.SIGTERM)
    run.communicate(timeout=30)
    assert run.returncode == 0
    assert left_of(var) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_while_it_gets_ready_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    var = tmp_path / "var"
    run = start(var, free_port())
    try:
        wait_for(lambda: is_being_prepared(var))
    finally:
        run.send_signal(number)
    _, told = run.communicate(timeout=30)
    assert "Traceback" not in told
    wait_for(lambda: left_of(var) == [])


def test_what_a_killed_supervisor_leaves_is_stopped_by_make_stop(tmp_path: Path) -> None:
    var, port = tmp_path / "var", free_port()
    run = start(var, port)
    ready(run, port)
    run.kill()
    # Not communicate: what it started still holds its pipes.
    run.wait(30)
    assert any("valkey" in process.name() for process in left_of(var))
    subprocess.run(
        [sys.executable, "-m", "config.services", "stop"],
        cwd=settings.BASE_DIR,
        env=INHERITED | {"VAR_DIR": str(var)},
        check=True,
    )
    assert left_of(var) == []
    # The next start is not misled by what the killed one left in its lists.
    again = start(var, port)
    ready(again, port)
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=30)
    assert left_of(var) == []


def test_it_stops_though_nobody_listens_any_more(tmp_path: Path) -> None:
    var, port = tmp_path / "var", free_port()
    run = start(var, port)
    ready(run, port)
    for pipe in (run.stdout, run.stderr):
        assert pipe is not None
        pipe.close()
    run.send_signal(signal.SIGTERM)
    run.wait(30)
    wait_for(lambda: left_of(var) == [])


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("PORT", "abc", "PORT is 'abc'; it must be a number from 1 to 65535."),
        ("DATABASE_URL", "garbage", "DATABASE_URL must begin with postgres://"),
        ("DATABASE_URL", "postgres://a:b@127.0.0.1:1/x", "The server of DATABASE_URL cannot be used: "),
        ("REDIS_URL", "garbage", "REDIS_URL must begin with redis://"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "The server of REDIS_URL cannot be used: "),
        ("DEBUG", "maybe", "DEBUG is 'maybe'; it must be true or false."),
    ],
)
def test_a_start_that_cannot_be_is_one_sentence(tmp_path: Path, setting: str, value: str, told: str) -> None:
    servers = {"DATABASE_URL": os.environ["DATABASE_URL"], "REDIS_URL": os.environ["REDIS_URL"]}
    run = start(tmp_path / "var", free_port(), **(servers | {setting: value}))
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 1
    (sentence,) = errors.strip().splitlines()
    assert sentence.startswith(f"originmark: {told}")


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = start(tmp_path / "var", port)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 1
    assert errors.strip().splitlines()[-1].startswith(f"originmark: 127.0.0.1:{port} cannot be listened on")
    assert "PORT" in errors


def test_a_database_that_is_newer_than_the_code_is_left_alone(tmp_path: Path) -> None:
    url = services.start_postgres(tmp_path / "newer" / "postgres")
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE django_migrations (id serial, app text, name text)")
        cursor.execute("INSERT INTO django_migrations (app, name) VALUES ('chips', '9999_of_a_later_version')")
    run = start(tmp_path / "var", free_port(), DATABASE_URL=url, REDIS_URL=os.environ["REDIS_URL"])
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 1
    (sentence,) = errors.strip().splitlines()
    assert sentence.startswith("originmark: The database is newer than this code: it has the migration chips.9999_of")


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "LEAST_FREE_MIB", 1 << 40)
    with pytest.raises(supervise.CannotStart, match=r"MiB free and \d+ are needed\. Make room, or set VAR_DIR"):
        supervise._require_room(tmp_path / "var")
