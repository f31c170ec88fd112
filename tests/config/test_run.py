"""`make run`, as a person runs it: ready, ended by a signal, and nothing left behind."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

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


def first_start(var: Path) -> dict[str, Any]:
    """What is seen of a start that finds nothing, and of its end."""
    port = free_port()
    run = start(var, port)
    try:
        ready(run, port)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            status = answer.status
        processes = len(left_of(var))
        mode = (var / "secret-key").stat().st_mode & 0o777
    finally:
        run.send_signal(signal.SIGTERM)
    run.communicate(timeout=30)
    return {
        "healthz": status, "processes": processes, "mode of secret-key": mode, "returncode": run.returncode,
        "left": len(left_of(var)),
    }  # fmt: skip


@pytest.fixture(scope="session")
def started_once(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder in which the product was started once and ended, `var`, with what was seen of that, `seen.json`.

    Whichever process of the test run comes first makes it: a first start takes the longest by far.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if hasattr(request.config, "workerinput") else own) / "started-once"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "seen.json").exists():
            seen = first_start(folder / "var")
            (folder / "seen.json").write_text(json.dumps(seen))
    return folder


@pytest.fixture
def var_of_before(started_once: Path, tmp_path: Path) -> Path:
    """The folder of a product that was started before: a copy, by `cp` for the owner of the database's files."""
    subprocess.run(["cp", "-a", started_once / "var", tmp_path / "var"], check=True)
    return tmp_path / "var"


def test_it_gets_ready_serves_and_leaves_nothing_behind(started_once: Path) -> None:
    seen = json.loads((started_once / "seen.json").read_text())
    assert seen.pop("processes") > 3
    assert seen == {"healthz": 200, "mode of secret-key": 0o600, "returncode": 0, "left": 0}


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


def test_what_a_killed_supervisor_leaves_is_stopped_by_make_stop(var_of_before: Path) -> None:
    var, port = var_of_before, free_port()
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


def test_a_command_from_another_shell_is_believed(var_of_before: Path) -> None:
    """It knows of the installation's own secret key, under which PostgreSQL is told who asks."""
    told = subprocess.run(
        [sys.executable, "manage.py", "reproduce", "--all"],
        cwd=services.ROOT, env=INHERITED | {"VAR_DIR": str(var_of_before)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert "does not believe" not in told.stderr


def test_it_stops_though_nobody_listens_any_more(var_of_before: Path) -> None:
    var, port = var_of_before, free_port()
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
