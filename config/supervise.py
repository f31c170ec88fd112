"""`make run`: the servers, the database made ready, then web, worker and beat under one supervisor.

honcho keeps the three together: where one ends all are ended, and Ctrl-C or SIGTERM ends them in order.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress
from pathlib import Path
from typing import TextIO

import dj_database_url
import psycopg2
from django.core.exceptions import ImproperlyConfigured
from honcho.manager import Manager
from honcho.printer import Printer
from redis import Redis
from redis.exceptions import RedisError

from config import services

PYTHON = sys.executable
READY_WITHIN = 120
LEAST_FREE_MIB = 200


class CannotStart(Exception):
    """Why the product cannot start: what is wrong, with which setting, and what to do."""


def main() -> int:
    bind, port = os.environ.get("BIND", "127.0.0.1"), os.environ.get("PORT", "8000")
    # A signal ends the preparation as it ends the rest: what was started is stopped on the way out.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    os.environ[services.MARK] = str(services.var_directory().resolve())
    try:
        _require_free(bind, port)
        _provide_settings(services.var_directory())
        services.provide_secret_key(is_made=True)
        _require_room(services.var_directory())
        services.provide()
        _require_servers()
        _prepare()
        _tell_of_walls()
    except (CannotStart, ImproperlyConfigured, OSError) as error:
        sys.stderr.write(f"originmark: {error}\n")
        return 1
    manager = Manager(Printer(_Heard(sys.stdout)))
    environment = dict(os.environ)
    for name, command in _processes(bind, port).items():
        manager.add_process(name, command, env=environment, cwd=str(services.ROOT))
    # The supervisor knows Ctrl-C and SIGTERM; a terminal that is closed means the same.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    # A daemon: it only tells, and must not keep a stopped product alive.
    threading.Thread(target=_tell_when_ready, args=[bind, port], daemon=True).start()
    manager.loop()
    # The children end by the signal that the supervisor was sent, which is no failure of theirs.
    return 0 if manager.returncode in (0, -15, -2, 130, 143) else 1


class _Heard:
    """What the processes say, to a terminal or a pipe; nobody listening any more is no reason to fail."""

    def __init__(self, output: TextIO) -> None:
        self.output = output

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self.output.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self.output.flush()

    def isatty(self) -> bool:
        return self.output.isatty()


def _leave(number: int, frame: object) -> None:
    sys.exit(0)


def _processes(bind: str, port: str) -> dict[str, str]:
    celery = f"{PYTHON} -m celery -A config.celery"
    return {
        "web": f"{PYTHON} -m gunicorn config.wsgi --bind {bind}:{port} --workers 2 --threads 4 --log-level warning",
        "worker": f"{celery} worker --concurrency 2 --loglevel WARNING",
        "beat": f"{celery} beat --pidfile= --loglevel WARNING",
    }


def _require_free(bind: str, port: str) -> None:
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise CannotStart(f"PORT is {port!r}; it must be a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, int(port)))
        except OSError as error:
            raise CannotStart(f"{bind}:{port} cannot be listened on ({error.strerror}). Set PORT to another.") from None


def _provide_settings(directory: Path) -> None:
    """As in production, but for HTTPS, which no browser finds on loopback; whoever sets DEBUG settles all of it."""
    if "DEBUG" not in os.environ:
        os.environ |= {"DEBUG": "false", "SECURE": os.environ.get("SECURE", "false")}
    os.environ.setdefault("STATIC_ROOT", str(directory / "static"))


def _require_room(directory: Path) -> None:
    """Raise `CannotStart` where the disk is full: a database that cannot write says so less clearly."""
    directory.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(directory).free >> 20
    if free < LEAST_FREE_MIB:
        raise CannotStart(
            f"The disk of VAR_DIR ({directory}) has {free} MiB free and {LEAST_FREE_MIB} are needed. "
            "Make room, or set VAR_DIR to a folder on another disk."
        )


def _require_known_migrations(connection: "psycopg2.extensions.connection") -> None:
    """Raise `CannotStart` where the database has been migrated by code that is newer than this."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        (has_migrations,) = cursor.fetchone()
        if not has_migrations:
            return
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        applied = cursor.fetchall()
    for app, name in applied:
        folder = services.ROOT / app / "migrations"
        if folder.is_dir() and not (folder / f"{name}.py").exists():
            raise CannotStart(
                f"The database is newer than this code: it has the migration {app}.{name}. Run the newer version of "
                "Originmark, or name another database in DATABASE_URL."
            )


def _connected(name: str, url: str) -> "psycopg2.extensions.connection":
    """A connection to the server that the setting `name` gives."""
    database = dj_database_url.parse(url)
    try:
        return psycopg2.connect(
            host=database["HOST"],
            port=database["PORT"] or None,
            user=database["USER"],
            password=database["PASSWORD"],
            dbname=database["NAME"],
            connect_timeout=10,
        )
    except psycopg2.OperationalError as error:
        reason = " ".join(str(error).split())
        raise CannotStart(f"The server of {name} cannot be used: {reason} Is it up, and the address right?") from None


def _tell_of_walls() -> None:
    """Say so where the application logs in as a role that passes by what PostgreSQL hides.

    Raise `CannotStart` where it cannot log in: only by now is its own role sure to be there.
    """
    from config import settings

    with closing(_connected("DATABASE_URL", settings.DATABASE_URL)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone()[0]:
            sys.stderr.write(
                f"originmark: DATABASE_URL logs in as {connection.info.user}, from which PostgreSQL hides no row: one "
                "wall of two is missing. Let it log in as originmark_app, and name the owner of the tables in "
                "DATABASE_OWNER_URL.\n"
            )


def _require_servers() -> None:
    """Raise `CannotStart` where the database or the broker does not answer, or the database is of newer code."""
    # Read only now: the addresses of the embedded servers are known since a moment.
    from config import settings

    owner = "DATABASE_OWNER_URL" if settings.DATABASE_OWNER_URL != settings.DATABASE_URL else "DATABASE_URL"
    with closing(_connected(owner, settings.DATABASE_OWNER_URL)) as connection:
        _require_known_migrations(connection)
    try:
        with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=10) as broker:
            broker.ping()
    except (RedisError, ValueError) as error:
        raise CannotStart(f"The server of REDIS_URL cannot be used: {error} Is it up, and the address right?") from None


def _prepare() -> None:
    """Static files, while the database is made ready."""
    from config.settings import DEMONSTRATION

    commands = ["migrate", "load_reference", *(["load_demonstration"] if DEMONSTRATION else [])]
    static = _start("collectstatic", "--no-input")
    try:
        for command in commands:
            _finish(command, _start(command))
        _finish("collectstatic", static)
    finally:
        static.terminate()


def _start(command: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and command
        [PYTHON, "manage.py", command, "--verbosity", "0", *options],
        cwd=services.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(command: str, process: subprocess.Popen[str]) -> None:
    try:
        _, told = process.communicate()
    except SystemExit:
        process.terminate()
        raise
    if process.returncode:
        last = ([line.strip() for line in told.splitlines() if line.strip()] or ["it gave no reason."])[-1]
        raise CannotStart(f"manage.py {command} failed: {last.removeprefix('CommandError: ')}")


def _tell_when_ready(bind: str, port: str) -> None:
    deadline = time.monotonic() + READY_WITHIN
    host = "127.0.0.1" if bind == "0.0.0.0" else bind  # noqa: S104 - compared, not bound
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{host}:{port}/readyz", timeout=5):
                with suppress(OSError):
                    print(f"ready: http://{host}:{port}", flush=True)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    print(f"not ready after {READY_WITHIN} s; /readyz says which part is missing", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
