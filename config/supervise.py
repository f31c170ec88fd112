"""`make run`: the servers, the database made ready, then web, worker and beat under one supervisor.

honcho keeps the three together: where one ends all are ended, and Ctrl-C or SIGTERM ends them in order.
"""

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from honcho.manager import Manager

from config import services

PYTHON = sys.executable
READY_WITHIN = 120


class CannotStart(Exception):
    """Why the product cannot start: what is wrong, with which setting, and what to do."""


def main() -> int:
    bind, port = os.environ.get("BIND", "127.0.0.1"), os.environ.get("PORT", "8000")
    try:
        _require_free(bind, port)
        _provide_settings(services.var_directory())
        _provide_secret_key(services.var_directory())
        services.provide()
        _prepare()
    except (CannotStart, OSError) as error:
        sys.stderr.write(f"originmark: {error}\n")
        return 1
    manager = Manager()
    environment = dict(os.environ)
    for name, command in _processes(bind, port).items():
        manager.add_process(name, command, env=environment, cwd=str(services.ROOT))
    # A daemon: it only tells, and must not keep a stopped product alive.
    threading.Thread(target=_tell_when_ready, args=[bind, port], daemon=True).start()
    manager.loop()
    # The children end by the signal that the supervisor was sent, which is no failure of theirs.
    return 0 if manager.returncode in (0, -15, -2, 130, 143) else 1


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


def _provide_secret_key(directory: Path) -> None:
    """A secret key of this installation's own, made once, where the environment gives none."""
    if os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE"):
        return
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "secret-key"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    os.environ["SECRET_KEY_FILE"] = str(path)


def _prepare() -> None:
    """Static files, while the database is made ready."""
    static = _start("collectstatic", "--no-input")
    for command in ("migrate", "load_reference"):
        _finish(command, _start(command))
    # Read only now: what is wrong with a setting was told by the commands above, in one sentence.
    from config.settings import DEMONSTRATION

    if DEMONSTRATION:
        _finish("load_demonstration", _start("load_demonstration"))
    _finish("collectstatic", static)


def _start(command: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and command
        [PYTHON, "manage.py", command, "--verbosity", "0", *options],
        cwd=services.ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(command: str, process: subprocess.Popen[str]) -> None:
    _, told = process.communicate()
    if process.returncode:
        last = (told.strip().splitlines() or ["it gave no reason"])[-1]
        # A command's own error says what to do; any other is most likely the server's.
        hint = "" if last.startswith("CommandError: ") else " Is DATABASE_URL right, and is the server up?"
        raise CannotStart(f"manage.py {command} failed: {last.removeprefix('CommandError: ')}{hint}")


def _tell_when_ready(bind: str, port: str) -> None:
    deadline = time.monotonic() + READY_WITHIN
    host = "127.0.0.1" if bind == "0.0.0.0" else bind  # noqa: S104 - compared, not bound
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{host}:{port}/readyz", timeout=5):
                print(f"ready: http://{host}:{port}", flush=True)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    print(f"not ready after {READY_WITHIN} s; /readyz says which part is missing", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
